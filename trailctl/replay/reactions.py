"""Asks reactions what they would have done: runs their `plan` alone, with no call to AWS."""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

import reactor.reactions
from reactor.actions import SEVERITIES, Action, Alert, Clue
from reactor.aws import Aws
from reactor.event import Event
from reactor.places import NoAws, NoWayError
from reactor.reaction import MalformedEventError, Reaction
from reactor.reactions import notify
from reactor.retry import Clock
from reactor.settings import SettingsError, parse_settings
from reactor.shapes import is_region

from trailctl.errors import UsageError
from trailctl.replay.rules import Wired

_READS = ("get_", "list_", "describe_", "head_", "lookup_")


class ReplayAws(Aws):
    """Stands in for the clients of AWS and makes none."""

    def client(self, service: str, region: str | None = None) -> Any:
        """Raises NoWayError for every service: a plan that can then uses the event alone."""
        del region
        raise NoWayError(f"it would look at {service} first, which replay does with --look only")


class LookingAws(Aws):
    """Clients for a plan that looks at what is there now: read-only calls, none of which waits."""

    def __init__(self, region: str) -> None:
        super().__init__(region)
        self.clock = Clock(_NoTime())

    def read(self, service: str, operation: str, *arguments: Any, **more: Any) -> Any:
        """As `Aws.read`. Raises NoWayError for a call that might change something."""
        if not operation.startswith(_READS):
            raise NoWayError(f"{service}:{operation} is no read-only call")
        return super().read(service, operation, *arguments, **more)


class _NoTime:
    """The context of an invocation that has no time left to wait until AWS has caught up."""

    def get_remaining_time_in_millis(self) -> int:
        return 0


class Looks:
    """The clients for each event; they look at one account, or at none where it is empty."""

    def __init__(self, account: str = "") -> None:
        self._account = account
        self._clients: dict[str, LookingAws] = {}

    def of(self, event: Event) -> Aws:
        """The clients of an event's place."""
        if not self._account:
            return ReplayAws()
        if event.account != self._account or not is_region(event.region):
            return NoAws(f"it would look at another account than {self._account} first")
        if event.region not in self._clients:
            self._clients[event.region] = LookingAws(event.region)
        return self._clients[event.region]


@dataclass(frozen=True)
class Would:
    """The steps that a reaction would have taken about one event.

    `calls` are the changes that it would have made, as `ec2:create_tags`. `alerts` are those that
    it would have made, before windows hold back what is told already. `said` is a sentence on each
    of both. `failure` is the reason if there are none.
    """

    calls: tuple[str, ...] = ()
    alerts: tuple[Alert | Clue, ...] = ()
    said: tuple[str, ...] = ()
    failure: str = ""

    @classmethod
    def of(cls, steps: Sequence[Action | Alert | Clue]) -> Would:
        """What a reaction planned."""
        return cls(
            tuple(f"{e.service}:{e.operation}" for e in steps if isinstance(e, Action)),
            tuple(each for each in steps if not isinstance(each, Action)),
            tuple(map(_said, steps)),
        )

    @property
    def severity(self) -> str:
        """The highest severity of the alerts; nothing without one."""
        found = (e.alert.severity if isinstance(e, Clue) else e.severity for e in self.alerts)
        return max(found, key=SEVERITIES.index, default="")


@dataclass(frozen=True)
class Probe:
    """One reaction with its default settings, or as a plan deploys it."""

    name: str
    module: str
    settings: str

    @property
    def pattern(self) -> str | None:
        """An event pattern of the calls that the reaction is for.

        None if the reaction is for any event: then it is asked about the events that rules match.
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

    def would(self, event: Event, aws: Aws) -> Would | None:
        """The steps that the reaction would have taken; None if the event is not the reaction's."""
        handler = self._reaction()
        if not handler.is_for(event):
            return None
        try:
            steps = handler.plan(event, _settings(self), aws)
        except (NoWayError, MalformedEventError) as error:
            return Would(failure=str(error))
        except Exception as error:  # the reaction's own mistake is a result, too
            return Would(failure=f"its plan failed with {type(error).__name__}: {error}")
        return Would.of(steps)

    def check(self) -> None:
        """Raises UsageError if the reaction can't be set up."""
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
    """Every reaction of this repository, with its defaults."""
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


def notify_window(wired: Sequence[Wired]) -> int:
    """The seconds of a window of the notify reaction that a plan deploys, the default without one.

    Raises UsageError.
    """
    for each in wired:
        if each.handler == f"{notify.__name__}.handler":
            try:
                return parse_settings(notify.Settings, each.settings).window_seconds
            except SettingsError as error:
                raise UsageError(f"{each.function}: {error}") from None
    return notify.Settings().window_seconds


def _said(step: Action | Alert | Clue) -> str:
    if isinstance(step, Clue):
        return f"count: {step.told}"
    return f"alert: {step.headline}" if isinstance(step, Alert) else step.summary
