locals {
  # What the function fills in: reactor.reactions.notify.
  _words = ["account", "actor", "event", "ip", "reason", "region", "resources", "service", "time"]

  _catalogue = "${path.module}/../detections/catalogue"
  _decided = [
    for file in fileset(local._catalogue, "*.json") : trimsuffix(file, ".json")
    if jsondecode(file("${local._catalogue}/${file}")).decision
  ]
}
