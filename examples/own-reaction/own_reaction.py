"""A reaction of one's own: parameters are named by team, `/team/...`; others are told."""

from dataclasses import dataclass

from reactor.actions import Action, Alert, Undo
from reactor.reaction import Reaction


@dataclass(frozen=True)
class Settings:
    teams: tuple[str, ...] = ()


def plan(event, settings, aws):
    name = str(event.request.get("name", ""))
    if event.failed or name.startswith(tuple(f"/{team}/" for team in settings.teams)):
        return []
    held = aws.read("ssm", "get_parameter", {"Name": name}, none_on=("ParameterNotFound",))
    if held is None:
        return []
    put = {"Name": name, "Value": held["Parameter"]["Value"], "Type": "String"}
    delete = Action(
        service="ssm",
        operation="delete_parameter",
        parameters={"Name": name},
        resources=(name,),
        summary=f"delete the parameter {name}",
        done=f"deleted the parameter {name}",
        undo=Undo("ssm", "put_parameter", put),
    )
    return [delete, Alert("low", f"odd parameter {name}", f"{event.actor.label} put {name}")]


handler = Reaction("own-reaction", plan, Settings, calls={"ssm.amazonaws.com": ["PutParameter"]})
