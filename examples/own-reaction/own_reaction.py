"""A reaction of one's own: a parameter's name begins with its team, as in `/team/...`."""

from dataclasses import dataclass

from reactor.actions import Action, Alert, Undo
from reactor.aws import Aws
from reactor.event import Event
from reactor.reaction import Reaction, Step


@dataclass(frozen=True)
class Settings:
    """What Terraform's `settings` may say: each with its type, a misspelt one is an error."""

    teams: tuple[str, ...] = ()


def plan(event: Event, settings: Settings, aws: Aws) -> list[Step]:
    """Decides, and changes nothing: a parameter of no team is deleted, and people are told."""
    name = str(event.request.get("name", ""))
    if event.failed or name.startswith(tuple(f"/{team}/" for team in settings.teams)):
        return []
    held = aws.read("ssm", "get_parameter", {"Name": name}, none_on=("ParameterNotFound",))
    if held is None:
        return []  # somebody has deleted it by now
    alert = Alert("low", f"odd parameter {name}", f"{event.actor.label} put {name}")
    kind, value = held["Parameter"]["Type"], held["Parameter"]["Value"]
    if kind == "SecureString":
        return [alert]  # this is its ciphertext: a deletion could not be taken back
    delete = Action(
        service="ssm",
        operation="delete_parameter",
        parameters={"Name": name},
        resources=(name,),
        summary=f"delete the parameter {name}",
        done=f"deleted the parameter {name}",
        undo=Undo("ssm", "put_parameter", {"Name": name, "Value": value, "Type": kind}),
    )
    return [delete, alert]


handler = Reaction("own-reaction", plan, Settings, calls={"ssm.amazonaws.com": ["PutParameter"]})
