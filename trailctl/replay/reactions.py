"""What reactions would have done: their `plan`, and nothing else of them, with no call to AWS."""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

import reactor.reactions
from reactor.actions import Action, Alert
from reactor.aws import Aws
from reactor.event import Event
from reactor.places import NoWayError
from reactor.reaction import MalformedEventError, Reaction
from reactor.settings import SettingsError, parse_settings

from trailctl.errors import UsageError
from trailctl.replay.rules import Wired


class NoAws(Aws):
    """Stands where clients are made, and makes none."""

    def client(self, service: str, region: str | None = None) -> Any:
        """Raises NoWayError, whatever the service: plans then go by the event, if they can."""
        del region
        raise NoWayError(f"it would look at {service} first, which replay does not")


@dataclass(frozen=True)
class Would:
    """What a reaction would have done about one event.

    `steps` are the same words for the same kind of step (`ec2:create_tags`, `alert (high)`), `said`
    a sentence each on what this event would have led to. `failure` is why there are none.
    """

    steps: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    failure: str = ""


@dataclass(frozen=True)
class Probe:
    """One reaction as it is, or as a plan deploys it."""

    name: str
    module: str
    settings: str

    @property
    def pattern(self) -> str | None:
        """An event pattern of the calls that the reaction is for.

        None where it is for whatever rules lead to it: then it is asked about what rules matched.
        """
        calls = self._reaction().calls
        if not calls:
            return None
        choices = [
            {"eventSource": [source], "eventName": sorted(names)}
            for source, names in sorted(calls.items())
        ]
        detail: dict[str, Any] = choices[0] if len(choices) == 1 else {"$or": choices}
        return json.dumps({"source": [{"prefix": "aws."}], "detail": detail})

    def would(self, event: Event) -> Would | None:
        """What the reaction would have done; None where the event is not the reaction's."""
        handler = self._reaction()
        if not handler.is_for(event):
            return None
        try:
            steps = handler.plan(event, _settings(self), NoAws())
        except (NoWayError, MalformedEventError) as error:
            return Would(failure=str(error))
        except Exception as error:  # the reaction's own mistake is a result, too
            return Would(failure=f"its plan failed with {type(error).__name__}: {error}")
        return Would(tuple(map(_kind, steps)), tuple(map(_said, steps)))

    def check(self) -> None:
        """Raises UsageError where the reaction can't be set up."""
        try:
            handler = self._reaction()
            parse_settings(handler.settings, self.settings)
        except SettingsError as error:
            raise UsageError(f"{self.name}: {error}") from None

    def _reaction(self) -> Reaction[Any]:
        found = getattr(import_module(self.module), "handler", None)
        if not isinstance(found, Reaction):
            raise UsageError(f"{self.module} holds no reaction")
        return found


@cache
def _settings(probe: Probe) -> Any:
    """A probe's settings, read once for all events. Raises SettingsError."""
    return parse_settings(probe._reaction().settings, probe.settings)


def existing() -> list[Probe]:
    """Every reaction there is, with its own defaults."""
    found = []
    for module in pkgutil.iter_modules(reactor.reactions.__path__, "reactor.reactions."):
        handler = getattr(import_module(module.name), "handler", None)
        if isinstance(handler, Reaction):
            found.append(Probe(handler.name, module.name, "{}"))
    return found


def deployed(wired: Sequence[Wired]) -> list[Probe]:
    """The reactions of a plan, with the settings it gives them. Raises UsageError."""
    found = []
    for each in wired:
        module = each.handler.rpartition(".")[0]
        try:
            import_module(module)
        except ImportError:
            raise UsageError(
                f"{each.function}: there is no reaction {each.handler} in this version"
            ) from None
        probe = Probe(each.function, module, each.settings)
        probe.check()
        found.append(probe)
    return found


def _kind(step: Action | Alert) -> str:
    if isinstance(step, Alert):
        return f"alert ({step.severity})"
    return f"{step.service}:{step.operation}"


def _said(step: Action | Alert) -> str:
    return f"alert: {step.headline}" if isinstance(step, Alert) else step.summary
