output "dead_letter_queues" {
  description = "Queues of the events that were not forwarded: { arn, name, url } each."
  value       = { away = module.away.dead_letter_queue, here = module.here.dead_letter_queue }
}
