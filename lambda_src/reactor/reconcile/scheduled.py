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

import gzip
import json
import os
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from reactor.aws import Aws
from reactor.digest.checkpoint import Checkpoints, TakenError
from reactor.digest.verdicts import iso
from reactor.patterns.target_input import InputError
from reactor.reconcile.judge import Arrival, Judge, Judged, NoLogFileError
from reactor.reconcile.log import File, LogFiles
from reactor.reconcile.redeliver import NoWayToError, marked, redeliver
from reactor.reconcile.rules import Deployed, Rule, read_deployed
from reactor.reconcile.state import Reconciled, State
from reactor.reconcile.witness import Witness
from reactor.retry import error_code
from reactor.settings import SettingsError, parse_settings
from reactor.shapes import is_account
from reactor.telemetry import Telemetry

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_MOST_AT_ONCE = timedelta(hours=6)
_LEAST_LEFT = 30.0  # seconds in which the state is saved and people are told
_TOLD_IN_A_MESSAGE = 20
_RULES = "rules.json"
# What is worth an alert, and what is handed on.
_MISSED = (Arrival.LOST, Arrival.DISABLED, Arrival.CHANGED, Arrival.TOO_LARGE)
_HANDED_ON = (Arrival.LOST, Arrival.DISABLED)
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


@dataclass(frozen=True)
class Settings:
    """The trail whose log files to read, and where the rules and their witness lie.

    `bucket` is the bucket to read; if it holds copies, `delivered_to` is the one that CloudTrail
    wrote to. `checkpoint_table` is digest validation's: what it has proven is reconciled, and only
    files that a signed digest names are read. Without, all files are read, `lag_minutes` after they
    came. `witness_bucket` has the rules' document and the lines of the witness. An event is late
    after `late_minutes`. `redeliver` says whether missed events are handed on.
    """

    bucket: str
    trail_name: str
    home_region: str
    account_id: str
    witness_bucket: str
    state_table: str
    work_queue_url: str
    failure_queue_url: str
    bucket_region: str = ""
    prefix: str = ""
    organization_id: str = ""
    delivered_to: str = ""
    checkpoint_table: str = ""
    lag_minutes: int = 90
    late_minutes: int = 15
    stale_minutes: int = 360
    redeliver: bool = True


class LogLike(Protocol):
    """The log of a trail, as `LogFiles`."""

    def places(self, home: tuple[str, str]) -> Iterable[tuple[str, str]]: ...
    def files(
        self, account: str, region: str, start: datetime, end: datetime
    ) -> Iterable[File]: ...


def handler(event: Mapping[str, Any], context: object = None) -> dict[str, Any]:
    """Lambda's entry point. Raises SettingsError, and AWS's errors if the fan-out fails."""
    settings = parse_settings(Settings, os.environ.get("REACTION_SETTINGS") or "{}")
    name = os.environ.get("REACTION_NAME") or "reconciliation"
    left = getattr(context, "get_remaining_time_in_millis", None)
    end = time.monotonic() + (left() / 1000 if left else 900)
    log = LogFiles(
        settings.bucket_region or os.environ.get("AWS_REGION", settings.home_region),
        settings.bucket,
        (settings.trail_name, settings.home_region),
        settings.prefix,
        settings.organization_id,
        settings.delivered_to,
        bool(settings.checkpoint_table),
    )
    topic = os.environ.get("ALERT_TOPIC_ARN", "")
    if topic and topic.count(":") != 5:
        raise SettingsError(
            f"ALERT_TOPIC_ARN is {topic!r}; give the ARN of an SNS topic, or leave it out."
        )
    worker = Reconciler(settings, name, Aws(), Telemetry(name, os.environ), topic, log, end)
    try:
        return worker.work(event["Records"]) if "Records" in event else worker.fan_out()
    finally:
        worker.flush()


class Reconciler:
    """One invocation; `end` is when it must be over, in seconds of time.monotonic."""

    def __init__(
        self,
        settings: Settings,
        name: str,
        aws: Aws,
        telemetry: Telemetry,
        topic_arn: str,
        log: LogLike,
        end: float,
    ) -> None:
        self._settings = settings
        self._name = name
        self._aws = aws
        self._telemetry = telemetry
        self._topic = topic_arn
        self._log = log
        self._end = end
        dynamodb = aws.client("dynamodb")
        self._state = State(dynamodb, settings.state_table)
        self._proofs = (
            Checkpoints(
                dynamodb,
                settings.checkpoint_table,
                f"{settings.trail_name}_{settings.home_region}",
            )
            if settings.checkpoint_table
            else None
        )
        self._delays: dict[str, float] = {}

    # What Scheduler starts

    def fan_out(self) -> dict[str, Any]:
        """Puts one message for each account and Region into the work queue, measures the silence
        and tells the day before, once.
        """
        known = {(each.account, each.region): each for each in self._state.places()}
        home = (self._settings.account_id, self._settings.home_region)
        ready: dict[tuple[str, str], datetime | None]
        if self._proofs:
            ready = {e.place: e.until for e in self._proofs.all() if is_account(e.place[0])}
        else:
            lag = timedelta(minutes=self._settings.lag_minutes)
            ready = dict.fromkeys(self._log.places(home), self._state.clock - lag)
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

    def _ready(self, account: str, region: str) -> datetime:
        """Up to when the log files of a place are there, and proven."""
        if self._proofs:
            checkpoint = self._proofs.load(account, region)
            return checkpoint.until or datetime.min.replace(tzinfo=UTC)
        return self._state.clock - timedelta(minutes=self._settings.lag_minutes)

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
        rules = len({rule.arn for rule in self._deployed().rules if rule.until is None})
        text = day_line(date, total, rules, [(e.account, e.region) for e in seen], len(behind))
        if not self._proofs:
            text += " The log itself is not proven: no digest validation is there."
        self._publish("low", f"Reconciliation of {date}", text + "\n")
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
        ready = min(self._ready(account, region), place.until + _MOST_AT_ONCE)
        deployed = self._deployed()
        while place.until < ready and self._left() > _LEAST_LEFT:
            end = min(ready, (place.until + _HOUR).replace(minute=0, second=0, microsecond=0))
            end = end if end > place.until else min(ready, place.until + _HOUR)
            total += self._span(place, deployed, end)
            try:
                self._state.save(place)
            except TakenError as error:
                # What it found stands, and what was handed on is noted.
                self._telemetry.log.info("another worker was faster", place=str(error))
                break
        return total

    def _span(self, place: Reconciled, deployed: Deployed, end: datetime) -> Counter[str]:
        """Judges the files of a time up to `end`, hands on, tells, and moves the place."""
        start = place.until
        settings = self._settings
        witness = Witness(place.account, place.region, self._lines, self._state.clock)
        judge = Judge(
            deployed,
            place.account,
            place.region,
            witness,
            timedelta(minutes=settings.late_minutes),
        )
        states = RuleStates(self._aws, self._telemetry)
        missed: list[str] = []
        blind: Counter[str] = Counter()
        numbers: Counter[str] = Counter()
        for file in self._log.files(place.account, place.region, start, end):
            reason = file.reason
            try:
                for each in judge.judge(file.text) if file.text is not None else ():
                    if each.verdict is Arrival.BLIND:
                        blind[each.rule.name] += 1
                    elif each.verdict in _MISSED:
                        missed.append(self._missed(each, states, judge))
            except NoLogFileError as error:
                reason = str(error)
            if reason:
                numbers["unread"] += 1
                self._telemetry.log.error("file left out", key=file.key, reason=reason)
        numbers += judge.tally.verdicts
        numbers["repeated"] += judge.tally.repeated
        self._measure(place, start, end, numbers, judge)
        self._tell_missed(place, start, end, missed)
        self._tell_blind(place, blind)
        day = f"{end - timedelta(microseconds=1):%Y-%m-%d}"
        place.days.setdefault(day, Counter()).update(numbers)
        place.until = end
        return numbers

    def _missed(self, judged: Judged, states: RuleStates, judge: Judge) -> str:
        """Hands a missed event on, if it is to be; a line on it."""
        verdict, told = judged.verdict, ""
        if verdict in _HANDED_ON:
            verdict = states.of(judged.rule)
            judge.tally.verdicts[judged.verdict] -= 1
            judge.tally.verdicts[verdict] += 1
            told = self._hand_on(judged, verdict)
        return _missed_line(judged, verdict, told)

    def _hand_on(self, judged: Judged, verdict: Arrival) -> str:
        """Gives an event to its rule's targets, once; a clause on what became of it."""
        if not self._settings.redeliver:
            return "not redelivered: redeliver is off"
        rule = judged.rule
        if self._state.redelivered(rule.arn, judged.id):
            return "redelivered before"
        now = self._state.clock
        named = Judged(rule, judged.id, judged.time, verdict, judged.event)
        event = marked(named, self._name, now)
        outcome = []
        for target in rule.targets:
            try:
                redeliver(target, rule.arn, event, now, self._aws)
                self._telemetry.count("EventsRedelivered")
                outcome.append(f"redelivered to {target.id}")
            except NoWayToError as error:
                outcome.append(f"not to {target.id} ({error})")
            except Exception as error:
                # The others must not wait for it. It is kept as EventBridge keeps dead letters.
                self._telemetry.log.exception("not redelivered", target=target.arn)
                self._keep(rule, target.arn, event, error)
                self._telemetry.count("RedeliveriesFailed")
                outcome.append(f"not to {target.id} (kept in the failure queue)")
        self._state.remember(rule.arn, judged.id)
        return ", ".join(outcome) or "the rule has no targets"

    def _keep(self, rule: Rule, target: str, event: Mapping[str, Any], error: Exception) -> None:
        """Puts an event that a target did not take into the failure queue.

        https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
        """
        code = error.code if isinstance(error, InputError) else error_code(error)
        told = {
            "RULE_ARN": rule.arn,
            "TARGET_ARN": target,
            "ERROR_CODE": code or type(error).__name__,
            "ERROR_MESSAGE": str(error)[:500] or "-",
        }
        self._aws.client("sqs").send_message(
            QueueUrl=self._settings.failure_queue_url,
            MessageBody=json.dumps(event),
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value} for name, value in told.items()
            },
        )

    # Rules and witness

    def _deployed(self) -> Deployed:
        s3, bucket = self._aws.client("s3"), self._settings.witness_bucket
        answer = s3.list_object_versions(Bucket=bucket, Prefix=_RULES)
        return read_deployed(
            (
                each["LastModified"].astimezone(UTC),
                s3.get_object(Bucket=bucket, Key=_RULES, VersionId=each["VersionId"])["Body"]
                .read()
                .decode(),
            )
            for each in answer.get("Versions", ())
            if each["Key"] == _RULES
        )

    def _lines(self, hour: datetime) -> Iterable[bytes]:
        s3, bucket = self._aws.client("s3"), self._settings.witness_bucket
        pages = s3.get_paginator("list_objects_v2").paginate(
            Bucket=bucket, Prefix=f"witness/{hour:%Y/%m/%d/%H}/"
        )
        for page in pages:
            for each in page.get("Contents", ()):
                body = s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read()
                yield _unpacked(body)

    # Alerts and metrics

    def _left(self) -> float:
        return self._end - time.monotonic()

    def _measure(
        self, place: Reconciled, start: datetime, end: datetime, numbers: Counter[str], judge: Judge
    ) -> None:
        # Zeros are written, too: a metric that is there says that somebody looked.
        for verdict, metric in _METRICS.items():
            self._telemetry.count(metric, numbers[verdict])
        self._telemetry.count("EventsRepeated", numbers["repeated"])
        self._telemetry.count("FilesUnread", numbers["unread"])
        for name, share in (("LatenessP50", 0.5), ("LatenessP99", 0.99)):
            value = judge.tally.delay(share) * 1000
            self._delays[name] = max(self._delays.get(name, 0), value)
        self._telemetry.log.info(
            "reconciled",
            account=place.account,
            region=place.region,
            start=iso(start),
            end=iso(end),
            numbers=dict(numbers),
        )

    def _tell_missed(
        self, place: Reconciled, start: datetime, end: datetime, missed: Sequence[str]
    ) -> None:
        if not missed:
            return
        where = f"account {place.account}, {place.region}"
        lines = [
            f"{len(missed)} events that rules should have seen did not reach them ({where}, log "
            f"from {iso(start)} to {iso(end)}).",
            "",
            *missed[:_TOLD_IN_A_MESSAGE],
        ]
        if len(missed) > _TOLD_IN_A_MESSAGE:
            lines.append(f"and {len(missed) - _TOLD_IN_A_MESSAGE} more, each in the log")
        for line in missed:
            self._telemetry.log.error("missed", text=line)
        subject = f"{len(missed)} events missed in {place.region} ({place.account})"
        self._publish("high", subject, "\n".join(lines) + "\n")

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
            "its own, and tell this module of it (forwarded). This is told once.\n"
        )
        self._publish("medium", f"Blind spot: {place.region} ({place.account})", text)

    def _publish(self, severity: str, subject: str, text: str) -> None:
        if not self._topic:
            self._telemetry.log.warning("nobody is told: set ALERT_TOPIC_ARN", text=text)
            return
        told = {"severity": severity, "reaction": self._name}
        self._aws.client("sns", self._topic.split(":")[3]).publish(
            TopicArn=self._topic,
            Subject=f"[{severity}] {subject}"[:100],
            Message=text,
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value} for name, value in told.items()
            },
        )
        self._telemetry.count("AlertsSent")

    def flush(self) -> None:
        """Writes the metrics."""
        self._telemetry.flush(**self._delays)


class RuleStates:
    """Why a rule saw nothing, by its state now; each rule is looked up once."""

    def __init__(self, aws: Aws, telemetry: Telemetry) -> None:
        self._aws = aws
        self._telemetry = telemetry
        self._known: dict[str, Arrival] = {}

    def of(self, rule: Rule) -> Arrival:
        """`disabled` where somebody disabled, changed or deleted it; else, or unread, `lost`."""
        if rule.arn not in self._known:
            self._known[rule.arn] = self._look(rule)
        return self._known[rule.arn]

    def _look(self, rule: Rule) -> Arrival:
        parts = rule.arn.split(":")
        bus, _, name = parts[5].removeprefix("rule/").rpartition("/")
        call = {"Name": name, **({"EventBusName": bus} if bus else {})}
        try:
            found = self._aws.client("events", parts[3]).describe_rule(**call)
        except Exception as error:
            if error_code(error) == "ResourceNotFoundException":
                return Arrival.DISABLED  # somebody took it away; Terraform still tells of it
            # Its targets must not wait for the reason.
            self._telemetry.log.exception("the rule's state can't be read", rule=rule.arn)
            return Arrival.LOST
        if found.get("State") == "DISABLED":
            return Arrival.DISABLED
        same = _json(found.get("EventPattern")) == _json(rule.pattern)
        return Arrival.LOST if same else Arrival.DISABLED


def day_line(
    date: str,
    total: Mapping[str, int],
    rules: int,
    places: Sequence[tuple[str, str]],
    behind: int,
) -> str:
    """The line on a day, such as `2026-11-28: 41,208 events of 38 rules in 12 accounts x 17
    Regions: all seen; 3 late.`
    """
    missed = sum(total.get(each, 0) for each in _MISSED)
    events = missed + sum(total.get(each, 0) for each in (Arrival.SEEN, Arrival.LATE))
    accounts = len({account for account, _ in places})
    regions = len({region for _, region in places})
    told = ["all seen" if not missed else f"{missed:,} missed"]
    handed = sum(total.get(each, 0) for each in _HANDED_ON)
    told += [f"{handed:,} of them redelivered"] if handed else []
    for name, what in (
        (Arrival.LATE, "late"),
        ("repeated", "delivered twice"),
        (Arrival.BLIND, "where no way leads to the rules"),
        (Arrival.FILTERED, "left out by forwarding"),
        ("unread", "log files could not be read"),
    ):
        told += [f"{total[name]:,} {what}"] if total.get(name) else []
    told += [f"{behind} places are behind"] if behind else []
    return (
        f"{date}: {events:,} events of {rules} rules in {accounts} accounts and {regions} Regions: "
        f"{'; '.join(told)}."
    )


def _missed_line(judged: Judged, verdict: Arrival, told: str) -> str:
    detail = judged.event["detail"]
    call = f"{detail.get('eventSource')} {detail.get('eventName')}"
    line = f"{verdict}: {call} at {iso(judged.time)}, {judged.id}, rule {judged.rule.name}"
    return f"{line}: {told}" if told else line


def _unpacked(body: bytes) -> bytes:
    return gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body


def _json(text: str | None) -> Any:
    return json.loads(text) if text else None
