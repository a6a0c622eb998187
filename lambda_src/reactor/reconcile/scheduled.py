"""The Lambda function that compares what the log proves with what the rules saw.

EventBridge Scheduler starts it with {"scheduled_time": "..."}: it finds the accounts and Regions,
puts one message for each into the work queue, and once a day tells people how the day before went.
SQS starts it with those messages. For each the function reads the log files since the last time,
decides by the rules' patterns what they should have seen, looks up what they saw, and hands what
they did not see to their targets. Both may come twice: the table says how far a place is, and what
was handed on.

Messages are not believed: a message names a place that the function itself has found, and no time.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from reactor.alerts import attributes, inert, subject_line
from reactor.aws import Aws
from reactor.digest.checkpoint import TakenError
from reactor.digest.verdicts import iso
from reactor.reconcile.daily import day_line
from reactor.reconcile.handover import Handover
from reactor.reconcile.judge import HANDED_ON, MISSED, Arrival, Judge, Judged, arrival
from reactor.reconcile.kept import KeptLines
from reactor.reconcile.look import RuleStates, unseen
from reactor.reconcile.rules import Deployed
from reactor.reconcile.sources import AwsLike, LogLike, Settings, Sources, log_files
from reactor.reconcile.state import MissedEvent, Reconciled
from reactor.reconcile.witness import LATEST, Witness
from reactor.retry import end_of
from reactor.settings import alert_topic, parse_settings
from reactor.telemetry import Telemetry
from reactor.wording import several

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_MOST_AT_ONCE = timedelta(hours=6)
_LEAST_LEFT = 30.0  # seconds in which the state is saved and people are told
_TOLD_IN_A_MESSAGE = 20
_LONGEST_LINE = 2_000  # characters; a message has 20 such lines at most
_METRICS = {
    Arrival.SEEN: "EventsSeen",
    Arrival.LATE: "EventsLate",
    Arrival.LOST: "EventsMissed",
    Arrival.DISABLED: "EventsMissed",
    Arrival.CHANGED: "EventsMissed",
    Arrival.TOO_LARGE: "EventsMissed",
    Arrival.BLIND: "EventsBlind",
    Arrival.FILTERED: "EventsFiltered",
}
# Two fifths of the function's memory, in bytes: as much is needed to read an hour.
_kept = KeptLines(int(os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")) * (2 << 20) // 5)


def handler(event: Mapping[str, Any], context: object = None) -> dict[str, Any]:
    """Lambda's entry point. Raises SettingsError, and AWS's errors if the fan-out fails."""
    settings = parse_settings(Settings, os.environ.get("REACTION_SETTINGS") or "{}")
    name = os.environ.get("REACTION_NAME") or "reconciliation"
    log = log_files(settings, os.environ.get("AWS_REGION", settings.home_region))
    telemetry, topic = Telemetry(name, os.environ), alert_topic(os.environ)
    worker = Reconciler(settings, name, Aws(), telemetry, topic, log, end_of(context), _kept)
    try:
        return worker.work(event["Records"]) if "Records" in event else worker.fan_out()
    finally:
        worker.flush()


class Reconciler:
    """One invocation; `end` is when it must be over, in seconds of time.monotonic. `kept` is what
    the process keeps from one to the next.
    """

    def __init__(
        self,
        settings: Settings,
        name: str,
        aws: AwsLike,
        telemetry: Telemetry,
        topic_arn: str,
        log: LogLike,
        end: float,
        kept: KeptLines,
    ) -> None:
        self._settings = settings
        self._name = name
        self._aws = aws
        self._telemetry = telemetry
        self._topic = topic_arn
        self._log = log
        self._end = end
        self._kept = kept
        self._sources = Sources(aws, settings)
        self._state = self._sources.state
        self._handover = Handover(
            aws,
            self._state,
            name,
            settings.failure_queue_url,
            telemetry.count,
            lambda target: telemetry.log.exception("not redelivered", target=target),
        )
        self._delays: dict[str, float] = {}

    # What Scheduler starts

    def fan_out(self) -> dict[str, Any]:
        """Puts one message for each account and Region into the work queue, measures the silence
        and tells the day before, once.
        """
        known = {(each.account, each.region): each for each in self._state.places()}
        ready = self._sources.places(self._log)
        queue = self._aws.client("sqs")
        oldest = timedelta()
        for (account, region), until in sorted(ready.items()):
            place = known.get((account, region))
            if place is None:
                place = self._begin(account, region)
                known[account, region] = place
            oldest = max(oldest, (until or place.until) - place.until)
            body = json.dumps({"account": account, "region": region})
            queue.send_message(QueueUrl=self._settings.work_queue_url, MessageBody=body)
        self._telemetry.count("Shards", len(ready))
        # How far the slowest place is behind what its log has. What the log lacks is for digest
        # validation to tell.
        self._telemetry.count("BehindMinutes", round(oldest.total_seconds() / 60))
        self._tell_day([known[place] for place in ready])
        return {"shards": len(ready)}

    def _begin(self, account: str, region: str) -> Reconciled:
        """A place that was found for the first time; its first log files may be some hours old.

        Rules are asked for nothing that happened before they were there.
        """
        place = Reconciled(account, region, until=self._state.clock - _MOST_AT_ONCE)
        try:
            self._state.save(place)
        except TakenError:
            return self._state.load(account, region)
        return place

    def _tell_day(self, places: Sequence[Reconciled]) -> None:
        """One line a day to people, once every place is through with the day."""
        now = self._state.clock
        today = now.replace(hour=0, minute=0, second=0, microsecond=0)
        date = f"{today - _DAY:%Y-%m-%d}"
        behind = [each for each in places if each.until < today]
        waits = behind and now - today < timedelta(minutes=self._settings.stale_minutes)
        seen = [each for each in places if date in each.days]
        if not seen or waits or self._state.last_day() >= date:
            return
        total: Counter[str] = Counter()
        for place in places:
            total.update(place.days.get(date, {}))
        rules = len({rule.arn for rule in self._sources.deployed().rules if rule.until is None})
        reached = [(each.account, each.region) for each in seen]
        text = day_line(date, total, rules, reached, len(behind), self._sources.proven)
        self._publish("low", f"Reconciliation of {date}", [text])
        self._state.tell_day(date)

    # What SQS starts

    def work(self, records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Works on the accounts and Regions that the messages name; failed messages come again."""
        failures = []
        for record in records:
            try:
                asked = json.loads(record["body"])
                self.reconcile(str(asked["account"]), str(asked["region"]))
            except Exception:
                self._telemetry.log.exception("reconciliation failed", asked=record.get("body"))
                self._telemetry.count("ReconciliationsFailed")
                failures.append({"itemIdentifier": record["messageId"]})
        return {"batchItemFailures": failures}

    def reconcile(self, account: str, region: str) -> Counter[str]:
        """Reconciles a place up to where its log is ready; returns the numbers by verdict.

        Raises ValueError for a place that was not found before, and AWS's errors: the place is then
        as far as it was, and what was handed on is not handed on again.
        """
        total: Counter[str] = Counter()
        place = self._state.load(account, region)
        if not place.version:
            raise ValueError("the message names a place that the function has not found")
        ready = min(self._sources.ready(account, region), place.until + _MOST_AT_ONCE)
        if self._look_again(place) and not self._save(place):
            return total
        deployed = self._sources.deployed()
        while place.until < ready and self._left() > _LEAST_LEFT:
            end = min(ready, (place.until + _HOUR).replace(minute=0, second=0, microsecond=0))
            end = end if end > place.until else min(ready, place.until + _HOUR)
            total += self._span(place, deployed, end)
            if not self._save(place):
                break
        return total

    def _save(self, place: Reconciled) -> bool:
        try:
            self._state.save(place)
        except TakenError as error:
            # What it found stands, and what was handed on is noted.
            line = "another worker saved this place first: what is left is the next run's"
            self._telemetry.log.info(line, place=str(error))
            return False
        return True

    def _span(self, place: Reconciled, deployed: Deployed, end: datetime) -> Counter[str]:
        """Judges the files of a time up to `end`, hands on, tells, and moves the place."""
        start, settings, log = place.until, self._settings, self._telemetry.log
        now, here = self._state.clock, (place.account, place.region)
        witness = Witness(
            *here, lambda hour: self._kept.of(here, hour, now, self._sources.lines), now
        )
        judge = Judge(deployed, place.account, place.region, witness, settings.late_after)
        states = RuleStates(
            self._aws, lambda rule: log.exception("the rule's state can't be read", rule=rule)
        )
        day = f"{end - timedelta(microseconds=1):%Y-%m-%d}"
        missed: list[tuple[Judged, str]] = []
        again: list[MissedEvent] = []
        blind: Counter[str] = Counter()
        numbers: Counter[str] = Counter()

        def unread(key: str, reason: str) -> None:
            numbers["unread"] += 1
            log.error("file left out", key=key, reason=reason)

        files = self._log.files(place.account, place.region, start, end)
        for each in unseen(files, judge, states, unread):
            if each.verdict is Arrival.BLIND:
                blind[each.rule.name] += 1
            elif each.verdict in MISSED:
                taken, told = self._hand_on(each)
                numbers["redelivered"] += taken
                missed.append((each, f"{each.told}: {told}" if told else each.told))
                if each.time + LATEST > self._state.clock:
                    again.append(MissedEvent(each.id, each.rule.arn, each.time, each.verdict, day))
        if not self._state.keep_missed(place, again):
            log.warning("too many are missed to look for all their witnesses again")
        tally = judge.tally()
        numbers += tally.verdicts
        numbers["repeated"] += tally.repeated
        for name, share in (("LatenessP50", 0.5), ("LatenessP99", 0.99)):
            self._delays[name] = max(self._delays.get(name, 0), tally.delay(share) * 1000)
        self._measure(place, start, end, numbers)
        self._tell_missed(place, start, end, missed)
        self._tell_blind(place, blind)
        place.days.setdefault(day, Counter()).update(numbers)
        place.until = end
        return numbers

    def _hand_on(self, judged: Judged) -> tuple[bool, str]:
        """Gives an event to its rule's targets, if it is to be, as Handover.give."""
        if judged.verdict not in HANDED_ON:
            return False, ""
        if not self._settings.redeliver:
            return False, "not redelivered: redeliver is off"
        return self._handover.give(judged)

    def _look_again(self, place: Reconciled) -> bool:
        """Counts events that were told as missed as late, where their witness has come since.

        True if there is something to save. What was handed on stays handed on. If the day's line
        was sent already, the next one tells.
        """
        since, now = place.looked, self._state.clock
        place.looked = now
        if not place.missed:
            return False
        witness = Witness(
            place.account, place.region, lambda hour: self._sources.lines(hour, since), now
        )
        told, today = self._state.last_day(), f"{now:%Y-%m-%d}"
        before, place.missed = place.missed, []
        for id_ in before:
            events = self._state.missed(id_)
            left = []
            for event in events:
                sight = witness.sight(event.id, event.rule, event.time)
                if sight is None:
                    left.append(event)
                    continue
                came = arrival(sight.first - event.time, self._settings.late_after)
                numbers = place.days.setdefault(event.day, Counter())
                numbers[event.verdict] -= 1
                numbers[came] += 1
                numbers["repeated"] += sight.times - 1
                if event.day <= told:
                    place.days.setdefault(today, Counter())["belated"] += 1
                self._telemetry.count(_METRICS[came])
                self._telemetry.log.info("was not missed", id=event.id, rule=event.rule)
            open_ = [event for event in left if event.time + LATEST > now]
            if len(open_) == len(events):
                place.missed += [id_] if events else []
            else:
                self._state.keep_missed(place, open_)
        return place.missed != before

    # Alerts and metrics

    def _left(self) -> float:
        return self._end - time.monotonic()

    def _measure(
        self, place: Reconciled, start: datetime, end: datetime, numbers: Counter[str]
    ) -> None:
        # Zeros are written, too: a metric that is there says that somebody looked.
        for verdict, metric in _METRICS.items():
            self._telemetry.count(metric, numbers[verdict])
        self._telemetry.count("EventsRepeated", numbers["repeated"])
        self._telemetry.count("FilesUnread", numbers["unread"])
        self._telemetry.log.info(
            "reconciled",
            account=place.account,
            region=place.region,
            start=iso(start),
            end=iso(end),
            numbers=dict(numbers),
        )

    def _tell_missed(
        self,
        place: Reconciled,
        start: datetime,
        end: datetime,
        missed: Sequence[tuple[Judged, str]],
    ) -> None:
        if not missed:
            return
        where = f"account {place.account}, {place.region}"
        shown = missed[:_TOLD_IN_A_MESSAGE]
        lines = [
            f"{several(len(missed), 'event')} that rules should have seen did not reach them: "
            f"{where}, in the log files that CloudTrail delivered from {iso(start)} to {iso(end)}.",
            "",
            *(line for _, line in shown),
        ]
        if len(missed) > _TOLD_IN_A_MESSAGE:
            lines.append(f"and {len(missed) - _TOLD_IN_A_MESSAGE:,} more, each in the log")
        rules = {each.rule.name: each.rule for each, _ in shown}
        lines += [
            "",
            *(f"{verdict}: {MISSED[verdict]}" for verdict in MISSED
              if any(each.verdict is verdict for each, _ in shown)),
            *(f"EventBridge rule {name} leads to "
              f"{', '.join(t.told for t in rule.targets) or 'nothing'}."
              for name, rule in rules.items()),
        ]  # fmt: skip
        for _, line in missed:
            self._telemetry.log.error("missed", text=line)
        about = f"{several(len(missed), 'event')} missed in {place.region} ({place.account})"
        self._publish("high", about, lines)

    def _tell_blind(self, place: Reconciled, blind: Counter[str]) -> None:
        """Tells of rules that events of a place have no way to, once each."""
        new = {name: number for name, number in blind.items() if name not in place.told}
        if not new:
            return
        place.told.update(new)
        names = ", ".join(f"{name} ({number})" for name, number in sorted(new.items())[:50])
        text = (
            f"Nothing leads from account {place.account}, {place.region}, to these rules, and "
            f"events there would have matched: {names}. Deploy event-forwarding there, or rules of "
            "its own, and tell this module of it (forwarded). This is told once."
        )
        self._publish("medium", f"Blind spot: {place.region} ({place.account})", [text])

    def _publish(self, severity: str, about: str, lines: Sequence[str]) -> None:
        """Tells people. Whoever makes a call, or writes a file, chooses some of the words."""
        text = "".join(f"{inert(line, _LONGEST_LINE)}\n" for line in lines)
        if not self._topic:
            self._telemetry.log.warning("nobody is told: set ALERT_TOPIC_ARN", text=text)
            return
        self._aws.client("sns", self._topic.split(":")[3]).publish(
            TopicArn=self._topic,
            Subject=subject_line(severity, about),
            Message=text,
            MessageAttributes=attributes(severity=severity, reaction=self._name),
        )
        self._telemetry.count("AlertsSent")

    def flush(self) -> None:
        """Writes the metrics."""
        self._telemetry.flush(**self._delays)
