"""The executor acts on what a reaction decided; nothing else changes anything in AWS.

Modes: `dry_run` logs the plan and changes nothing, `notify` also sends alerts, `enforce` also acts.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from reactor import audit
from reactor.actions import URGENCIES, Action, Alert, Clue, Outcome, Undo
from reactor.advice import advised, disposition_of
from reactor.alerts import chat, publication, sentence, undo_command, with_chat
from reactor.correlation import completed
from reactor.places import Place
from reactor.retry import Clock, error_code, is_passing, with_retries

if TYPE_CHECKING:
    from reactor.actions import Status
    from reactor.aws import Aws
    from reactor.correlation import Gathered
    from reactor.event import Event
    from reactor.exemptions import Exemptions
    from reactor.kill_switch import KillSwitch
    from reactor.later import Later
    from reactor.ledger import Ledger
    from reactor.settings import Deployment, Mode
    from reactor.telemetry import Telemetry
    from reactor.windows import Sign


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
        return error_code(self.error) or type(self.error).__name__

    @property
    def kind(self) -> tuple[str, bool, bool]:
        """The words that group outcomes."""
        return self.told, self.held, self.repeated


class Executor:
    """Carries out one event's plan; `aws` are the clients of the event's place.

    `envelope` is the event as it came: with it, what the budget holds back is taken up later.
    `here` is the function's own place.
    """

    def __init__(
        self,
        invocation: InvocationContext,
        event: Event,
        aws: Aws,
        refusal: str,
        clock: Clock,
        envelope: object = None,
        here: Place | None = None,
    ) -> None:
        self._context = invocation
        self._deployment = invocation.deployment
        self._telemetry = invocation.telemetry
        self._event = event
        self._aws = aws
        self._refusal = refusal
        self._clock = clock
        self._errors: list[tuple[str, Exception]] = []
        self._unsent: list[dict[str, Any]] = []
        self._envelope = envelope
        self._here = here or Place("", "")
        self._taken: list[Action] = []
        self._before = ""  # what an earlier run of the event made of it, as findings call it
        self._finding: dict[str, str] = {}  # the one that an undo is to update
        self._spent: list[str] = []  # the budgets that held something back
        self._acted: dict[str, list[str]] = {}
        self._split_until = 0.0
        self._kept: list[dict[str, Any]] = []  # the alerts
        self._noted = False  # in the ledger: what this run begins

    def run(self, plan: Sequence[Action | Alert | Clue] | None) -> dict[str, int]:
        """Takes the actions, the urgent ones first, then sends the alerts, which tell what became
        of them.

        The plan is None if there was no way to make one. Returns how many actions were planned,
        taken, ... and how many alerts were sent; raises ReactionError once all were tried.
        """
        actions = [step for step in plan or () if isinstance(step, Action)]
        actions.sort(key=lambda action: URGENCIES.index(action.kind))
        alerts = [step for step in plan or () if isinstance(step, Alert)]
        self._finding = self._named([alert for alert in alerts if alert.acts])
        earlier = self._recall()
        self._acted = {name: [*ids] for name, ids in earlier.get("acted", {}).items()}
        self._before = str(earlier.get("disposition", ""))
        self._taken = [_undoable(*each) for each in earlier.get("undo", [])]
        told, kept = self._catch_up(earlier, actions)
        self._begin(actions, alerts or kept, told)
        outcomes = [outcome for action in actions for outcome in self._act(action)]
        if (plan is None or (self._refusal and actions)) and not alerts:
            alerts = [_refusal_alert(self._event, self._deployment.name)]
        if told and not alerts:
            alerts = kept  # what an earlier run did may not have been told
        if actions and all(outcome.status == "exempt" for outcome in outcomes):
            alerts = []  # an exempt resource is left alone; the exemption's use has been logged
        sent = sum(self._alert(alert, outcomes, told) for alert in alerts)
        sent += sum(self._correlate(step) for step in plan or () if isinstance(step, Clue))
        if self._spent:
            self._hold()
        sent += sum(self._alert_budget(whose) for whose in dict.fromkeys(self._spent))
        tally = {"planned": len(actions)}
        for status in ("taken", "exempt", "refused", "failed"):
            tally[status] = sum(o.status == status and not o.repeated for o in outcomes)
        tally["repeated"] = sum(outcome.repeated for outcome in outcomes)
        if plan is None:
            tally["refused"] += 1
        tally["alerts"] = sent
        for name, number in tally.items():
            if number:
                self._telemetry.count(_METRICS[name], number)
        held = sum(outcome.held for outcome in outcomes)
        if held:
            self._telemetry.count("ActionsHeld", held)
        self._remember(outcomes, told, earlier.get("acted", {}))
        self._raise()
        return tally

    def _raise(self) -> None:
        if self._errors:
            listed = "; ".join(f"{what}: {error}" for what, error in self._errors)
            raise ReactionError(
                f"{self._deployment.name} failed on event {self._event.id}: {listed}"
            ) from self._errors[0][1]

    # ---- actions

    def _begin(
        self, actions: Sequence[Action], alerts: Sequence[Alert], told: Sequence[str]
    ) -> None:
        """Writes down what is about to be done: if the run dies, the next one finds it done, plans
        nothing, and must still tell.
        """
        self._kept = [asdict(alert) for alert in alerts]
        if not actions or self._refusal or self._mode()[0] != "enforce":
            return
        if self._context.ledger is None:
            return
        begun = [asdict(action) for action in actions]
        facts = {"done": told, "acted": self._acted, "begun": begun, "alerts": self._kept}
        try:
            self._context.ledger().remember("event", self._event.id, facts)
            self._noted = True
        except Exception as error:
            self._errors.append(("write into the ledger what is begun", error))

    def _catch_up(
        self, earlier: Mapping[str, Any], actions: Sequence[Action]
    ) -> tuple[list[str], list[Alert]]:
        """What earlier runs of the event did, in words, and the alerts that they were to send.

        An action that a run began before it died, and that is not planned again, has been made: the
        state says so. Its record is written now.
        """
        told = [str(each) for each in earlier.get("done", [])]
        self._noted = bool(earlier.get("begun"))
        for action in map(_read_action, earlier.get("begun", [])):
            again = {id_ for each in actions if each.name == action.name for id_ in each.resources}
            rest = [id_ for id_ in action.resources if id_ not in again]
            if rest and (action.batch or len(rest) == len(action.resources)):
                made = action.only(rest)
                reason = "found done: the run that did it died"
                self._audit(Outcome(made, "taken", reason), self._mode()[0])
                self._taken.append(made)
                if made.kind != "label":
                    self._before = "corrected"
                told.append(made.done)
        kept = [
            Alert(**{**each, "details": tuple(map(tuple, each["details"]))})
            for each in earlier.get("alerts", [])
        ]
        return list(dict.fromkeys(told)), kept

    def _mode(self) -> tuple[Mode, str]:
        return self._context.kill_switch.apply(self._deployment.mode)

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
        mode = self._mode()[0]
        for outcome in outcomes:
            if outcome.status == "taken":
                self._taken.append(outcome.action)
            self._audit(outcome, outcome.mode or mode)
            if outcome.error is not None:
                self._errors.append((outcome.action.summary, outcome.error))
        return outcomes

    def _exempt(self, action: Action, id_: str) -> str:
        use = self._context.exemptions.of_tags(action.tags.get(id_, {}), self._event)
        if use is None:
            return ""
        if use.expired:
            self._telemetry.log.warning("exemption expired", resource=id_, exemption=use.told)
            return ""
        self._telemetry.log.info("exemption used", resource=id_, exemption=use.told)
        return use.told

    def _act_on(self, action: Action) -> list[Outcome]:
        mode, reason = self._mode()
        if self._refusal:
            return [Outcome(action, "refused", self._refusal, mode=mode)]
        if mode != "enforce":
            return [Outcome(action, "planned", reason, mode=mode)]
        outcomes = []
        # A batch of other resources is another call. The ledger keeps what the earlier call did.
        before = [id_ for id_ in action.resources if id_ in self._acted.get(action.name, ())]
        if before:
            outcomes.append(Outcome(action.only(before), "taken", "", None, mode, repeated=True))
            action = action.only([id_ for id_ in action.resources if id_ not in before])
            if not action.resources:
                return outcomes
        # Time is left for the other actions and the alert, where each resource is refused.
        self._split_until = self._clock.left() / 4
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
                self._acted.setdefault(action.name, []).extend(ids)
        return outcomes

    def _try(self, action: Action, not_yet: tuple[str, ...]) -> dict[str, _Tried]:
        """The results by resource."""
        ids = action.resources or ("",)
        try:
            return dict.fromkeys(ids, _Tried(repeated=self._take(action, not_yet)))
        except _HeldError as error:
            self._spent.append(error.whose)
            held = dict.fromkeys(ids, _Tried(error, held=True))
            if action.batch and error.left:  # as many as the budget has left
                return held | self._try(action.only(ids[: error.left]), not_yet)
            return held
        except Exception as error:
            if getattr(error, "acted", False):  # taken, but the ledger does not know it
                self._errors.append(("write into the ledger", error))
                return dict.fromkeys(ids, _Tried())
            # AWS refuses a whole batch for one resource that is missing, protected, in another
            # state or forbidden. Its message mostly names it; the others are tried without it.
            refused = bool(error_code(error)) and not is_passing(error)
            in_time = self._clock.left() > self._split_until
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
        make: Callable[[], Any] = lambda: with_retries(  # noqa: E731
            lambda: call(**action.parameters), self._clock, not_yet
        )
        if self._context.ledger is None:
            make()
            return False
        ledger = self._context.ledger()

        def paid() -> Mapping[str, Any]:
            bill = self._pay(ledger, action)
            try:
                answer = make()
            except Exception:
                for whose, number in bill:
                    ledger.give_back(number, whose)
                raise
            self._sign(ledger, answer)
            return {"action": action.name, "event": self._event.id}

        key = (self._event.id, action.name, *action.resources)
        return ledger.once(key, paid, self._clock)[1]

    def _pay(self, ledger: Ledger, action: Action) -> list[tuple[str, int]]:
        """Takes an action from the budgets: from whose, and how much. Raises _HeldError."""
        given = self._deployment
        if given.budget is None or action.kind == "record":
            return []
        from reactor.ledger import BudgetSpentError

        who = self._event.actor
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
                raise _HeldError(self._held(whose, limit, most), whose, error.left) from None
            bill.append((whose, number))
        return bill

    def _held(self, whose: str, limit: int, most: int) -> str:
        told = f"the budget of {most} actions an hour"
        if whose:
            told += " for one principal's calls"
        told += " is spent" if limit == most else " has no more for labels"
        if self._context.later is None or self._envelope is None:
            return told
        return f"{told}; it is taken up after {_next_hour():%H:%M} UTC"

    def _hold(self) -> None:
        """Keeps the event until the hour is over: then it is planned anew, by the state of then."""
        later, ledger = self._context.later, self._context.ledger
        if later is None or ledger is None or self._envelope is None:
            return
        id_ = self._event.id
        try:
            ledger().remember("held", id_, {"envelope": self._envelope})
            later.at(_next_hour(), ("held", id_), {"held": id_}, spread=5)
        except Exception as error:
            self._errors.append(("keep what the budget held back", error))
            self._telemetry.log.exception("held back and not kept", reason=str(error))

    def _sign(self, ledger: Ledger, answer: Any) -> None:
        """Writes down that a call was the reaction's own, by the id that CloudTrail has of it."""
        request = (answer or {}).get("ResponseMetadata", {}).get("RequestId", "")
        try:
            if request:
                ledger.remember("call", request, {"event": self._event.id})
        except Exception as error:  # the call's event then looks like anybody's, and is planned
            self._telemetry.log.warning("own call not noted", reason=str(error))

    # ---- alerts

    def _correlate(self, clue: Clue) -> int:
        """Adds a finding to those of its key; sends an alert for each window that has enough."""
        from reactor.windows import Sign

        given = clue.correlation
        if self._context.ledger is None:
            error = ReactionError("set REACTION_LEDGER_TABLE: findings are counted there")
            self._errors.append((f"count for {given.id}", error))
            return 0
        when = (self._event.time or datetime.now(UTC)).timestamp()
        try:
            found = completed(
                self._context.ledger(), given, clue.key, clue.step, when, self._event.id, clue.told
            )
        except Exception as error:
            self._errors.append((f"count for {given.id}", error))
            return 0
        self._telemetry.count("FindingsCounted")
        sent = 0
        for window, gathered in found.items():
            key = f"{given.id}/{clue.key}/{given.seconds}/{window}"
            alert = replace(clue.alert, key=key, details=_gathered(clue, window, gathered))
            sent += self._alert(alert, (), (), Sign(f"correlation/{key}", window * given.seconds))
        return sent

    def _alert(
        self,
        alert: Alert,
        outcomes: Sequence[Outcome],
        earlier: Sequence[str],
        sign: Sign | None = None,
    ) -> bool:
        """Sends an alert, once for its sign: the event's, unless it has one of its own."""
        mode = self._mode()[0]
        later, ledger = self._context.later, self._context.ledger
        told = outcomes if alert.acts else None
        if told is not None:
            alert = advised(alert, told, self._before)
        window = ""
        if alert.window_seconds and mode != "dry_run" and later is not None and ledger is not None:
            from reactor.windows import Windows

            try:
                admission = Windows(ledger(), later).admits(alert, self._event, self._clock, sign)
            except Exception as error:
                self._errors.append(("count the event", error))
                return False
            window = admission.window
            if not admission.at_once:
                self._telemetry.log.info("alert counted", key=alert.key, subject=alert.subject)
                self._telemetry.count("AlertsCounted")
                self._telemetry.count(f"Detections{alert.severity.capitalize()}")
                self._find(alert, told, earlier, "", window, admission.times, sign)
                return False
        # The next try of an event repeats no alert, but says if it succeeded in the end.
        statuses: set[str] = {outcome.status for outcome in outcomes}
        statuses |= {"held" for outcome in outcomes if outcome.held}
        worst = next((each for each in ("failed", "refused", "held") if each in statuses), "well")
        key = (sign.id if sign else self._event.id, "alert", alert.key or alert.subject, worst)
        sent = self._send(key, alert, told, earlier)
        if sent is not None:
            self._telemetry.count(f"Detections{alert.severity.capitalize()}")
        return self._find(alert, told, earlier, worst, window, sign=sign) or bool(sent)

    def tell_rest(self, what: Mapping[str, Any]) -> int:
        """Tells what a window held back; returns the number of alerts sent.

        Raises ReactionError.
        """
        from reactor.windows import Windows

        later, ledger = self._context.later, self._context.ledger
        if later is None or ledger is None:
            raise ReactionError("there are no windows: set REACTION_SCHEDULE_ROLE and the ledger")
        found = Windows(ledger(), later).rest(what)
        if found is None:
            return 0
        alert, pages = found
        lines = "\n".join(each for page in pages.values() for each in page)
        digest = hashlib.sha256(lines.encode()).hexdigest()
        sent = self._tell(alert, ("rest", str(what["box"]), digest))
        if not self._errors:
            for page, told in pages.items():
                ledger().strike(page, told)
        self._raise()
        return sent

    def _alert_budget(self, whose: str) -> bool:
        """Says, once an hour, which budget is spent and what becomes of what it holds back."""
        deployment = self._deployment
        hour = f"{datetime.now(UTC):%Y-%m-%d %H}:00 UTC"
        budget = deployment.principal_budget if whose else deployment.budget
        self._telemetry.count("BudgetSpent")
        self._telemetry.log.error(
            "budget spent: actions are held back", budget=budget, hour=hour, principal=whose
        )
        about = f" about calls of {whose}" if whose else ""
        then = "and only notifies until the hour is over"
        if self._context.later is not None and self._envelope is not None:
            then = (
                f"and only notifies until the hour is over. After {_next_hour():%H:%M} UTC it "
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
        deployment, log = self._deployment, self._telemetry.log
        mode, reason = self._mode()
        undo = self._undo() if outcomes is not None else ""
        told_of = (alert, self._event, outcomes, deployment.name, mode, earlier, undo)
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
            client = self._context.aws.client("sns", deployment.topic_arn.split(":")[3])
            send: Callable[[], Any] = lambda: {  # noqa: E731
                "message_id": with_retries(
                    lambda: client.publish(TopicArn=deployment.topic_arn, **sent_as), self._clock
                ).get("MessageId", "")
            }
            sent, repeated = self._once(key, send)
        except Exception as error:
            acted = getattr(error, "acted", False)
            what = "write into the ledger that the alert was sent" if acted else "send the alert"
            self._errors.append((what, error))
            if acted:
                log.exception("alert sent, but the ledger does not know", alert=told)
                return True
            why = _Tried(error).told
            log.exception("alert failed", alert={**told, "text": message["Message"], "reason": why})
            self._telemetry.count("AlertsFailed")
            return None
        if repeated:
            log.info("alert sent before", alert=told)
            return None
        log.info("alert sent", alert={**told, **(sent or {})})
        return True

    # ---- findings

    def _named(self, alerts: Sequence[Alert]) -> dict[str, str]:
        """What an audit record says of the finding of the event's alert; empty if it has none."""
        deployment = self._deployment
        if not (deployment.findings and alerts) or alerts[0].window_seconds:
            return {}
        from reactor.findings.model import uid_of

        alert = alerts[0]
        return {
            "uid": uid_of(alert, self._event, deployment.name, self._here),
            "target": deployment.findings,
            "title": alert.subject[:256],
            "severity": alert.severity,
        }

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
        """Sends an alert as a finding, or updates the one that it is in already.

        Each `result` of an event, and what became of it, is reported once. `times`: a window counts
        the event, and holds its alert back. The 2nd, 4th, 8th, ... of a key updates the finding:
        that costs money.
        """
        deployment, ledger, mode = self._deployment, self._context.ledger, self._mode()[0]
        if not deployment.findings or mode == "dry_run" or times & (times - 1):
            return False
        from reactor.findings.delivery import deliver
        from reactor.findings.model import AlertFinding, seen_at, uid_of
        from reactor.findings.target import FindingTarget

        now, here = datetime.now(UTC), self._here
        seen = seen_at(self._event, now)
        uid = uid_of(alert, self._event, deployment.name, here, window, sign.id if sign else "")
        about = {"uid": uid, "target": deployment.findings}
        try:
            known = ledger().recall("finding", uid) if ledger is not None else {}
            if times and not known:  # the window held the first one back, too
                return False
            disposition = disposition_of(outcomes or (), self._before)
            first = min(seen, datetime.fromisoformat(known.get("first", seen.isoformat())))
            created = datetime.fromisoformat(known.get("created", now.isoformat()))
            last = max(seen, datetime.fromisoformat(known.get("last", seen.isoformat())))
            finding = AlertFinding(
                uid=uid,
                alert=alert,
                event=self._event,
                told=f"{sentence(alert, outcomes, deployment.name, mode, earlier)}.",
                reaction=deployment.name,
                mode=mode,
                here=here,
                created=created,
                now=now,
                first=first,
                last=last,
                outcomes=outcomes or (),
                count=max(times, int(known.get("count", 1))),
                updates=bool(known),
                undo=self._undo() if outcomes is not None else "",
                disposition=disposition,
            )
            facts = {
                "created": created.isoformat(),
                "first": first.isoformat(),
                "last": last.isoformat(),
                "count": finding.count,
            }

            def send() -> Mapping[str, Any]:
                target = FindingTarget.parse(deployment.findings)
                deliver(target, finding, self._context.aws, self._clock)
                if ledger is not None:
                    ledger().remember("finding", uid, facts)
                return {"uid": uid}

            whose = sign.id if sign else self._event.id
            key = (uid, whose, "finding", result, disposition, str(times))
            repeated = self._once(key, send)[1]
        except Exception as error:
            self._errors.append(("send the finding", error))
            self._telemetry.log.exception("finding failed", finding=about, reason=str(error))
            self._telemetry.count("FindingsFailed")
            return False
        if not repeated:
            self._telemetry.log.info("finding sent", finding={**about, "count": finding.count})
            self._telemetry.count("FindingsSent")
        return not repeated

    def _undo(self) -> str:
        """The command that takes back what was done; empty if there is nothing to take back."""
        log_group = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME", "")
        here = self._here
        return undo_command(self._event, self._taken, here.account, here.region, log_group)

    def _once(self, key: Sequence[str], call: Callable[[], Any]) -> tuple[Any, bool]:
        if self._context.ledger is None:
            return call(), False
        return self._context.ledger().once(key, call, self._clock)

    # ---- records

    def _audit(self, outcome: Outcome, mode: str) -> None:
        found = audit.record(outcome, self._event, self._deployment.name, mode, self._finding)
        if outcome.repeated:
            self._telemetry.log.info("action taken before", action=found)
            return
        level = "error" if outcome.status in ("failed", "refused") else "info"
        getattr(self._telemetry.log, level)(f"action {outcome.status}", action=found)
        if mode == "dry_run" or not self._deployment.audit_bus:
            return
        if outcome.status != "taken":
            self._emit(found)
            return
        try:  # once: a run that died, or one at the same time, may have sent it
            self._once((self._event.id, "audit", found["id"]), lambda: self._emit(found))
        except Exception as error:
            self._errors.append(("write the audit record", error))
            self._unsent.append(found)

    def _emit(self, found: dict[str, Any]) -> None:
        bus = self._deployment.audit_bus
        if not bus:
            return
        region = bus.split(":")[3] if bus.startswith("arn:") else None
        try:
            client = self._context.aws.client("events", region)
            answer = with_retries(
                lambda: client.put_events(Entries=[audit.entry(found, bus)]), self._clock
            )
            if answer.get("FailedEntryCount"):
                failed = answer["Entries"][0]
                raise ReactionError(  # noqa: TRY301
                    f"{bus} refused it: {failed.get('ErrorCode')} {failed.get('ErrorMessage')}"
                )
        except Exception as error:
            self._errors.append(("write the audit record", error))
            self._telemetry.log.exception("audit record failed", bus=bus)
            self._unsent.append(found)

    def _recall(self) -> dict[str, Any]:
        """The actions of an earlier run that failed on this event.

        Their audit records are sent now. The run goes on if the ledger does not answer, since only
        messages need them.
        """
        if self._context.ledger is None or self._deployment.mode == "dry_run":
            return {}
        try:
            facts = self._context.ledger().recall("event", self._event.id)
        except Exception as error:
            self._errors.append(("read the ledger", error))
            return {}
        if not facts or self._mode()[0] == "dry_run":
            return {}
        for found in facts.get("unsent", []):
            self._emit(found)
        return facts

    def _remember(
        self, outcomes: Sequence[Outcome], told: Sequence[str], acted: Mapping[str, Any]
    ) -> None:
        """Keeps the outcomes of a run, for the next try of its event."""
        taken = [o.action.done for o in outcomes if o.status == "taken"]
        done = list(dict.fromkeys([*told, *taken]))
        worth = self._noted or self._unsent or self._acted != acted or (done and self._errors)
        if self._context.ledger is None or not worth:
            return
        try:
            facts = {
                "done": done, "unsent": self._unsent, "acted": self._acted, "alerts": self._kept,
                "undo": [
                    [each.region, each.undo.service, each.undo.operation]
                    for each in self._taken
                    if each.undo is not None
                ],
            }  # fmt: skip
            if self._deployment.findings:
                facts["disposition"] = disposition_of(outcomes, self._before)
            self._context.ledger().remember("event", self._event.id, facts)
        except Exception as error:
            self._errors.append(("write into the ledger what was done", error))
            self._telemetry.log.exception("the ledger could not be written", reason=str(error))


class _HeldError(Exception):
    """A budget holds an action back: whose (empty: that of all), and how many it has left."""

    def __init__(self, told: str, whose: str, left: int) -> None:
        super().__init__(told)
        self.whose = whose
        self.left = left


_METRICS = {
    "planned": "ActionsPlanned",
    "taken": "ActionsTaken",
    "exempt": "ExemptionsUsed",
    "refused": "ActionsRefused",
    "failed": "ActionsFailed",
    "repeated": "ActionsRepeated",
    "alerts": "AlertsSent",
}


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


def _read_action(kept: Mapping[str, Any]) -> Action:
    undo = kept["undo"] and Undo(**kept["undo"])
    lists = {name: tuple(kept[name]) for name in ("resources", "not_yet")}
    return Action(**{**kept, **lists, "undo": undo})


def _undoable(region: str, service: str, operation: str) -> Action:
    """An action of an earlier run, as far as the command that takes it back needs it."""
    return Action(service, "", {}, (), "", "", Undo(service, operation, {}), region=region)


def _next_hour() -> datetime:
    now = datetime.now(UTC)
    return now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


def _refusal_alert(event: Event, name: str) -> Alert:
    place = f"{event.region or 'an unknown Region'} of account {event.account or 'unknown'}"
    when = f" at {event.time:%Y-%m-%d %H:%M:%S} UTC" if event.time else ""
    return Alert(
        severity="high",
        subject=f"{name} refused to act on {event.name} in {event.region} ({event.account})",
        headline=f"{event.actor.label} called {event.name} in {place}{when}",
    )
