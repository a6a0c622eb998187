"""A reaction as a Lambda handler: it decides, then acts.

A reaction is a pure function `plan(event, settings, aws) -> list[Action | Alert]` and a dataclass
of settings. `aws` reads the state; the executor alone changes it.

    @dataclass(frozen=True)
    class Settings:
        tag: str = "reviewed"

    def plan(event: Event, settings: Settings, aws: Aws) -> list[Action | Alert]: ...

    handler = Reaction("my-reaction", plan, Settings, calls={"s3.amazonaws.com": ["CreateBucket"]})
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from reactor import __version__
from reactor.actions import Action, Alert, Clue
from reactor.aws import Aws
from reactor.event import Event, read_event
from reactor.executor import Executor
from reactor.exemptions import Exemptions
from reactor.kill_switch import KillSwitch
from reactor.later import Later, opened
from reactor.messenger import Messenger
from reactor.own_calls import is_own
from reactor.places import NoWayError, Place, Places
from reactor.retry import Clock
from reactor.run import InvocationContext, Run
from reactor.settings import Deployment, parse_settings
from reactor.shapes import mapping, text
from reactor.telemetry import Telemetry

if TYPE_CHECKING:
    from reactor.ledger import Ledger

_CLOCKS_DIFFER = timedelta(minutes=5)

S = TypeVar("S")
S_contra = TypeVar("S_contra", contravariant=True)
Step = Action | Alert


class Plan(Protocol[S_contra]):
    """A function that decides what to do about an event and changes nothing.

    Raises MalformedEventError, and LeftAloneError for an event that an exclusion is for.
    """

    def __call__(self, event: Event, settings: S_contra, aws: Aws, /) -> Sequence[Step | Clue]:
        """The actions and alerts, in their order."""


class MalformedEventError(Exception):
    """The event is the reaction's but lacks what the reaction needs; the failure queue gets it."""


class LeftAloneError(Exception):
    """A plan leaves the event alone; the message says by which exclusion. It is no failure."""


class Reaction(Generic[S]):
    """A Lambda handler that reads an event, plans, and carries the plan out.

    `name` is the default of REACTION_NAME; `calls` names the API calls that the reaction is for
    (event names by eventSource); None takes every event that AWS sends. The environment is read at
    the first invocation: a misspelt or mistyped setting raises SettingsError then and at every
    later one, so that no event passes unnoticed.
    """

    def __init__(
        self,
        name: str,
        plan: Plan[S],
        settings: type[S],
        calls: Mapping[str, Collection[str]] | None,
    ) -> None:
        self.name = name
        self.plan = plan
        self.settings = settings
        self.calls = calls
        self._ready: tuple[InvocationContext, Places, S] | None = None

    def is_for(self, event: Event) -> bool:
        """True if the event is one of the reaction's calls, sent by AWS and not made up.

        Anyone may put events on a bus, but only AWS may set a source to `aws.*`.
        """
        if not event.trusted_source.startswith("aws."):
            return False
        if self.calls is None:
            return True
        return event.kind == "api_call" and event.name in self.calls.get(event.source, ())

    def __call__(self, envelope: object, context: object = None) -> dict[str, Any]:
        """Lambda's entry point.

        Returns the numbers of what was done.

        Raises SettingsError, MalformedEventError, ReactionError and whatever the plan raises:
        Lambda tries the event again and then puts it into the failure queue.
        """
        here = _place(context)
        invocation, places, settings = self.prepare(os.environ, Aws(here.region or None))
        deployment, telemetry = invocation.deployment, invocation.telemetry
        clock = invocation.aws.clock = Clock(context)
        begun = opened(envelope)  # by a schedule of the reaction's own
        if begun:
            if "held" not in begun:
                return _tell_rest(mapping(begun.get("digest")), invocation, clock, here)
            envelope = _held(text(begun["held"]), invocation)
        event = read_event(envelope)
        telemetry.bind(
            reaction=deployment.name,
            mode=deployment.mode,
            event_id=event.id,
            event_name=event.name,
            function_request_id=getattr(context, "aws_request_id", ""),
        )
        latency: dict[str, float] = {}
        try:
            left_alone = self._left_alone(event, invocation)
            if left_alone:
                return {"event_id": event.id, "handled": False, "why": left_alone}
            _settle(event, deployment.settle_seconds, clock)
            aws, refusal = places.of(event, here, clock)
            if not begun:  # what a budget held back was young when it came
                refusal = refusal or _stale(event, deployment.act_within_seconds)
            aws.clock = clock
            steps: Sequence[Step | Clue] | None
            try:
                steps = or_unreadable(self.plan(event, settings, aws), event, deployment.name)
            except LeftAloneError as left:
                who = event.actor.arn or event.actor.owner
                telemetry.log.info(
                    "event left alone: exclusion used", exclusion=str(left), actor=who
                )
                telemetry.count("ExclusionsUsed")
                return {"event_id": event.id, "handled": False, "why": str(left)}
            except NoWayError:
                telemetry.log.error("action refused: the state can't be read", reason=refusal)  # noqa: TRY400
                steps = None
            run = Run(invocation, event, clock, here, envelope)
            tally = Executor(run, aws, refusal).run(steps)
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

    def _left_alone(self, event: Event, invocation: InvocationContext) -> str:
        """The reason to leave an event alone before any plan; empty if the reaction looks at it."""
        log = invocation.telemetry.log
        if not self.is_for(event):
            log.warning(
                "event left alone: it is not one of this reaction's calls",
                event_source=event.source,
                trusted_source=event.trusted_source,
            )
            return "not one of this reaction's calls"
        if is_own(event, invocation, self.calls):
            log.info("event left alone: the call is this reaction's own", actor=event.actor.arn)
            invocation.telemetry.count("OwnCalls")
            return "its own call"
        use = invocation.exemptions.of(event)
        if use is None:
            return ""
        who = event.actor.arn or event.actor.owner
        if use.expired:
            log.warning("exemption expired", exemption=use.told, actor=who)
            return ""
        log.info("event left alone: exemption used", exemption=use.told, actor=who)
        invocation.telemetry.count("ExemptionsUsed")
        return use.told

    def prepare(
        self, environ: Mapping[str, str], aws: Aws, telemetry: Telemetry | None = None
    ) -> tuple[InvocationContext, Places, S]:
        """Reads the environment once and keeps the result.

        `aws` makes clients of the function's own place.

        Raises SettingsError.
        """
        if self._ready is None:
            deployment = Deployment.from_environment(environ, self.name)
            settings = parse_settings(self.settings, deployment.settings)
            exemptions = Exemptions.parse(deployment.exemptions)
            telemetry = telemetry or Telemetry(deployment.name, environ)
            ledger = _LazyLedger(deployment, aws) if deployment.ledger_table else None
            invocation = InvocationContext(
                deployment=deployment,
                aws=aws,
                telemetry=telemetry,
                exemptions=exemptions,
                kill_switch=KillSwitch(deployment.kill_switch, aws, telemetry, ledger),
                ledger=ledger,
                later=Later(deployment, aws) if deployment.schedule_role else None,
            )
            telemetry.log.info(
                "reaction ready",
                reaction=deployment.name,
                mode=deployment.mode,
                version=__version__,
            )
            self._ready = (invocation, Places(deployment, aws), settings)
        return self._ready


class _LazyLedger:
    """The ledger, made on first use."""

    def __init__(self, deployment: Deployment, aws: Aws) -> None:
        self._deployment = deployment
        self._aws = aws
        self._ledger: Ledger | None = None

    def __call__(self) -> Ledger:
        if self._ledger is None:
            from reactor.ledger import Ledger

            given = self._deployment
            self._ledger = Ledger(given.ledger_table, given.name, given.ledger_days, self._aws)
        return self._ledger


def _held(id_: str, invocation: InvocationContext) -> object:
    """The event that the budget held back; raises MalformedEventError if it is gone."""
    kept = invocation.ledger().recall("held", id_) if invocation.ledger is not None else {}
    if "envelope" not in kept:
        raise MalformedEventError(
            f"the event {id_} was held back, and the ledger has it no more: look the event up in "
            "CloudTrail."
        )
    return kept["envelope"]


def _tell_rest(
    what: Mapping[str, Any], invocation: InvocationContext, clock: Clock, here: Place
) -> dict[str, Any]:
    """Tells what a window held back; an answer as of an event."""
    event = read_event({"account": what.get("account"), "region": what.get("region")})
    deployment, telemetry = invocation.deployment, invocation.telemetry
    telemetry.bind(reaction=deployment.name, mode=deployment.mode)
    try:
        sent = Messenger(Run(invocation, event, clock, here)).tell_rest(what)
        telemetry.count("AlertsSent", sent)
    except Exception as error:
        telemetry.log.exception("reaction failed", reason=str(error))
        telemetry.count("ReactionsFailed")
        raise
    finally:
        telemetry.flush()
    return {"handled": True, "mode": deployment.mode, "alerts": int(sent)}


def _stale(event: Event, limit: int | None) -> str:
    """The reason not to act on an event of that age; empty if it is young enough.

    Nobody tells what has changed since then, and whoever hands over an event by hand may have kept
    it, or dated it himself.
    """
    if limit is None:
        return ""
    if event.time is None:
        return "the event has no time"
    age = datetime.now(UTC) - event.time
    if age.total_seconds() > limit:
        return f"the event is {age // timedelta(hours=1)} hours old, and the limit is {limit} s"
    return "the event is dated in the future" if -age > _CLOCKS_DIFFER else ""


def or_unreadable(steps: Sequence[Step | Clue], event: Event, name: str) -> Sequence[Step | Clue]:
    """The steps of a plan; an alert for an event that CloudTrail cut, if the plan found nothing to
    do about the rest.
    """
    if steps or event.failed or not event.omitted:
        return steps
    when = f", at {event.time:%Y-%m-%d %H:%M:%S} UTC" if event.time else ""
    return [
        Alert(
            severity="high",
            subject=f"{name} can't read all of {event.name} ({event.account})",
            headline=(
                f"{event.actor.label} called {event.name} in {event.region}, account "
                f"{event.account}{when}; CloudTrail left out a part as too large, and {name} found "
                "nothing to do about the rest"
            ),
            acts=False,
        )
    ]


def _settle(event: Event, seconds: int, clock: Clock) -> None:
    """Waits until an event has that age, if time allows, so that its caller can finish."""
    if seconds and event.time is not None:
        wait = seconds - (time.time() - event.time.timestamp())
        clock.sleep(min(max(0.0, wait), float(seconds), clock.left()))


def _place(context: object) -> Place:
    """The account and Region of the function, from its own ARN."""
    parts = str(getattr(context, "invoked_function_arn", "")).split(":")
    if len(parts) < 7:
        return Place(account="", region=os.environ.get("AWS_REGION", ""))
    return Place(account=parts[4], region=parts[3], partition=parts[1])
