"""The budgets of actions: one for all calls, one for each principal's, an hour long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reactor.actions import Action
    from reactor.ledger import Ledger
    from reactor.run import Run


class HeldError(Exception):
    """A budget holds an action back: whose (empty: that of all), and how many it has left."""

    def __init__(self, told: str, whose: str, left: int) -> None:
        super().__init__(told)
        self.whose = whose
        self.left = left


class Budget:
    """What one event's run may spend; `spent` are the budgets that held something back."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.spent: list[str] = []

    def pay(self, ledger: Ledger, action: Action) -> list[tuple[str, int]]:
        """Takes an action from the budgets: from whose, and how much. Raises HeldError."""
        given = self._run.deployment
        if given.budget is None or action.kind == "record":
            return []
        from reactor.ledger import BudgetSpentError

        who = self._run.event.actor
        principal = who.issuer or who.principal_arn or who.owner
        limits = [("", given.budget), (principal, given.principal_budget or given.budget)]
        bill: list[tuple[str, int]] = []
        for whose, most in limits:
            # Labels leave half of each budget to what stops harm.
            limit = max(1, most // 2) if action.kind == "label" else most
            number = max(1, len(action.resources))
            if not action.batch:
                number = min(number, limit)  # one call: it is made for all or for none
            try:
                ledger.spend(number, limit, whose)
            except Exception as error:
                for paid, back in bill:
                    ledger.give_back(back, paid)
                if not isinstance(error, BudgetSpentError):
                    raise
                raise HeldError(self._told(whose, limit, most), whose, error.left) from None
            bill.append((whose, number))
        return bill

    def _told(self, whose: str, limit: int, most: int) -> str:
        told = f"the budget of {most} actions an hour"
        if whose:
            told += " for one principal's calls"
        told += " is spent" if limit == most else " has no more for labels"
        if self._run.later is None or self._run.envelope is None:
            return told
        return f"{told}; it is taken up after {next_hour():%H:%M} UTC"

    def hold(self) -> None:
        """Keeps the event until the hour is over: then it is planned anew, by the state of then."""
        later, ledger = self._run.later, self._run.ledger
        if later is None or ledger is None or self._run.envelope is None:
            return
        id_ = self._run.event.id
        try:
            ledger().remember("held", id_, {"envelope": self._run.envelope})
            later.at(next_hour(), ("held", id_), {"held": id_}, spread=5)
        except Exception as error:
            self._run.errors.append(("keep what the budget held back", error))
            self._run.telemetry.log.exception("held back and not kept", reason=str(error))


def next_hour() -> datetime:
    """When this hour is over, UTC."""
    now = datetime.now(UTC)
    return now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
