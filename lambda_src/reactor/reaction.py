"""Decide, then act: how a reaction becomes a Lambda handler.

A reaction is a pure function `plan(event, settings, aws) -> list[Action | Alert]` and a dataclass
of settings. `aws` is for reading state; only the executor changes any.

    @dataclass(frozen=True)
    class Settings:
        tag: str = "reviewed"

    def plan(event: Event, settings: Settings, aws: Aws) -> list[Action | Alert]: ...

    handler = Reaction("my-reaction", plan, Settings, calls={"s3.amazonaws.com": ["CreateBucket"]})
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any, Generic, Protocol, TypeVar

from reactor import __version__
from reactor.actions import Action, Alert
from reactor.aws import Aws
from reactor.event import Event, read_event
from reactor.executor import Executor, Place
from reactor.retry import Clock
from reactor.settings import Deployment, parse_settings
from reactor.telemetry import Telemetry

S = TypeVar("S")
S_contra = TypeVar("S_contra", contravariant=True)
Step = Action | Alert


class Plan(Protocol[S_contra]):
    """Decides what to do about an event; changes nothing. Raises MalformedEventError."""

    def __call__(self, event: Event, settings: S_contra, aws: Aws, /) -> list[Step]:
        """The actions and alerts, in their order."""


class MalformedEventError(Exception):
    """An event that is the reaction's, but lacks what it needs; Lambda's failure queue gets it."""


class Reaction(Generic[S]):
    """A Lambda handler that reads an event, plans, and carries the plan out.

    `name` is the default of REACTION_NAME; `calls` names the API calls it is for (event names by
    eventSource). The environment is read at the first invocation: a misspelt or mistyped setting
    raises SettingsError then and at every later one, so that no event passes unnoticed.
    """

    def __init__(
        self, name: str, plan: Plan[S], settings: type[S], calls: Mapping[str, Collection[str]]
    ) -> None:
        self.name = name
        self.plan = plan
        self.settings = settings
        self.calls = calls
        self._ready: tuple[Deployment, S, Telemetry] | None = None
        self._aws: dict[str, Aws] = {}

    def is_for(self, event: Event) -> bool:
        """Whether the event is one of the reaction's calls, sent by AWS and not made up.

        Anyone may put events on a bus, but only AWS may set a source to `aws.*`.
        """
        return (
            event.kind == "api_call"
            and event.trusted_source.startswith("aws.")
            and event.name in self.calls.get(event.source, ())
        )

    def __call__(self, envelope: object, context: object = None) -> dict[str, Any]:
        """Lambda's entry point. Returns what was done, in numbers.

        Raises SettingsError, MalformedEventError, ReactionError and whatever the plan raises:
        Lambda retries the event and then hands it to the failure queue.
        """
        deployment, settings, telemetry = self._prepare()
        event = read_event(envelope)
        telemetry.bind(
            reaction=deployment.name,
            mode=deployment.mode,
            event_id=event.id,
            event_name=event.name,
            function_request_id=getattr(context, "aws_request_id", ""),
        )
        if not self.is_for(event):
            telemetry.log.warning(
                "event left alone: it is not one of this reaction's calls",
                event_source=event.source,
                trusted_source=event.trusted_source,
            )
            return {"event_id": event.id, "handled": False}
        place = _place(context)
        aws = self._aws.setdefault(place.region, Aws(place.region or None))
        executor = Executor(deployment, place, aws, telemetry, Clock(context))
        latency: dict[str, float] = {}
        try:
            tally = executor.run(event, self.plan(event, settings, aws))
            if event.time is not None and tally["taken"]:
                passed = (datetime.now(UTC) - event.time).total_seconds() * 1000
                latency["ReactionLatency"] = max(0.0, passed)
        except Exception as error:
            telemetry.log.exception("reaction failed", reason=str(error))
            telemetry.count("ReactionsFailed")
            raise
        finally:
            telemetry.flush(**latency)
        return {"event_id": event.id, "handled": True, "mode": deployment.mode, **tally}

    def _prepare(self) -> tuple[Deployment, S, Telemetry]:
        if self._ready is None:
            deployment = Deployment.from_environment(os.environ, self.name)
            settings = parse_settings(self.settings, deployment.settings)
            telemetry = Telemetry(deployment.name, os.environ)
            telemetry.log.info(
                "reaction ready",
                reaction=deployment.name,
                mode=deployment.mode,
                version=__version__,
            )
            self._ready = (deployment, settings, telemetry)
        return self._ready


def _place(context: object) -> Place:
    """The account and Region of the function, from its own ARN."""
    parts = str(getattr(context, "invoked_function_arn", "")).split(":")
    if len(parts) < 7:
        return Place(account="", region=os.environ.get("AWS_REGION", ""))
    return Place(account=parts[4], region=parts[3])
