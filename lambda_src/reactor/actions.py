"""What a reaction decides, as data: calls to make and alerts to raise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import Literal

    Severity = Literal["info", "low", "medium", "high", "critical"]
    Status = Literal["planned", "taken", "refused", "failed"]


@dataclass(frozen=True)
class Undo:
    """The boto3 call that takes an action back."""

    service: str
    operation: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Action:
    """One boto3 call to make: `boto3.client(service).operation(**parameters)`.

    It must be safe to repeat: EventBridge delivers at least once. `resources` are the ids it
    touches. `summary` completes "the reaction would ..." (`tag 3 instances with their owner`),
    `done` completes "the reaction ..." (`tagged 3 instances with their owner`). `not_yet` holds
    the error codes that mean "AWS does not see the resource yet", worth waiting for. `batch` names
    the parameter that lists the resources, where the call may be made for each one alone: one that
    is gone then does not keep the others from being acted on.
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

    def split(self) -> tuple[Action, ...]:
        """The same action for each resource alone; itself where it can't be split."""
        each = self.parameters.get(self.batch, ()) if self.batch else ()
        if len(each) < 2:
            return (self,)
        return tuple(
            replace(
                self,
                parameters={**self.parameters, self.batch: [one]},
                resources=(one,),
                undo=_narrowed(self.undo, self.batch, one),
            )
            for one in each
        )


def _narrowed(undo: Undo | None, batch: str, one: str) -> Undo | None:
    if undo is None or batch not in undo.parameters:
        return undo
    return replace(undo, parameters={**undo.parameters, batch: [one]})


@dataclass(frozen=True)
class Alert:
    """Something to tell a person.

    `headline` is one sentence without its full stop: who did what, where, when; what was done about
    it is added to it. `subject` is its short form. `details` are pairs of a label and a text.
    """

    severity: Severity
    subject: str
    headline: str
    details: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What became of an action: `planned` (the mode held it back), taken, refused or failed."""

    action: Action
    status: Status
    reason: str = ""
    error: Exception | None = field(default=None, repr=False)
