"""The records of an event's run: audit records of its actions, and what its next try must know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from reactor import audit
from reactor.actions import Action, Alert, Outcome, Undo
from reactor.advice import disposition_of
from reactor.retry import with_retries
from reactor.run import ReactionError

if TYPE_CHECKING:
    from reactor.run import Run


class Records:
    """What one event's run writes down.

    `acted`: by an action's name, the resources that this run or an earlier one acted on. `finding`
    names the finding that an undo is to update.
    """

    def __init__(self, run: Run, finding: Mapping[str, str]) -> None:
        self._run = run
        self._finding = finding
        self._unsent: list[dict[str, Any]] = []
        self._alerts: list[dict[str, Any]] = []
        self._noted = False  # the ledger has what this run begins
        self._acted_before: Mapping[str, Any] = {}
        self.acted: dict[str, list[str]] = {}

    def catch_up(self, actions: Sequence[Action]) -> tuple[list[str], list[Alert]]:
        """What earlier runs of the event did, in words, and the alerts that they were to send;
        `actions` are this run's.

        An action that a run began before it died, and that is not planned again, has been made: the
        state says so. Its record is written now.
        """
        earlier = self._recall()
        self._acted_before = earlier.get("acted", {})
        self.acted = {name: [*ids] for name, ids in self._acted_before.items()}
        self._run.disposition = str(earlier.get("disposition", ""))
        self._run.taken = [_undoable(*each) for each in earlier.get("undo", [])]
        told = [str(each) for each in earlier.get("done", [])]
        self._noted = bool(earlier.get("begun"))
        for action in map(_read_action, earlier.get("begun", [])):
            again = {id_ for each in actions if each.name == action.name for id_ in each.resources}
            rest = [id_ for id_ in action.resources if id_ not in again]
            if rest and (action.batch or len(rest) == len(action.resources)):
                made = action.only(rest)
                reason = "found done: the run that did it died"
                self.audit(Outcome(made, "taken", reason), self._run.mode()[0])
                self._run.taken.append(made)
                if made.kind != "label":
                    self._run.disposition = "corrected"
                told.append(made.done)
        kept = [
            Alert(**{**each, "details": tuple(map(tuple, each["details"]))})
            for each in earlier.get("alerts", [])
        ]
        return list(dict.fromkeys(told)), kept

    def _recall(self) -> dict[str, Any]:
        """What an earlier run of this event wrote down; the audit records that it could not send
        are sent now.

        The run goes on if the ledger does not answer, since only messages need this.
        """
        if self._run.ledger is None or self._run.deployment.mode == "dry_run":
            return {}
        try:
            facts = self._run.ledger().recall("event", self._run.event.id)
        except Exception as error:
            self._run.errors.append(("read the ledger", error))
            return {}
        if not facts or self._run.mode()[0] == "dry_run":
            return {}
        for found in facts.get("unsent", []):
            self._emit(found)
        return facts

    def begin(
        self, actions: Sequence[Action], alerts: Sequence[Alert], told: Sequence[str]
    ) -> None:
        """Writes down what is about to be done: if the run dies, the next one finds it done, plans
        nothing, and must still tell.
        """
        self._alerts = [asdict(alert) for alert in alerts]
        if not actions or self._run.mode()[0] != "enforce":
            return
        if self._run.ledger is None:
            return
        begun = [asdict(action) for action in actions]
        facts = {"done": told, "acted": self.acted, "begun": begun, "alerts": self._alerts}
        try:
            self._run.ledger().remember("event", self._run.event.id, facts)
            self._noted = True
        except Exception as error:
            self._run.errors.append(("write into the ledger what is begun", error))

    def audit(self, outcome: Outcome, mode: str) -> None:
        """Logs an outcome, and sends the audit record of it to the bus of the audit records."""
        found = audit.record(
            outcome, self._run.event, self._run.deployment.name, mode, self._finding
        )
        if outcome.repeated:
            self._run.telemetry.log.info("action taken before", action=found)
            return
        level = "error" if outcome.status in ("failed", "refused") else "info"
        getattr(self._run.telemetry.log, level)(f"action {outcome.status}", action=found)
        if mode == "dry_run" or not self._run.deployment.audit_bus:
            return
        if outcome.status != "taken":
            self._emit(found)
            return
        try:  # once: a run that died, or one at the same time, may have sent it
            self._run.once((self._run.event.id, "audit", found["id"]), lambda: self._emit(found))
        except Exception as error:
            self._run.errors.append(("write the audit record", error))
            self._unsent.append(found)

    def _emit(self, found: dict[str, Any]) -> None:
        bus = self._run.deployment.audit_bus
        if not bus:
            return
        region = bus.split(":")[3] if bus.startswith("arn:") else None
        try:
            client = self._run.home.client("events", region)
            answer = with_retries(
                lambda: client.put_events(Entries=[audit.entry(found, bus)]), self._run.clock
            )
            if answer.get("FailedEntryCount"):
                failed = answer["Entries"][0]
                raise ReactionError(  # noqa: TRY301
                    f"{bus} refused it: {failed.get('ErrorCode')} {failed.get('ErrorMessage')}"
                )
        except Exception as error:
            self._run.errors.append(("write the audit record", error))
            self._run.telemetry.log.exception("audit record failed", bus=bus)
            self._unsent.append(found)

    def remember(self, outcomes: Sequence[Outcome], told: Sequence[str]) -> None:
        """Keeps the outcomes of a run, for the next try of its event."""
        taken = [o.action.done for o in outcomes if o.status == "taken"]
        done = list(dict.fromkeys([*told, *taken]))
        failed_after = bool(done and self._run.errors)
        changed = self._noted or self._unsent or self.acted != self._acted_before
        if self._run.ledger is None or not (changed or failed_after):
            return
        try:
            facts = {
                "done": done, "unsent": self._unsent, "acted": self.acted, "alerts": self._alerts,
                "undo": [
                    [each.region, each.undo.service, each.undo.operation]
                    for each in self._run.taken
                    if each.undo is not None
                ],
            }  # fmt: skip
            if self._run.deployment.findings:
                facts["disposition"] = disposition_of(outcomes, self._run.disposition)
            self._run.ledger().remember("event", self._run.event.id, facts)
        except Exception as error:
            self._run.errors.append(("write into the ledger what was done", error))
            self._run.telemetry.log.exception("the ledger could not be written", reason=str(error))


def _read_action(kept: Mapping[str, Any]) -> Action:
    undo = kept["undo"] and Undo(**kept["undo"])
    lists = {name: tuple(kept[name]) for name in ("resources", "not_yet")}
    return Action(**{**kept, **lists, "undo": undo})


def _undoable(region: str, service: str, operation: str) -> Action:
    """An action of an earlier run, as far as the command that takes it back needs it."""
    return Action(service, "", {}, (), "", "", Undo(service, operation, {}), region=region)
