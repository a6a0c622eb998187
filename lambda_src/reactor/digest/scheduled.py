"""The Lambda function that proves a trail hour by hour, and tells when it can't.

EventBridge Scheduler starts it with {"scheduled_time": "..."}: it finds the accounts and Regions,
and puts one message for each into the work queue. SQS starts it with those messages: it validates
from the checkpoint on, alerts on what is new, and moves the checkpoint. Both may come twice: the
function neither proves nor tells anything again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from reactor.aws import Aws
from reactor.digest.checkpoint import Checkpoints, TakenError
from reactor.digest.engine import Engine, Span
from reactor.digest.names import Shard, account_root, is_account, is_region
from reactor.digest.transport import Transport
from reactor.digest.verdicts import Cover, Interval, Report, Verdict, iso
from reactor.settings import SettingsError, parse_settings
from reactor.telemetry import Telemetry

if TYPE_CHECKING:
    from reactor.digest.verdicts import Finding

_MOST_AT_ONCE = timedelta(hours=24)
_HELD = timedelta(hours=6)
_TOLD_IN_A_MESSAGE = 20
_METRICS = {
    Verdict.CHANGED: "FindingsChanged",
    Verdict.MISSING: "FindingsMissing",
    Verdict.FORGED: "FindingsForged",
    Verdict.BROKEN_CHAIN: "FindingsBrokenChain",
    Verdict.UNLISTED: "FindingsUnlisted",
    Verdict.ARCHIVED: "FindingsArchived",
    Verdict.UNREADABLE: "FindingsUnreadable",
    Cover.GAP: "FindingsGap",
    Cover.STOPPED: "FindingsStopped",
    Cover.STALE: "FindingsStale",
}
# Verdicts that may be better next time: the checkpoint waits some hours for them.
_PASSING = (Verdict.ARCHIVED, Verdict.UNREADABLE)


@dataclass(frozen=True)
class Settings:
    """The trail whose files to prove, and how.

    `bucket` is the bucket to read; if it holds copies, `delivered_to` is the bucket that CloudTrail
    wrote to. No `accounts` or `regions` means all that have files in the bucket. `lag_minutes` is
    the time that a digest may take to come after its hour, `stale_minutes` the greatest age of the
    newest digest's end. `lookback_hours` is how far back the function looks for log files that were
    added later.
    """

    bucket: str
    trail_name: str
    home_region: str
    account_id: str
    work_queue_url: str
    checkpoint_table: str
    bucket_region: str = ""
    prefix: str = ""
    organization_id: str = ""
    delivered_to: str = ""
    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    lag_minutes: int = 90
    stale_minutes: int = 240
    lookback_hours: int = 24
    concurrency: int = 32

    def __post_init__(self) -> None:
        if self.lookback_hours < 2:
            raise ValueError("lookback_hours must be 2 or more, so that runs overlap.")
        if not 1 <= self.concurrency <= 256:
            raise ValueError("concurrency must be from 1 to 256.")


def handler(event: Mapping[str, Any], context: object = None) -> dict[str, Any]:
    """Lambda's entry point. Raises SettingsError, and AWS's errors if the fan-out fails."""
    del context
    settings = parse_settings(Settings, os.environ.get("REACTION_SETTINGS") or "{}")
    name = os.environ.get("REACTION_NAME") or "digest-validation"
    worker = Worker(settings, name, Aws(), Telemetry(name, os.environ), _topic())
    try:
        if "Records" in event:
            return worker.work(event["Records"])
        return worker.fan_out(_when(event.get("scheduled_time")))
    finally:
        worker.flush()


class Worker:
    """One invocation."""

    def __init__(
        self, settings: Settings, name: str, aws: Aws, telemetry: Telemetry, topic_arn: str
    ) -> None:
        self._settings = settings
        self._name = name
        self._aws = aws
        self._telemetry = telemetry
        self._topic = topic_arn
        self._checkpoints = Checkpoints(
            aws.client("dynamodb"),
            settings.checkpoint_table,
            f"{settings.trail_name}_{settings.home_region}",
        )

    def fan_out(self, now: datetime) -> dict[str, Any]:
        """Puts one message for each account and Region into the work queue."""
        places = sorted({*self._places(), *self._known()})
        sqs = self._aws.client("sqs")
        for account, region in places:
            body = json.dumps({"account": account, "region": region, "now": iso(now)})
            sqs.send_message(QueueUrl=self._settings.work_queue_url, MessageBody=body)
        self._telemetry.count("Shards", len(places))
        self._telemetry.log.info("validations started", shards=len(places), now=iso(now))
        return {"shards": len(places)}

    def work(self, records: list[Mapping[str, Any]]) -> dict[str, Any]:
        """Validates the accounts and Regions that the messages name; failed messages come again."""
        failures = []
        for record in records:
            try:
                asked = json.loads(record["body"])
                place = asked["account"], asked["region"], _when(asked["now"])
                try:
                    self.validate(*place)
                except TakenError as error:
                    self._telemetry.log.info("another worker was faster", checkpoint=str(error))
                    # The other run may have gone less far: the rest is due from its checkpoint on.
                    self.validate(*place)
            except Exception:
                self._telemetry.log.exception("validation failed", asked=record.get("body"))
                self._telemetry.count("ValidationsFailed")
                failures.append({"itemIdentifier": record["messageId"]})
        return {"batchItemFailures": failures}

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
        stale_after = timedelta(minutes=settings.stale_minutes)
        span = Span(start, end, now, stale_after, logs_from=checkpoint.until)
        report = self._report(account, region, span)
        intervals = _judged(report.intervals, first=checkpoint.since is None)
        told = checkpoint.told.keys()
        new = [each for each in report.findings if told.isdisjoint(_ids(each))]
        failed = [
            each
            for each in intervals
            if each.cover not in (Cover.COVERED, Cover.NOT_YET) and told.isdisjoint(_ids(each))
        ]
        if new or failed:
            self._alert(report, new, failed)
        proven = sum(
            (each.end - max(each.start, until)).total_seconds()
            for each in intervals
            if each.cover is Cover.COVERED and each.end > until
        )
        decided = [each.end for each in intervals if each.cover not in (Cover.NOT_YET, Cover.STALE)]
        if end < latest:
            decided.append(end)  # a digest that is missing by now will not come
        found: list[Finding | Interval] = [*report.findings, *intervals]
        checkpoint.told |= {name: now for each in found for name in _ids(each)}
        checkpoint.forget(now - lookback - 3 * _MOST_AT_ONCE)
        passing = latest - until < _HELD and any(
            each.verdict in _PASSING for each in report.findings
        )
        if not passing:
            covered = [each.start for each in intervals if each.cover is Cover.COVERED]
            checkpoint.since = checkpoint.since or min(covered, default=None)
            checkpoint.until = max([until, *decided])
        self._checkpoints.save(checkpoint)
        self._measure(report, new, failed, 0 if passing else proven, now)
        return report

    def _report(self, account: str, region: str, span: Span) -> Report:
        settings = self._settings
        replicas = {settings.delivered_to: settings.bucket} if settings.delivered_to else {}
        transport = Transport(
            settings.bucket_region or os.environ.get("AWS_REGION", settings.home_region),
            settings.concurrency + 24,
        )
        with closing(transport), Engine(transport, settings.concurrency, replicas) as engine:
            shard = Shard(
                settings.bucket,
                account,
                region,
                settings.trail_name,
                settings.home_region,
                settings.prefix,
                settings.organization_id,
            )
            return engine.validate(shard, span)

    def _places(self) -> Iterator[tuple[str, str]]:
        settings = self._settings
        transport = Transport(settings.bucket_region or settings.home_region, 4)
        root = account_root(settings.prefix, settings.organization_id)
        with closing(transport):
            accounts = settings.accounts
            if not accounts:
                accounts = (settings.account_id,)
                if settings.organization_id:
                    found = transport.folders(settings.bucket, root)
                    accounts = tuple(name for name in found if is_account(name))
            for account in accounts:
                regions = settings.regions
                if not regions:
                    # If all digests are gone, the log files' folder still tells of the Region.
                    regions = tuple(
                        name
                        for kind in ("CloudTrail-Digest", "CloudTrail")
                        for name in transport.folders(settings.bucket, f"{root}{account}/{kind}/")
                        if is_region(name)
                    ) or (settings.home_region,)
                for region in regions:
                    yield account, region

    def _known(self) -> Iterator[tuple[str, str]]:
        """Accounts and Regions that were there before and may have been deleted since."""
        if not (self._settings.accounts and self._settings.regions):
            yield from self._checkpoints.places()

    # Alerts and metrics

    def _alert(self, report: Report, new: list[Finding], failed: list[Interval]) -> None:
        text = _message(self._name, self._settings, report, new, failed)
        number = len(new) + len(failed)
        self._telemetry.log.error("not proven", findings=number, text=text)
        if not self._topic:
            self._telemetry.log.warning("alert has nowhere to go: set ALERT_TOPIC_ARN")
            return
        kinds = ", ".join(
            dict.fromkeys([*(str(f.verdict) for f in new), *(str(i.cover) for i in failed)])
        )
        subject = f"[high] CloudTrail log not proven: {kinds} in {report.region} ({report.account})"
        attributes = {
            "severity": "high",
            "reaction": self._name,
            "account": report.account,
            "region": report.region,
        }
        self._aws.client("sns", self._topic.split(":")[3]).publish(
            TopicArn=self._topic,
            Subject=subject if len(subject) <= 100 else subject[:97] + "...",
            Message=text,
            MessageAttributes={
                key: {"DataType": "String", "StringValue": value}
                for key, value in attributes.items()
            },
        )
        self._telemetry.count("AlertsSent")

    def _measure(
        self,
        report: Report,
        new: list[Finding],
        failed: list[Interval],
        proven: float,
        now: datetime,
    ) -> None:
        count = self._telemetry.count
        count("ProvenMinutes", round(proven / 60))
        # Zeros are written, too: a metric that is there says that somebody looked.
        count("Findings", len(new) + len(failed))
        for finding in new:
            count(_METRICS[finding.verdict])
        for interval in failed:
            count(_METRICS[interval.cover])
        newest = report.newest or report.start
        count("ProofAgeMinutes", max(0, round((now - newest).total_seconds() / 60)))
        self._telemetry.log.info(
            "validated",
            account=report.account,
            region=report.region,
            start=iso(report.start),
            end=iso(report.end),
            newest=iso(report.newest) if report.newest else None,
            findings=len(new) + len(failed),
        )

    def flush(self) -> None:
        """Writes the metrics."""
        self._telemetry.flush()


def _judged(intervals: list[Interval], first: bool) -> list[Interval]:
    """The intervals that count: there was nothing to prove before the first digest ever seen."""
    if first and intervals and intervals[0].cover is Cover.STOPPED:
        return intervals[1:]
    return intervals


def _ids(found: Finding | Interval) -> tuple[str, ...]:
    """Ids that make a finding the same one an hour later; one of them is enough."""
    if isinstance(found, Interval):
        if found.cover in (Cover.COVERED, Cover.NOT_YET):
            return ()
        # An interval's end may grow, and the range may cut off its start.
        texts = (f"{found.cover} from {iso(found.start)}", f"{found.cover} to {iso(found.end)}")
    else:
        texts = (f"{found.verdict} {found.bucket}/{found.key}", "")
    return tuple(sha256(text.encode()).hexdigest()[:24] for text in texts if text)


def _message(
    name: str, settings: Settings, report: Report, new: list[Finding], failed: list[Interval]
) -> str:
    lines = [
        f"{name} could not prove the log files of the trail {settings.trail_name} in account "
        f"{report.account}, {report.region}, from {iso(report.start)} to {iso(report.end)}.",
        "",
    ]
    for interval in failed:
        told = f"{interval.cover}: {iso(interval.start)} to {iso(interval.end)}"
        lines.append(f"{told} ({interval.reason})" if interval.reason else told)
    for finding in new[:_TOLD_IN_A_MESSAGE]:
        lines.append(f"{finding.verdict}: s3://{finding.bucket}/{finding.key} ({finding.reason})")
    if len(new) > _TOLD_IN_A_MESSAGE:
        lines.append(f"and {len(new) - _TOLD_IN_A_MESSAGE} more")
    arn = f"arn:aws:cloudtrail:{settings.home_region}:{settings.account_id}:trail"
    lines += [
        "",
        f"See for yourself: trailctl validate-logs --trail-arn {arn}/{settings.trail_name} "
        f"--s3-bucket {settings.bucket} --account-id {report.account} --region {report.region} "
        f"--start-time {iso(report.start)} --end-time {iso(report.end)}",
    ]
    return "\n".join(lines) + "\n"


def _topic() -> str:
    topic = os.environ.get("ALERT_TOPIC_ARN", "")
    if topic and topic.count(":") != 5:
        raise SettingsError(
            f"ALERT_TOPIC_ARN is {topic!r}; give the ARN of an SNS topic, or leave it out."
        )
    return topic


def _when(text: object) -> datetime:
    """The time that a run is for; a repeated run is for the same time."""
    try:
        time = datetime.fromisoformat(str(text))
    except ValueError:
        return datetime.now(UTC).replace(microsecond=0)
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
