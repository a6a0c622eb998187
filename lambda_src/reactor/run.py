"""One event's run: what the parts that carry out its plan share."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reactor.actions import Action
from reactor.alerts import undo_command
from reactor.places import Place

if TYPE_CHECKING:
    from reactor.aws import Aws
    from reactor.event import Event
    from reactor.exemptions import Exemptions
    from reactor.kill_switch import KillSwitch
    from reactor.later import Later
    from reactor.ledger import Ledger
    from reactor.retry import Clock
    from reactor.settings import Deployment, Mode
    from reactor.telemetry import Telemetry


class ReactionError(Exception):
    """An action or alert failed; raised after the others were tried.

    Lambda then tries the event again and at last puts it into the failure queue, so that no event
    is lost.
    """


@dataclass(frozen=True)
class InvocationContext:
    """What a function keeps between events; `aws` are the clients of its own place."""

    deployment: Deployment
    aws: Aws
    telemetry: Telemetry
    exemptions: Exemptions
    kill_switch: KillSwitch
    ledger: Callable[[], Ledger] | None = None
    later: Later | None = None


@dataclass
class Run:
    """The run of one event.

    `here` is the function's own place. `envelope` is the event as it came: with it, what a budget
    holds back is taken up later. `errors` are what went wrong so far: what was tried, and the
    error. `taken` are the actions taken, `disposition` what an earlier run of the event made of it,
    as findings call it.
    """

    invocation: InvocationContext
    event: Event
    clock: Clock
    here: Place
    envelope: object = None
    errors: list[tuple[str, Exception]] = field(default_factory=list)
    taken: list[Action] = field(default_factory=list)
    disposition: str = ""

    @property
    def deployment(self) -> Deployment:
        """The function's configuration."""
        return self.invocation.deployment

    @property
    def telemetry(self) -> Telemetry:
        """The function's log and metrics."""
        return self.invocation.telemetry

    @property
    def home(self) -> Aws:
        """The clients of the function's own place."""
        return self.invocation.aws

    @property
    def ledger(self) -> Callable[[], Ledger] | None:
        """The ledger, if the function has one."""
        return self.invocation.ledger

    @property
    def later(self) -> Later | None:
        """The function's schedules, if it may make some."""
        return self.invocation.later

    def mode(self) -> tuple[Mode, str]:
        """The mode, as the kill switch caps it, and the reason for a cap."""
        return self.invocation.kill_switch.apply(self.deployment.mode)

    def once(self, key: Sequence[str], call: Callable[[], Any]) -> tuple[Any, bool]:
        """The call's result, and True if it is an earlier run's; raises as `Ledger.once`."""
        if self.ledger is None:
            return call(), False
        return self.ledger().once(key, call, self.clock)

    def undo_command(self) -> str:
        """The command that takes back what was done; empty if there is nothing to take back."""
        log_group = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME", "")
        here = self.here
        return undo_command(self.event, self.taken, here.account, here.region, log_group)

    def raise_errors(self) -> None:
        """Raises ReactionError if anything went wrong."""
        if self.errors:
            listed = "; ".join(f"{what}: {error}" for what, error in self.errors)
            raise ReactionError(
                f"{self.deployment.name} failed on event {self.event.id}: {listed}"
            ) from self.errors[0][1]
