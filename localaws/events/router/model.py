"""The words that the router's parts share: what it is given, what it reports, what fails."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

Envelope = Mapping[str, Any]

EVENTS = "events.amazonaws.com"
SCHEDULER = "scheduler.amazonaws.com"
StepKind = Literal["matched", "delivered", "refused", "retried", "dead-lettered", "dropped"]
TargetKind = Literal[
    "api-destination",
    "automation",
    "bus",
    "ecs",
    "firehose",
    "kinesis",
    "lambda",
    "logs",
    "other",
    "run-command",
    "sns",
    "sqs",
    "states",
]
# What an ARN's service and the beginning of its resource say of a target.
_KINDS: tuple[tuple[str, str, TargetKind], ...] = (
    ("ecs", "cluster/", "ecs"),
    ("events", "api-destination/", "api-destination"),
    ("events", "event-bus/", "bus"),
    ("firehose", "deliverystream/", "firehose"),
    ("kinesis", "stream/", "kinesis"),
    ("lambda", "", "lambda"),
    ("logs", "", "logs"),
    ("sns", "", "sns"),
    ("sqs", "", "sqs"),
    ("ssm", "automation-definition/", "automation"),
    ("ssm", "document/", "run-command"),
    ("states", "stateMachine:", "states"),
)

# https://docs.aws.amazon.com/eventbridge/latest/userguide/rule-dlq.html lists these among others.
ErrorCode = Literal[
    "CONNECTION_FAILURE",
    "ERROR_FROM_TARGET",
    "FAILED_TO_ASSUME_ROLE",
    "INTERNAL_ERROR",
    "INVALID_JSON",
    "INVALID_PARAMETER",
    "NO_PERMISSIONS",
    "NO_RESOURCE",
    "RESOURCE_MODIFICATION_COLLISION",
    "SDK_CLIENT_ERROR",
    "THIRD_ACCOUNT_HOP_DETECTED",
    "THIRD_REGION_HOP_DETECTED",
    "THROTTLING",
    "TIMEOUT",
]


class AwsClients(Protocol):
    """Where boto3 clients come from.

    `client` returns a client of the service for that account and Region, with the rights of the
    account's root. It is called from several threads and often: it keeps what it made. The router
    retries by itself, so clients should not (`Config(retries={"max_attempts": 0})`).
    """

    def client(self, service: str, account: str, region: str) -> Any: ...


class RouterClock(Protocol):
    """The local AWS's time, which can be moved forward."""

    def now(self) -> datetime:
        """The current time, with a zone."""
        ...

    def wait(self, seconds: float, cancel: threading.Event) -> bool:
        """Wait so many seconds of this clock; False, and soon, where `cancel` is set first."""
        ...


class RuleSetLike(Protocol):
    """What the router asks of compiled patterns (`reactor.patterns.RuleSet`)."""

    def match(self, event: Any) -> set[str]: ...


RuleSetFactory = Callable[[Mapping[str, Any]], RuleSetLike]


@dataclass(frozen=True, slots=True)
class RouterEvent:
    """One step of an event on its way, for a timeline.

    `matched`: a rule takes the event. `delivered`: a target has it (`receipt` is the message or
    request id, where there is one). `refused`: a target can't have it, for `reason`, and there will
    be no other attempt. `retried`: an attempt failed for `reason`, the next comes in `delay`
    seconds. `dead-lettered`: the event is in the queue `dead_letter_arn`. `dropped`: it is gone for
    this target, for `reason`.

    `account`, `region` and `bus` are where the rule is; `rule` is its ARN. Target fields are empty
    for `matched`. A `retried` without a rule means that the rules could not be read. `attempt`
    counts deliveries from 1.
    """

    kind: StepKind
    time: datetime
    event_id: str
    account: str
    region: str
    bus: str
    rule: str = ""
    rule_name: str = ""
    target_id: str = ""
    target_arn: str = ""
    target_kind: TargetKind | None = None
    attempt: int = 0
    delay: float = 0.0
    reason: str = ""
    error_code: ErrorCode | None = None
    dead_letter_arn: str = ""
    receipt: str = ""
    event: Envelope = field(default_factory=dict, repr=False, compare=False)


class DeliveryError(Exception):
    """An attempt that failed: EventBridge's code, a sentence, and whether to try again."""

    def __init__(self, code: ErrorCode, reason: str, *, retry: bool = False) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.retry = retry


@dataclass(frozen=True, slots=True)
class Arn:
    """`arn:partition:service:region:account:resource`."""

    text: str
    partition: str
    service: str
    region: str
    account: str
    resource: str

    @classmethod
    def parse(cls, text: str) -> Arn:
        """Raises DeliveryError where the text is no ARN."""
        parts = text.split(":", 5)
        if len(parts) != 6 or parts[0] != "arn":
            raise DeliveryError("INVALID_PARAMETER", f"{text!r} is not an ARN")
        return cls(text, *parts[1:])

    def __str__(self) -> str:
        return self.text


def kind_of(arn: str) -> TargetKind:
    """What kind of target an ARN is."""
    parts = arn.split(":", 5)
    if len(parts) == 6:
        for service, start, kind in _KINDS:
            if parts[2] == service and parts[5].startswith(start):
                return kind
    return "other"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as ListRules gives it; `account` and `region` are where it is.

    A schedule of EventBridge Scheduler stands as a rule of `service` SCHEDULER: its targets are
    reached in that service's name, whose requests say `source_arn` (the schedule's group), for the
    occurrence `scheduled`, by the `execution` of that id.
    """

    name: str
    arn: str
    bus: str
    state: str
    pattern: str
    account: str
    region: str
    service: str = EVENTS
    source_arn: str = ""
    scheduled: str = ""
    execution: str = ""

    @property
    def partition(self) -> str:
        return self.arn.split(":", 2)[1]


@dataclass(frozen=True, slots=True)
class Target:
    """A rule's target, as ListTargetsByRule gives it."""

    rule: Rule
    id: str
    arn: str
    settings: Mapping[str, Any]

    @property
    def kind(self) -> TargetKind:
        return kind_of(self.arn)

    @property
    def role_arn(self) -> str | None:
        return self.settings.get("RoleArn") or None

    @property
    def dead_letter_arn(self) -> str | None:
        return (self.settings.get("DeadLetterConfig") or {}).get("Arn") or None
