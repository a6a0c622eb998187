"""The executor acts on what a reaction decided; nothing else changes anything in AWS.

Modes: `dry_run` logs the plan and changes nothing, `notify` also sends alerts, `enforce` also acts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reactor.actions import URGENCIES, Action, Alert, Clue, Outcome
from reactor.budget import Budget, HeldError
from reactor.messenger import Messenger
from reactor.records import Records
from reactor.retry import error_code, error_name, is_passing, with_retries

if TYPE_CHECKING:
    from reactor.actions import Status
    from reactor.aws import Aws
    from reactor.event import Event
    from reactor.ledger import Ledger
    from reactor.run import Run


@dataclass(frozen=True)
class _Tried:
    """The result of an action on one resource."""

    error: Exception | None = None
    held: bool = False
    repeated: bool = False

    @property
    def told(self) -> str:
        if self.error is None:
            return ""
        if self.held:
            return str(self.error)
        return error_name(self.error)

    @property
    def kind(self) -> tuple[str, bool, bool]:
        """The words that group outcomes."""
        return self.told, self.held, self.repeated


class Executor:
    """Carries out one event's plan; `aws` are the clients of the event's place, `refusal` is the
    reason to take no action there, if there is one.
    """

    def __init__(self, run: Run, aws: Aws, refusal: str) -> None:
        self._run = run
        self._aws = aws
        self._refusal = refusal
        self._messenger = Messenger(run)
        self._budget = Budget(run)
        self._split_until = 0.0

    def run(self, plan: Sequence[Action | Alert | Clue] | None) -> dict[str, int]:
        """Takes the actions, the urgent ones first, then sends the alerts, which tell what became
        of them.

        The plan is None if there was no way to make one. Returns how many actions were planned,
        taken, ... and how many alerts were sent; raises ReactionError once all were tried.
        """
        actions = [step for step in plan or () if isinstance(step, Action)]
        actions.sort(key=lambda action: URGENCIES.index(action.kind))
        alerts = [step for step in plan or () if isinstance(step, Alert)]
        records = self._records = Records(self._run, self._named(alerts))
        told, kept = records.catch_up(actions)
        records.begin([] if self._refusal else actions, alerts or kept, told)
        outcomes = [outcome for action in actions for outcome in self._act(action)]
        if (plan is None or (self._refusal and actions)) and not alerts:
            alerts = [_refusal_alert(self._run.event, self._run.deployment.name)]
        if told and not alerts:
            alerts = kept  # what an earlier run did may not have been told
        if actions and all(outcome.status == "exempt" for outcome in outcomes):
            alerts = []  # an exempt resource is left alone; the exemption's use has been logged
        messenger, spent = self._messenger, dict.fromkeys(self._budget.spent)
        sent = sum(messenger.alert(alert, outcomes, told) for alert in alerts)
        sent += sum(messenger.correlate(step) for step in plan or () if isinstance(step, Clue))
        if spent:
            self._budget.hold()
        sent += sum(messenger.budget_spent(whose) for whose in spent)
        tally = {"planned": len(actions)}
        for status in ("taken", "exempt", "refused", "failed"):
            tally[status] = sum(o.status == status and not o.repeated for o in outcomes)
        tally["repeated"] = sum(outcome.repeated for outcome in outcomes)
        if plan is None:
            tally["refused"] += 1
        tally["alerts"] = sent
        for name, number in tally.items():
            if number:
                self._run.telemetry.count(_METRICS[name], number)
        held = sum(outcome.held for outcome in outcomes)
        if held:
            self._run.telemetry.count("ActionsHeld", held)
        records.remember(outcomes, told)
        self._run.raise_errors()
        return tally

    def _named(self, alerts: Sequence[Alert]) -> dict[str, str]:
        """What audit records say of the finding that an undo is to update."""
        if not self._run.deployment.findings:
            return {}
        from reactor.findings.report import named

        return named(self._run, [alert for alert in alerts if alert.acts])

    def _act(self, action: Action) -> list[Outcome]:
        exempt = {id_: reason for id_ in action.resources if (reason := self._exempt(action, id_))}
        if exempt and not action.batch:  # one call: it acts on all resources or on none
            exempt = dict.fromkeys(action.resources, next(iter(exempt.values())))
        rest = [id_ for id_ in action.resources if id_ not in exempt]
        outcomes = [
            Outcome(action.only([i for i in exempt if exempt[i] == reason]), "exempt", reason)
            for reason in dict.fromkeys(exempt.values())
        ]
        if rest or not action.resources:
            outcomes += self._act_on(action.only(rest))
        mode = self._run.mode()[0]
        for outcome in outcomes:
            if outcome.status == "taken":
                self._run.taken.append(outcome.action)
            self._records.audit(outcome, outcome.mode or mode)
            if outcome.error is not None:
                self._run.errors.append((outcome.action.summary, outcome.error))
        return outcomes

    def _exempt(self, action: Action, id_: str) -> str:
        use = self._run.invocation.exemptions.of_tags(action.tags.get(id_, {}), self._run.event)
        if use is None:
            return ""
        if use.expired:
            self._run.telemetry.log.warning("exemption expired", resource=id_, exemption=use.told)
            return ""
        self._run.telemetry.log.info("exemption used", resource=id_, exemption=use.told)
        return use.told

    def _act_on(self, action: Action) -> list[Outcome]:
        mode, reason = self._run.mode()
        if self._refusal:
            return [Outcome(action, "refused", self._refusal, mode=mode)]
        if mode != "enforce":
            return [Outcome(action, "planned", reason, mode=mode)]
        outcomes = []
        # A batch of other resources is another call. The ledger keeps what the earlier call did.
        acted = self._records.acted.get(action.name, ())
        before = [id_ for id_ in action.resources if id_ in acted]
        if before:
            outcomes.append(Outcome(action.only(before), "taken", "", None, mode, repeated=True))
            action = action.only([id_ for id_ in action.resources if id_ not in before])
            if not action.resources:
                return outcomes
        # Time is left for the other actions and the alert, where each resource is refused.
        self._split_until = self._run.clock.left() / 4
        results = self._try(action, action.not_yet)
        # One outcome for all that were acted on, and one for each reason why others were not.
        for kind in dict.fromkeys(result.kind for result in results.values()):
            ids = [id_ for id_, result in results.items() if result.kind == kind]
            first = results[ids[0]]
            error = None if first.held else first.error
            status: Status = "planned" if first.held else "failed" if error else "taken"
            only = action.only(ids) if action.resources else action
            outcomes.append(
                Outcome(only, status, first.told, error, mode, first.repeated, first.held)
            )
            if action.batch and status == "taken":
                self._records.acted.setdefault(action.name, []).extend(ids)
        return outcomes

    def _try(self, action: Action, not_yet: tuple[str, ...]) -> dict[str, _Tried]:
        """The results by resource."""
        ids = action.resources or ("",)
        try:
            return dict.fromkeys(ids, _Tried(repeated=self._take(action, not_yet)))
        except HeldError as error:
            self._budget.spent.append(error.whose)
            held = dict.fromkeys(ids, _Tried(error, held=True))
            if action.batch and error.left:  # as many as the budget has left
                return held | self._try(action.only(ids[: error.left]), not_yet)
            return held
        except Exception as error:
            if getattr(error, "acted", False):  # taken, but the ledger does not know it
                self._run.errors.append(("write into the ledger", error))
                return dict.fromkeys(ids, _Tried())
            # AWS refuses a whole batch for one resource that is missing, protected, in another
            # state or forbidden. Its message mostly names it; the others are tried without it.
            refused = bool(error_code(error)) and not is_passing(error)
            in_time = self._run.clock.left() > self._split_until
            if not (action.batch and len(ids) > 1 and refused and in_time):
                return dict.fromkeys(ids, _Tried(error))
            missing = [id_ for id_ in ids if id_ in str(error)]
        if not 0 < len(missing) < len(ids):
            missing = list(ids[: len(ids) // 2])
        rest = [id_ for id_ in ids if id_ not in missing]
        results = {**self._try(action.only(rest), ()), **self._try(action.only(missing), ())}
        return {id_: results[id_] for id_ in ids}

    def _take(self, action: Action, not_yet: tuple[str, ...]) -> bool:
        """Makes the call, once for an event. Returns True if an earlier run made it."""
        call = getattr(self._aws.client(action.service, action.region or None), action.operation)

        def make() -> Any:
            return with_retries(lambda: call(**action.parameters), self._run.clock, not_yet)

        if self._run.ledger is None:
            make()
            return False
        ledger = self._run.ledger()

        def paid() -> Mapping[str, Any]:
            bill = self._budget.pay(ledger, action)
            try:
                answer = make()
            except Exception:
                for whose, number in bill:
                    ledger.give_back(number, whose)
                raise
            self._sign(ledger, answer)
            return {"action": action.name, "event": self._run.event.id}

        key = (self._run.event.id, action.name, *action.resources)
        return ledger.once(key, paid, self._run.clock)[1]

    def _sign(self, ledger: Ledger, answer: Any) -> None:
        """Writes down that a call was the reaction's own, by the id that CloudTrail has of it."""
        request = (answer or {}).get("ResponseMetadata", {}).get("RequestId", "")
        try:
            if request:
                ledger.remember("call", request, {"event": self._run.event.id})
        except Exception as error:  # the call's event then looks like anybody's, and is planned
            self._run.telemetry.log.warning("own call not noted", reason=str(error))


_METRICS = {
    "planned": "ActionsPlanned",
    "taken": "ActionsTaken",
    "exempt": "ExemptionsUsed",
    "refused": "ActionsRefused",
    "failed": "ActionsFailed",
    "repeated": "ActionsRepeated",
    "alerts": "AlertsSent",
}


def _refusal_alert(event: Event, name: str) -> Alert:
    place = f"{event.region or 'an unknown Region'} of account {event.account or 'unknown'}"
    when = f" at {event.time:%Y-%m-%d %H:%M:%S} UTC" if event.time else ""
    return Alert(
        severity="high",
        subject=f"{name} refused to act on {event.name} in {event.region} ({event.account})",
        headline=f"{event.actor.label} called {event.name} in {place}{when}",
    )
