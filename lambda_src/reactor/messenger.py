"""The messenger sends the alerts of an event: once each, and some of them when a window ends."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from reactor.actions import Alert, Clue, Outcome
from reactor.advice import advised
from reactor.alerts import chat, publication, with_chat
from reactor.budget import next_hour
from reactor.correlation import completed
from reactor.retry import error_name, with_retries
from reactor.run import ReactionError

if TYPE_CHECKING:
    from reactor.correlation import Gathered
    from reactor.run import Run
    from reactor.windows import Sign


class Messenger:
    """Sends the alerts of one event's run, to the topic and as findings. Errors go to the run's."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def correlate(self, clue: Clue) -> int:
        """Adds a finding to those of its key; sends an alert for each window that has enough."""
        from reactor.windows import Sign

        given = clue.correlation
        if self._run.ledger is None:
            error = ReactionError("set REACTION_LEDGER_TABLE: findings are counted there")
            self._run.errors.append((f"count for {given.id}", error))
            return 0
        when = (self._run.event.time or datetime.now(UTC)).timestamp()
        try:
            found = completed(
                self._run.ledger(), given, clue.key, clue.step, when, self._run.event.id, clue.told
            )
        except Exception as error:
            self._run.errors.append((f"count for {given.id}", error))
            return 0
        self._run.telemetry.count("FindingsCounted")
        sent = 0
        for window, gathered in found.items():
            key = f"{given.id}/{clue.key}/{given.seconds}/{window}"
            alert = replace(clue.alert, key=key, details=_gathered(clue, window, gathered))
            sent += self.alert(alert, (), (), Sign(f"correlation/{key}", window * given.seconds))
        return sent

    def alert(
        self,
        alert: Alert,
        outcomes: Sequence[Outcome],
        earlier: Sequence[str],
        sign: Sign | None = None,
    ) -> bool:
        """Sends an alert, once for its sign: the event's, unless it has one of its own."""
        mode = self._run.mode()[0]
        later, ledger = self._run.later, self._run.ledger
        told = outcomes if alert.acts else None
        if told is not None:
            alert = advised(alert, told, self._run.disposition)
        window = ""
        if alert.window_seconds and mode != "dry_run" and later is not None and ledger is not None:
            from reactor.windows import Windows

            try:
                admission = Windows(ledger(), later).admits(
                    alert, self._run.event, self._run.clock, sign
                )
            except Exception as error:
                self._run.errors.append(("count the event", error))
                return False
            window = admission.window
            if not admission.at_once:
                self._run.telemetry.log.info("alert counted", key=alert.key, subject=alert.subject)
                self._run.telemetry.count("AlertsCounted")
                self._run.telemetry.count(f"Detections{alert.severity.capitalize()}")
                self._find(alert, told, earlier, "", window, admission.times, sign)
                return False
        # The next try of an event repeats no alert, but says if it succeeded in the end.
        statuses: set[str] = {outcome.status for outcome in outcomes}
        statuses |= {"held" for outcome in outcomes if outcome.held}
        worst = next((each for each in ("failed", "refused", "held") if each in statuses), "well")
        key = (sign.id if sign else self._run.event.id, "alert", alert.key or alert.subject, worst)
        sent = self._send(key, alert, told, earlier)
        if sent is not None:
            self._run.telemetry.count(f"Detections{alert.severity.capitalize()}")
        return self._find(alert, told, earlier, worst, window, sign=sign) or bool(sent)

    def tell_rest(self, what: Mapping[str, Any]) -> int:
        """Tells what a window held back; returns the number of alerts sent.

        Raises ReactionError.
        """
        from reactor.windows import Windows

        later, ledger = self._run.later, self._run.ledger
        if later is None or ledger is None:
            raise ReactionError("there are no windows: set REACTION_SCHEDULE_ROLE and the ledger")
        found = Windows(ledger(), later).rest(what)
        if found is None:
            return 0
        alert, pages = found
        lines = "\n".join(each for page in pages.values() for each in page)
        digest = hashlib.sha256(lines.encode()).hexdigest()
        sent = self._tell(alert, ("rest", str(what["box"]), digest))
        if not self._run.errors:
            for page, told in pages.items():
                ledger().strike(page, told)
        self._run.raise_errors()
        return sent

    def budget_spent(self, whose: str) -> bool:
        """Says, once an hour, which budget is spent and what becomes of what it holds back."""
        deployment = self._run.deployment
        hour = f"{datetime.now(UTC):%Y-%m-%d %H}:00 UTC"
        budget = deployment.principal_budget if whose else deployment.budget
        self._run.telemetry.count("BudgetSpent")
        self._run.telemetry.log.error(
            "budget spent: actions are held back", budget=budget, hour=hour, principal=whose
        )
        about = f" about calls of {whose}" if whose else ""
        then = "and only notifies until the hour is over"
        if self._run.later is not None and self._run.envelope is not None:
            then = (
                f"and only notifies until the hour is over. After {next_hour():%H:%M} UTC it "
                "takes up what it held back, by the state of then"
            )
        alert = Alert(
            severity="high",
            subject=f"{deployment.name} spent its budget and only notifies",
            headline=(
                f"{deployment.name} has taken as many of the {budget} actions{about} as it may "
                f"take in the hour from {hour}, {then}"
            ),
        )
        return self._tell(alert, ("budget", hour, whose))

    def _tell(self, alert: Alert, key: Sequence[str]) -> bool:
        """Sends an alert that is about no action."""
        sent = self._send(key, alert, None)
        return self._find(alert, None, (), "", "/".join(key)) or bool(sent)

    def _send(
        self,
        key: Sequence[str],
        alert: Alert,
        outcomes: Sequence[Outcome] | None,
        earlier: Sequence[str] = (),
    ) -> bool | None:
        """True if it went out, False if it is not to, None if it went out before or could not."""
        deployment, log = self._run.deployment, self._run.telemetry.log
        mode, reason = self._run.mode()
        undo = self._run.undo_command() if outcomes is not None else ""
        told_of = (alert, self._run.event, outcomes, deployment.name, mode, earlier, undo)
        message = publication(*told_of)
        told = {"severity": alert.severity, "subject": message["Subject"]}
        if mode == "dry_run":
            why = f"alert held back: {reason or 'dry_run'}"
            log.info(why, alert={**told, "text": message["Message"]})
            return False
        if not deployment.topic_arn:
            if deployment.findings:
                return False
            log.warning(
                "alert has nowhere to go: set ALERT_TOPIC_ARN",
                alert={**told, "text": message["Message"]},
            )
            return False
        sent_as = with_chat(message, chat(*told_of)) if deployment.chat else message
        try:
            client = self._run.home.client("sns", deployment.topic_arn.split(":")[3])

            def send() -> dict[str, str]:
                answer = with_retries(
                    lambda: client.publish(TopicArn=deployment.topic_arn, **sent_as),
                    self._run.clock,
                )
                return {"message_id": answer.get("MessageId", "")}

            sent, repeated = self._run.once(key, send)
        except Exception as error:
            acted = getattr(error, "acted", False)
            what = "write into the ledger that the alert was sent" if acted else "send the alert"
            self._run.errors.append((what, error))
            if acted:
                log.exception("alert sent, but the ledger does not know", alert=told)
                return True
            why = error_name(error)
            log.exception("alert failed", alert={**told, "text": message["Message"], "reason": why})
            self._run.telemetry.count("AlertsFailed")
            return None
        if repeated:
            log.info("alert sent before", alert=told)
            return None
        log.info("alert sent", alert={**told, **(sent or {})})
        return True

    def _find(
        self,
        alert: Alert,
        outcomes: Sequence[Outcome] | None,
        earlier: Sequence[str],
        result: str,
        window: str,
        times: int = 0,
        sign: Sign | None = None,
    ) -> bool:
        """Sends the alert as a finding, where there is a target of findings."""
        if not self._run.deployment.findings:
            return False
        from reactor.findings.report import report

        return report(self._run, alert, outcomes, earlier, result, window, times, sign)


def _gathered(clue: Clue, window: int, found: Gathered) -> tuple[tuple[str, str], ...]:
    """The details of an alert on several findings: how many, and a few of each step."""
    needs, seconds = clue.correlation.needs, clue.correlation.seconds
    begin = datetime.fromtimestamp(window * seconds, UTC)
    end = begin + timedelta(seconds=seconds)
    rows = [("Of", clue.key), ("Window", f"{begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC")]
    if len(needs) == 1:
        since = begin - timedelta(seconds=seconds)
        number = found.counts.get((0, 0), 0)
        rows.append(("Count", f"{number} or more since {since:%H:%M}, when this was sent"))
    for name, line in sorted(found.examples.items()):
        rows.append((f"Step {int(name[1:-1]) + 1}" if len(needs) > 1 else "Example", line))
    return (*(row for row in rows if row[1]), *clue.alert.details)
