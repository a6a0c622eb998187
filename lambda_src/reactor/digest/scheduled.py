"""The Lambda function that proves a trail hour by hour, and tells when it can't.

EventBridge Scheduler starts it with {"scheduled_time": "..."}: it finds the accounts and Regions,
and puts one message for each into the work queue. SQS starts it with those messages. For each the
function proves from the checkpoint on, proves a share of what was proven before anew, and looks at
a share of all names; it alerts on what is new, and moves the checkpoint. Both may come twice: the
function neither proves nor tells anything again.

Messages are not believed: a message names a place that the function itself has found before, and
its time counts only as far as AWS's clock allows.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from reactor.aws import Aws
from reactor.digest.checkpoint import Checkpoint, Checkpoints, TakenError
from reactor.digest.engine import Engine
from reactor.digest.names import Shard
from reactor.digest.places import Settings, TrailPlaces
from reactor.digest.reporter import Reporter, ids_of, is_unproven
from reactor.digest.sweep import oldest, sweep
from reactor.digest.transport import AccessError
from reactor.digest.validation import Span, validate
from reactor.digest.verdicts import Cover, Finding, Interval, Kind, Report, Verdict, iso
from reactor.retry import end_of
from reactor.settings import alert_topic, parse_settings
from reactor.shapes import is_account, is_region
from reactor.telemetry import Telemetry

_MOST_AT_ONCE = timedelta(hours=24)
_HELD = timedelta(hours=6)
_DAY = timedelta(days=1)
_OLDEST_MESSAGE = timedelta(days=14)  # the longest that a queue keeps one
# Lifecycle rules remove objects once a day, and a digest is younger than what it names.
_RAGGED = timedelta(days=2)
_MOST_PROVEN_ANEW = timedelta(days=7)
_MOST_STRAYS = 1_000
_PART = 0.6  # of the time that is left, what one task may take
_HOUR = timedelta(hours=1)
# Verdicts that may be better next time: the checkpoint waits some hours for them.
_PASSING = (Verdict.ARCHIVED, Verdict.UNREADABLE)


def handler(event: Mapping[str, Any], context: object = None) -> dict[str, Any]:
    """Lambda's entry point. Raises SettingsError, and AWS's errors if the fan-out fails."""
    settings = parse_settings(Settings, os.environ.get("REACTION_SETTINGS") or "{}")
    name = os.environ.get("REACTION_NAME") or "digest-validation"
    telemetry, topic = Telemetry(name, os.environ), alert_topic(os.environ)
    worker = Worker(settings, name, Aws(), telemetry, topic, end_of(context))
    try:
        if "Records" in event:
            return worker.work(event["Records"])
        return worker.fan_out(_when(event.get("scheduled_time")))
    finally:
        worker.flush()


class Worker:
    """One invocation; `end` is when it must be over, in seconds of time.monotonic."""

    def __init__(
        self,
        settings: Settings,
        name: str,
        aws: Aws,
        telemetry: Telemetry,
        topic_arn: str,
        end: float = math.inf,
    ) -> None:
        self._settings = settings
        self._aws = aws
        self._telemetry = telemetry
        self._end = end
        self._places = TrailPlaces(settings)
        self._reporter = Reporter(settings, name, aws, telemetry, topic_arn)
        self._checkpoints = Checkpoints(
            aws.client("dynamodb"), settings.checkpoint_table, settings.trail
        )

    # What Scheduler starts

    def fan_out(self, asked: datetime) -> dict[str, Any]:
        """Puts one message for each account and Region into the work queue, and measures the
        silence: the age of the newest proof where it is oldest.
        """
        known = {each.place: each for each in self._checkpoints.all()}
        now = self._believed(asked)
        found = set(self._places.found())
        if not self._places.fixed:
            # They were there before, and may have been deleted since.
            found |= {place for place, each in known.items() if each.since}
        places = sorted(found)
        for place in places:
            if place not in known:
                known[place] = self._begin(place, now)
        sqs = self._aws.client("sqs")
        for account, region in places:
            named = {"trail": self._settings.trail, "account": account, "region": region}
            body = json.dumps({**named, "now": iso(now)})
            sqs.send_message(QueueUrl=self._settings.work_queue_url, MessageBody=body)
        self._telemetry.count("Shards", len(places))
        self._telemetry.log.info("validations started", shards=len(places), now=iso(now))
        self._measure_silence([known[place] for place in places], now)
        try:
            self._look_around(set(places), now)
        except Exception:
            self._telemetry.log.exception("the other folders could not be looked at")
            self._telemetry.count("ValidationsFailed")
        return {"shards": len(places)}

    def _begin(self, place: tuple[str, str], now: datetime) -> Checkpoint:
        """The checkpoint of a place that was found for the first time."""
        checkpoint = replace(self._checkpoints.load(*place), seen=now)
        try:
            self._checkpoints.save(checkpoint)
        except TakenError:
            return self._checkpoints.load(*place)
        return checkpoint

    def _measure_silence(self, checkpoints: list[Checkpoint], now: datetime) -> None:
        """The worst place counts. One where nothing was ever proven does so only if it must be
        there: a folder that somebody made in the bucket keeps no alarm up, it is a finding.
        """
        if not checkpoints:
            return
        counted = [
            e for e in checkpoints if e.since or self._places.expected(*e.place)
        ] or checkpoints
        ages = {e.place: now - (e.newest or e.until or e.seen or now) for e in counted}
        place = max(ages, key=lambda each: ages[each])
        minutes = max(0, round(ages[place].total_seconds() / 60))
        self._telemetry.count("ProofAgeMinutes", minutes)
        self._telemetry.log.info("oldest proof", account=place[0], region=place[1], minutes=minutes)

    def _believed(self, asked: datetime) -> datetime:
        """The time that a run is for, as far as AWS's clock allows."""
        clock = self._checkpoints.clock
        return min(max(asked, clock - _OLDEST_MESSAGE), clock)

    # What SQS starts

    def work(self, records: list[Mapping[str, Any]]) -> dict[str, Any]:
        """Works on the accounts and Regions that the messages name; failed messages come again."""
        failures = []
        for record in records:
            try:
                self._work(json.loads(record["body"]))
            except Exception:
                self._telemetry.log.exception("validation failed", asked=record.get("body"))
                self._telemetry.count("ValidationsFailed")
                failures.append({"itemIdentifier": record["messageId"]})
        return {"batchItemFailures": failures}

    def _work(self, asked: Mapping[str, Any]) -> None:
        account, region = str(asked["account"]), str(asked["region"])
        if asked["trail"] != self._settings.trail:
            raise ValueError("the message is of another trail")
        known = is_account(account) and is_region(region)
        if not known or not self._checkpoints.load(account, region).version:
            raise ValueError("the message names a place that the function has not found")
        now = self._believed(_when(asked["now"]))
        failed = None
        for task in (self.validate, self.reprove, self.sweep):
            try:
                self._try(task, account, region, now)
            except Exception as error:
                if task == self.validate:
                    raise
                failed = failed or error  # what comes after it does not depend on it
        if failed:
            raise failed

    def _try(self, task: Callable[..., object], *what: Any) -> None:
        """Does a task; who is overtaken by another worker goes on from where that one is, once.

        What is left then is the next run's: nothing is lost, and nothing has failed.
        """
        for then in ("going on from where it is", "what is left is the next run's"):
            try:
                task(*what)
            except TakenError as error:
                line = f"another worker saved this place first: {then}"
                self._telemetry.log.info(line, checkpoint=str(error))
            else:
                return

    def validate(self, account: str, region: str, now: datetime) -> Report | None:
        """Proves an account and Region from its checkpoint on; None if nothing is due."""
        settings = self._settings
        checkpoint = self._checkpoints.load(account, region)
        lookback = timedelta(hours=settings.lookback_hours)
        latest = now - timedelta(minutes=settings.lag_minutes)
        until = checkpoint.until or latest - lookback
        if until >= latest:
            return None
        end = min(latest, until + _MOST_AT_ONCE)
        start = max(until - lookback, checkpoint.since) if checkpoint.since else until
        span = Span(start, end, now, self._stale_after, checkpoint.until, checkpoint.unproven)
        try:
            with self._places.engine() as engine:
                span = replace(span, seconds=self._seconds())
                report = validate(engine, self._places.shard(account, region), span)
        except AccessError as error:
            if checkpoint.since or self._places.expected(account, region):
                raise
            return self._never_proven(checkpoint, now, error)
        end = report.end
        intervals = _judged(report.intervals, first=checkpoint.since is None)
        told = checkpoint.told.keys()
        new = [each for each in report.findings if told.isdisjoint(ids_of(each))]
        failed = [each for each in intervals if is_unproven(each) and told.isdisjoint(ids_of(each))]
        self._reporter.alert(report, new, failed)
        proven = sum(
            (each.end - max(each.start, until)).total_seconds()
            for each in intervals
            if each.cover is Cover.COVERED and each.end > until
        )
        decided = [each.end for each in intervals if each.cover not in (Cover.NOT_YET, Cover.STALE)]
        if end < latest:
            decided.append(end)  # a digest that is missing by now will not come
        found: list[Finding | Interval] = [*report.findings, *intervals]
        self._remember(checkpoint, found, now)
        passing = latest - until < _HELD and any(
            each.verdict in _PASSING for each in report.findings
        )
        if report.newest:
            checkpoint.newest = max(report.newest, checkpoint.newest or report.newest)
        if not passing:
            covered = [each.start for each in intervals if each.cover is Cover.COVERED]
            checkpoint.since = checkpoint.since or min(covered, default=None)
            checkpoint.until = max([until, *decided])
            checkpoint.unproven = tuple(
                (each.start, each.end) for each in intervals if each.cover is Cover.GAP
            )
        self._checkpoints.save(checkpoint)
        self._telemetry.count("ProvenMinutes", round(0 if passing else proven / 60))
        self._reporter.measure("validated", report, new, failed)
        return report

    def _never_proven(
        self, checkpoint: Checkpoint, now: datetime, error: AccessError
    ) -> Report | None:
        """Tells once of a place where nothing was ever proven and whose Region does not answer."""
        account, region = checkpoint.place
        shard = self._places.shard(account, region)
        report = Report(account, region, now, now)
        reason = f"nothing was ever proven there, and nothing can be: {error}"
        report.add(Finding(Kind.DIGEST, shard.bucket, shard.log_folder, Verdict.STRAY, reason))
        self._tell(report, checkpoint, now)
        return report

    def reprove(self, account: str, region: str, now: datetime) -> Report | None:
        """Proves a share of what was proven before anew; None if none is due.

        A share a day, the oldest first, so that all is looked at in `reprove_days`.
        """
        days = self._settings.reprove_days
        checkpoint = self._checkpoints.load(account, region)
        if not days or checkpoint.until is None:
            return None
        if checkpoint.round is None:
            checkpoint.round = now
            self._checkpoints.save(checkpoint)
        passed = min(days, (now - checkpoint.round) // _DAY)
        begun, reproved, latest = checkpoint.oldest, checkpoint.reproved, checkpoint.until
        if not passed:
            return None
        if begun and reproved and reproved >= begun + (latest - begun) * passed / days:
            return None
        shard = self._places.shard(account, region)
        with self._places.engine() as engine:
            begun = self._kept_since(engine, shard, checkpoint, now)
            position = max(begun, reproved or begun)
            due = min(begun + (latest - begun) * passed / days, position + _MOST_PROVEN_ANEW)
            if due <= position:
                self._go_on(checkpoint, begun, position)
                return None
            span = Span(position, due, now, self._stale_after, seconds=self._seconds())
            report = validate(engine, shard, span)
        archived = _without_archived(report, shard)
        intervals = _judged(report.intervals, first=begun == position)
        told = checkpoint.told.keys()
        new = [each for each in report.findings if told.isdisjoint(ids_of(each))]
        # A gap that grew is another one: both its ends must be known.
        failed = [
            each
            for each in intervals
            if is_unproven(each) and not told >= set(ids_of(each, report.start, report.end))
        ]
        self._reporter.alert(report, new, failed)
        found: list[Finding | Interval] = [*report.findings, *intervals]
        self._remember(checkpoint, found, now)
        checkpoint.told |= {
            name: now
            for each in intervals
            if is_unproven(each)
            for name in ids_of(each, report.start, report.end)
        }
        if passed == days and report.end >= latest:
            checkpoint.round, begun = now, None  # all was looked at: from the beginning
        self._go_on(checkpoint, begun, report.end if begun else None)
        self._telemetry.count("ReprovenMinutes", round(report.proven_hours * 60))
        self._telemetry.count("ArchivedSkipped", archived)
        self._reporter.measure("proven anew", report, new, failed)
        return report

    def _go_on(
        self, checkpoint: Checkpoint, oldest: datetime | None, reproved: datetime | None
    ) -> None:
        checkpoint.oldest, checkpoint.reproved = oldest, reproved
        self._checkpoints.save(checkpoint)

    def _kept_since(
        self, engine: Engine, shard: Shard, checkpoint: Checkpoint, now: datetime
    ) -> datetime:
        """Where the files that are kept begin."""
        link = oldest(engine, shard)
        days = self._settings.retention_days
        kept = now - timedelta(days=days) + _RAGGED if days else None
        known = checkpoint.since or checkpoint.until or now
        if link is None or link.start is None:
            return max(known, kept) if kept else known
        if link.previous is None or link.previous.bucket != link.bucket:
            return max(link.start, kept) if kept else link.start  # the trail began there
        # The digests before it were removed: by a rule, or before their time.
        return kept or min(link.until + _RAGGED, known)

    def sweep(self, account: str, region: str, now: datetime) -> Report | None:
        """Looks at a share of all names of the place; None if none is due."""
        checkpoint = self._checkpoints.load(account, region)
        if not checkpoint.after:
            if checkpoint.swept and now - checkpoint.swept < _DAY:
                return None
            checkpoint.swept, checkpoint.swept_last = now, checkpoint.swept
        since = checkpoint.swept_last - _DAY if checkpoint.swept_last else None
        with self._places.engine() as engine:
            shard = self._places.shard(account, region)
            swept = sweep(engine, shard, now, checkpoint.after, since, self._seconds())
        report = Report(account, region, now, now)
        for finding in swept.findings:
            report.add(finding)
        checkpoint.after = swept.after
        self._telemetry.count("NamesSwept", swept.looked_at)
        self._tell(report, checkpoint, now)
        return report

    def _seconds(self) -> float:
        """What a task may take of the time that is left."""
        return max(0.0, (self._end - time.monotonic()) * _PART)

    @property
    def _stale_after(self) -> timedelta:
        return timedelta(minutes=self._settings.stale_minutes)

    def _look_around(self, places: set[tuple[str, str]], now: datetime) -> None:
        """Tells, once a day, of folders and files where no trail has any."""
        checkpoint = self._checkpoints.load("around", "")
        if checkpoint.swept and now - checkpoint.swept < _DAY:
            return
        checkpoint.swept = now
        report = Report(self._settings.account_id, self._settings.home_region, now, now)
        with self._places.engine() as engine, closing(self._places.transport(4)) as transport:
            for key, reason in self._places.strays(engine, transport, places, checkpoint, now):
                kind = Kind.LOG if "/CloudTrail/" in key else Kind.DIGEST
                bucket = engine.delivered_to(self._settings.bucket)
                report.add(Finding(kind, bucket, key, Verdict.STRAY, reason))
                if report.number(kind) >= _MOST_STRAYS or not self._seconds():
                    break
        self._tell(report, checkpoint, now)

    def _tell(self, report: Report, checkpoint: Checkpoint, now: datetime) -> None:
        """Alerts on a report's findings that are new, and saves the checkpoint."""
        told = checkpoint.told.keys()
        new = [each for each in report.findings if told.isdisjoint(ids_of(each))]
        self._reporter.alert(report, new, [])
        self._remember(checkpoint, report.findings, now)
        self._checkpoints.save(checkpoint)
        self._reporter.measure("looked at", report, new, [])

    def _remember(
        self, checkpoint: Checkpoint, found: Sequence[Finding | Interval], now: datetime
    ) -> None:
        checkpoint.told |= {name: now for each in found for name in ids_of(each)}
        settings = self._settings
        lookback = timedelta(hours=settings.lookback_hours)
        checkpoint.forget(now - lookback - 3 * _DAY - _DAY * settings.reprove_days)

    def flush(self) -> None:
        """Writes the metrics."""
        self._telemetry.flush()


def _judged(intervals: list[Interval], first: bool) -> list[Interval]:
    """The intervals that count: there was nothing to prove before the first digest ever seen."""
    if first and intervals and intervals[0].cover is Cover.STOPPED:
        return intervals[1:]
    return intervals


def _without_archived(report: Report, shard: Shard) -> int:
    """Takes out what can't be read before it is restored, and what follows from it: how much.

    Files grow old and are archived, as rules say. One that somebody else archived was written
    after its time, which the sweep tells.
    """
    archived = [each for each in report.findings if each.verdict is Verdict.ARCHIVED]
    report.findings = [each for each in report.findings if each.verdict is not Verdict.ARCHIVED]
    names = [shard.digest_name(each.key) for each in archived if each.kind is Kind.DIGEST]
    ends = [name.end for name in names if name]

    def explained(gap: Interval) -> bool:
        inside = sum(gap.start < end <= gap.end + _HOUR for end in ends)
        return gap.cover is Cover.GAP and inside * _HOUR >= gap.end - gap.start

    report.intervals = [each for each in report.intervals if not explained(each)]
    return sum(report.number(kind, Verdict.ARCHIVED) for kind in Kind)


def _when(text: object) -> datetime:
    """The time that a run is for; a repeated run is for the same time."""
    try:
        time = datetime.fromisoformat(str(text))
    except ValueError:
        return datetime.now(UTC).replace(microsecond=0)
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
