"""The decisions of a reaction, as data: calls to make and alerts to send."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import Literal

    from reactor.correlation import Correlation

    Severity = Literal["info", "low", "medium", "high", "critical"]
    Status = Literal["planned", "taken", "exempt", "refused", "failed"]
    Urgency = Literal["record", "contain", "label"]

SEVERITIES: tuple[Severity, ...] = ("info", "low", "medium", "high", "critical")
URGENCIES: tuple[Urgency, ...] = ("record", "contain", "label")  # the order to act in
_TAGGING = {"tag", "tags", "tagging", "untag"}


@dataclass(frozen=True)
class Undo:
    """The boto3 call that takes an action back."""

    service: str
    operation: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Action:
    """One boto3 call to make: `boto3.client(service).operation(**parameters)`.

    The call must be safe to repeat: EventBridge delivers at least once. `resources` are the ids it
    touches. `summary` completes "the reaction would ..." (`tag 3 instances with their owner`),
    `done` completes "the reaction ..." (`tagged 3 instances with their owner`). `not_yet` holds the
    error codes that mean "AWS does not see the resource yet", worth waiting for.

    If the call may be made for some of the resources alone, `batch` names the parameter that lists
    them, and `what` repeats the words of `summary` and `done` that count them (`3 instances`). A
    resource that is gone then does not keep the reaction from the others, and where the budget is
    short the call is made for a part of them.

    `urgency` says what comes first and what it costs: `record` restores the log itself, and no
    budget holds it back; `contain` stops harm; `label` only marks, comes last and may take half of
    the budget. Left out, it is `label` for an operation that tags and `contain` for any other.
    """

    service: str
    operation: str
    parameters: Mapping[str, Any]
    resources: tuple[str, ...]
    summary: str
    done: str
    undo: Undo | None = None
    not_yet: tuple[str, ...] = ()
    batch: str = ""
    what: str = ""
    key: str = ""
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    tags: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    region: str = ""
    urgency: Urgency | None = None

    @property
    def kind(self) -> Urgency:
        """The urgency, by the operation where none is given."""
        if self.urgency is not None:
            return self.urgency
        return "label" if _TAGGING & {*self.operation.split("_")} else "contain"

    @property
    def name(self) -> str:
        """The action's name, such as `ec2.create_tags`."""
        return ":".join(filter(None, (f"{self.service}.{self.operation}", self.key)))

    def only(self, ids: Sequence[str]) -> Action:
        """The same action for some of its resources."""
        if len(ids) == len(self.resources):
            return self
        what = ids[0] if len(ids) == 1 else f"{len(ids)} of {self.what}"
        undo = self.undo
        if undo is not None and self.batch in undo.parameters:
            undo = replace(undo, parameters={**undo.parameters, self.batch: list(ids)})
        return replace(
            self,
            parameters={**self.parameters, self.batch: list(ids)},
            resources=tuple(ids),
            summary=self.summary.replace(self.what, what),
            done=self.done.replace(self.what, what),
            undo=undo,
            what=what,
        )


@dataclass(frozen=True)
class Alert:
    """A message to a person.

    `headline` is one sentence without its full stop: who did what, where, when. The executor adds
    to it what was done. `subject` is its short form. `details` are pairs of a label and a text. An
    alert is sent once for an event and `key`; the default key is the subject. With `window_seconds`
    it is sent once in that time for all events of the same key, and a few times for all of the same
    `series`; one alert at the end of the time tells the rest. `acts` is False for an alert that no
    action belongs to: it says nothing about what was done.

    `why` it matters and the `runbook` that tells what to do are the catalogue's, as is the id of
    the `detection` and its `attack`: the ATT&CK techniques, such as `T1078.004`. `afterwards` is
    what is left to do where the reaction did all that it meant to.
    """

    severity: Severity
    subject: str
    headline: str
    details: tuple[tuple[str, str], ...] = ()
    key: str = ""
    window_seconds: int = 0
    acts: bool = True
    series: str = ""
    why: str = ""
    runbook: str = ""
    afterwards: str = ""
    detection: str = ""
    attack: tuple[str, ...] = ()


@dataclass(frozen=True)
class Clue:
    """A finding that makes an alert only together with others of the same `key`.

    It is one of the correlation's `step`, and `told` is its line among the alert's examples.
    """

    correlation: Correlation
    step: int
    key: str
    told: str
    alert: Alert


@dataclass(frozen=True)
class Outcome:
    """The result of an action.

    `planned`: the mode, the kill switch or the budget held it back; taken (`repeated`: in an
    earlier run of the same event); `exempt`: left alone; refused; failed. `mode` is the mode as
    it was then. `held` is True if the budget held it back: it is taken up later.
    """

    action: Action
    status: Status
    reason: str = ""
    error: Exception | None = field(default=None, repr=False)
    mode: str = ""
    repeated: bool = False
    held: bool = False
