"""What people and metrics are told of proofs."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from reactor.alerts import attributes, subject_line
from reactor.digest.verdicts import Cover, Finding, Interval, Report, Verdict, iso
from reactor.partitions import partition_of

if TYPE_CHECKING:
    from reactor.aws import Aws
    from reactor.digest.places import Settings
    from reactor.telemetry import Telemetry

_TOLD_IN_A_MESSAGE = 20
_METRICS = {
    Verdict.CHANGED: "FindingsChanged",
    Verdict.MISSING: "FindingsMissing",
    Verdict.FORGED: "FindingsForged",
    Verdict.BROKEN_CHAIN: "FindingsBrokenChain",
    Verdict.UNLISTED: "FindingsUnlisted",
    Verdict.STRAY: "FindingsStray",
    Verdict.ARCHIVED: "FindingsArchived",
    Verdict.UNREADABLE: "FindingsUnreadable",
    Cover.GAP: "FindingsGap",
    Cover.STOPPED: "FindingsStopped",
    Cover.STALE: "FindingsStale",
}
_WORST_FIRST = tuple(_METRICS)  # or a flood of the others would hide it


class Reporter:
    """Sends alerts to the topic, if there is one, and counts metrics."""

    def __init__(
        self, settings: Settings, name: str, aws: Aws, telemetry: Telemetry, topic_arn: str
    ) -> None:
        self._settings = settings
        self._name = name
        self._aws = aws
        self._telemetry = telemetry
        self._topic = topic_arn

    def alert(self, report: Report, new: list[Finding], failed: list[Interval]) -> None:
        """Tells of what was not told before, if there is anything."""
        if not new and not failed:
            return
        new = sorted(new, key=lambda each: _WORST_FIRST.index(each.verdict))
        text = _message(self._name, self._settings, report, new, failed)
        number = len(new) + len(failed)
        self._telemetry.log.error("not proven", findings=number, text=text)
        if not self._topic:
            self._telemetry.log.warning("alert has nowhere to go: set ALERT_TOPIC_ARN")
            return
        kinds = ", ".join(
            dict.fromkeys([*(str(f.verdict) for f in new), *(str(i.cover) for i in failed)])
        )
        account, region = report.account, report.region
        about = f"CloudTrail log not proven: {kinds} in {region} ({account})"
        self._aws.client("sns", self._topic.split(":")[3]).publish(
            TopicArn=self._topic,
            Subject=subject_line("high", about),
            Message=text,
            MessageAttributes=attributes(
                severity="high", reaction=self._name, account=account, region=region
            ),
        )
        self._telemetry.count("AlertsSent")

    def measure(
        self, what: str, report: Report, new: list[Finding], failed: list[Interval]
    ) -> None:
        """Counts what was not told before, and logs `what` was done."""
        count = self._telemetry.count
        # Zeros are written, too: a metric that is there says that somebody looked.
        count("Findings", len(new) + len(failed))
        for finding in new:
            count(_METRICS[finding.verdict])
        for interval in failed:
            count(_METRICS[interval.cover])
        self._telemetry.log.info(
            what,
            account=report.account,
            region=report.region,
            start=iso(report.start),
            end=iso(report.end),
            newest=iso(report.newest) if report.newest else None,
            findings=len(new) + len(failed),
        )


def is_unproven(interval: Interval) -> bool:
    """Whether the time of an interval should be proven by now, and is not."""
    return interval.cover not in (Cover.COVERED, Cover.NOT_YET)


def ids_of(
    found: Finding | Interval, start: datetime | None = None, end: datetime | None = None
) -> tuple[str, ...]:
    """Ids that make a finding the same one an hour later.

    An interval has one of its start and one of its end, without those that a range cut off.
    """
    if isinstance(found, Interval):
        if not is_unproven(found):
            return ()
        begun, ended = f"from {iso(found.start)}", f"to {iso(found.end)}"
        kept = [begun] * (found.start != start) + [ended] * (found.end != end)
        texts = [f"{found.cover} {each}" for each in kept or [f"{begun} {ended}"]]
    else:
        texts = [f"{found.verdict} {found.bucket}/{found.key}"]
    # A name may have halves of characters in it.
    return tuple(sha256(text.encode(errors="replace")).hexdigest()[:24] for text in texts)


def _message(
    name: str, settings: Settings, report: Report, new: list[Finding], failed: list[Interval]
) -> str:
    names_only = report.start == report.end
    span = f"from {iso(report.start)} to {iso(report.end)}"
    span = "found by a look at all names" if names_only else span
    kinds = Counter(str(each.verdict) for each in new) + Counter(str(i.cover) for i in failed)
    lines = [
        f"{name} could not prove the log files of the trail {settings.trail_name} in account "
        f"{report.account}, {report.region}, {span}: "
        f"{', '.join(f'{number} {kind}' for kind, number in kinds.items())}.",
        "",
    ]
    for interval in failed[:_TOLD_IN_A_MESSAGE]:
        told = f"{interval.cover}: {iso(interval.start)} to {iso(interval.end)}"
        lines.append(f"{told} ({interval.reason})" if interval.reason else told)
    for finding in new[:_TOLD_IN_A_MESSAGE]:
        lines.append(f"{finding.verdict}: {finding.object} ({finding.reason[:500]})")
    if more := sum(max(0, len(each) - _TOLD_IN_A_MESSAGE) for each in (new, failed)):
        lines.append(f"and {more} more")
    if names_only:
        return "\n".join(lines) + "\n"
    home = settings.home_region
    arn = f"arn:{partition_of(home)}:cloudtrail:{home}:{settings.account_id}:trail"
    lines += [
        "",
        f"See for yourself: trailctl validate-logs --trail-arn {arn}/{settings.trail_name} "
        f"--s3-bucket {settings.bucket} --account-id {report.account} --region {report.region} "
        f"--start-time {iso(report.start)} --end-time {iso(report.end)}",
    ]
    return "\n".join(lines) + "\n"
