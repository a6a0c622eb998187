"""Acts on what a reaction decided: the one place that touches anything.

Modes: `dry_run` logs the plan and touches nothing, `notify` also lets alerts leave, `enforce` acts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reactor.actions import Action, Alert, Outcome
from reactor.alerts import publication
from reactor.retry import Clock, error_code, with_retries

if TYPE_CHECKING:
    from reactor.actions import Status
    from reactor.aws import Aws
    from reactor.event import Event
    from reactor.settings import Deployment
    from reactor.telemetry import Telemetry


class ReactionError(Exception):
    """Something could not be done; raised after the rest was tried.

    Lambda then retries the event and at last hands it to the failure queue: nothing is lost.
    """


@dataclass(frozen=True)
class Place:
    """Where the function runs: it acts there and nowhere else."""

    account: str
    region: str

    def refusal(self, event: Event) -> str:
        """Why an event can't be acted on from here, empty where it can."""
        if (event.account, event.region) == (self.account, self.region):
            return ""
        there = f"account {event.account or 'unknown'}, Region {event.region or 'unknown'}"
        return (
            f"the event is of {there}; this function acts in account "
            f"{self.account or 'unknown'}, Region {self.region or 'unknown'} only"
        )


class Executor:
    """Carries out one event's plan."""

    def __init__(
        self, deployment: Deployment, place: Place, aws: Aws, telemetry: Telemetry, clock: Clock
    ) -> None:
        self._deployment = deployment
        self._place = place
        self._aws = aws
        self._telemetry = telemetry
        self._clock = clock
        self._errors: list[tuple[str, Exception]] = []

    def run(self, event: Event, plan: Sequence[Action | Alert]) -> dict[str, int]:
        """Takes the actions, then sends the alerts, which tell what became of them.

        Returns how many actions were planned, taken, refused and failed and how many alerts were
        sent; raises ReactionError once all were tried.
        """
        actions = [step for step in plan if isinstance(step, Action)]
        alerts = [step for step in plan if isinstance(step, Alert)]
        refusal = self._place.refusal(event) if actions else ""
        outcomes = [outcome for action in actions for outcome in self._act(action, event, refusal)]
        if refusal and not alerts:
            alerts = [_refusal_alert(event, self._deployment.name)]
        sent = sum(self._alert(alert, event, outcomes) for alert in alerts)
        tally = {
            status: sum(outcome.status == status for outcome in outcomes)
            for status in ("taken", "refused", "failed")
        }
        tally = {"planned": len(actions), **tally, "alerts": sent}
        for name, number in tally.items():
            if number:
                self._telemetry.count(_METRICS[name], number)
        if self._errors:
            told = "; ".join(f"{what}: {error}" for what, error in self._errors)
            raise ReactionError(
                f"{self._deployment.name} failed on event {event.id}: {told}"
            ) from self._errors[0][1]
        return tally

    def _act(self, action: Action, event: Event, refusal: str) -> list[Outcome]:
        if refusal:
            outcomes = [Outcome(action, "refused", refusal)]
        elif self._deployment.mode != "enforce":
            outcomes = [Outcome(action, "planned")]
        else:
            outcomes = self._call(action)
        for outcome in outcomes:
            self._audit(outcome, event)
            if outcome.error is not None:
                self._errors.append((outcome.action.summary, outcome.error))
        return outcomes

    def _call(self, action: Action) -> list[Outcome]:
        results = self._try(action, action.not_yet)
        outcomes = []
        # One outcome for all that were acted on, one for each reason that kept others from it.
        for why in dict.fromkeys(_told(error) for error in results.values()):
            ids = [id_ for id_, error in results.items() if _told(error) == why]
            error = results[ids[0]]
            status: Status = "failed" if error else "taken"
            outcomes.append(Outcome(action.only(ids), status, why, error))
        return outcomes

    def _try(self, action: Action, not_yet: tuple[str, ...]) -> dict[str, Exception | None]:
        """The error by resource, None where it was acted on."""
        try:
            call = getattr(self._aws.client(action.service), action.operation)
            with_retries(lambda: call(**action.parameters), self._clock, not_yet)
            return dict.fromkeys(action.resources)
        except Exception as error:
            ids = action.resources
            if not action.batch or len(ids) < 2 or error_code(error) not in action.not_yet:
                return dict.fromkeys(ids, error)
            # AWS's message names what is missing; the rest is tried without it.
            missing = [id_ for id_ in ids if id_ in str(error)]
        if not 0 < len(missing) < len(ids):
            missing = list(ids[: len(ids) // 2])
        rest = [id_ for id_ in ids if id_ not in missing]
        results = {**self._try(action.only(rest), ()), **self._try(action.only(missing), ())}
        return {id_: results[id_] for id_ in ids}

    def _alert(self, alert: Alert, event: Event, outcomes: Sequence[Outcome]) -> bool:
        deployment, log = self._deployment, self._telemetry.log
        message = publication(alert, event, outcomes, deployment.name, deployment.mode)
        audit = {"severity": alert.severity, "subject": message["Subject"]}
        if deployment.mode == "dry_run":
            log.info("alert held back: dry_run", alert={**audit, "text": message["Message"]})
            return False
        if not deployment.topic_arn:
            log.warning(
                "alert has nowhere to go: set ALERT_TOPIC_ARN",
                alert={**audit, "text": message["Message"]},
            )
            return False
        try:
            client = self._aws.client("sns", deployment.topic_arn.split(":")[3])
            send: Callable[[], Any] = lambda: client.publish(  # noqa: E731
                TopicArn=deployment.topic_arn, **message
            )
            sent = with_retries(send, self._clock)
        except Exception as error:
            self._errors.append(("send the alert", error))
            log.exception(
                "alert failed", alert={**audit, "text": message["Message"], "reason": _told(error)}
            )
            self._telemetry.count("AlertsFailed")
            return False
        log.info("alert sent", alert={**audit, "message_id": sent.get("MessageId", "")})
        return True

    def _audit(self, outcome: Outcome, event: Event) -> None:
        action = outcome.action
        record = {
            "status": outcome.status,
            "mode": self._deployment.mode,
            "reason": outcome.reason,
            "service": action.service,
            "operation": action.operation,
            "parameters": action.parameters,
            "resources": action.resources,
            "summary": action.summary,
            "actor": event.actor.arn or event.actor.owner,
        }
        if action.undo is not None and outcome.status == "taken":
            record["undo"] = {
                "service": action.undo.service,
                "operation": action.undo.operation,
                "parameters": action.undo.parameters,
            }
        level = "error" if outcome.status in ("failed", "refused") else "info"
        getattr(self._telemetry.log, level)(f"action {outcome.status}", action=record)


_METRICS = {
    "planned": "ActionsPlanned",
    "taken": "ActionsTaken",
    "refused": "ActionsRefused",
    "failed": "ActionsFailed",
    "alerts": "AlertsSent",
}


def _told(error: Exception | None) -> str:
    return "" if error is None else error_code(error) or type(error).__name__


def _refusal_alert(event: Event, name: str) -> Alert:
    place = f"{event.region or 'an unknown Region'} of account {event.account or 'unknown'}"
    when = f" at {event.time:%Y-%m-%d %H:%M:%S} UTC" if event.time else ""
    return Alert(
        severity="high",
        subject=f"{name} refused to act on {event.name} in {event.region} ({event.account})",
        headline=f"{event.actor.label} called {event.name} in {place}{when}",
    )
