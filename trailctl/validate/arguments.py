"""The command line: the AWS CLI's flags with their meaning, and ours."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from trailctl.session import add_arguments as add_aws

EPILOG = """\
exit codes:
  0  everything in the range is proven
  1  something is not, or could not be read
  2  wrong use

stricter than the AWS CLI's validate-logs, on purpose; each of these exits with 1:
  - digests at the end of the range, or all of them, are missing (stale)
  - the trail, or its validation, was stopped and started again within the range, or the range
    begins before the trail: nothing is proven for that time
  - a log file is there that no digest names (unlisted log)
  - previousDigestHashValue or previousDigestSignature is not the digest's before (broken chain)
  - every missing digest counts, also of several in a row
What the AWS CLI stops at, or calls invalid, is a verdict of its own and the rest is validated:
  - objects in an archive storage class (archived)
  - access that is denied, connections that time out (unreadable)
Proven here and not by the AWS CLI: replicas (--replica), and a named bucket of an organization
trail (--s3-bucket finds the organization's folder). Offsets of given times count: 12:00+02:00 is
10:00 UTC. The newest hours, whose digests are not due yet, fail nobody (--stale-after).
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.epilog = EPILOG
    parser.add_argument("--trail-arn", required=True, metavar="ARN", help="the trail")
    parser.add_argument(
        "--start-time",
        required=True,
        metavar="TIME",
        help="log files delivered from then on, UTC: 2026-01-08T05:21:42Z",
    )
    parser.add_argument("--end-time", metavar="TIME", help="and up to then (default: now)")
    parser.add_argument(
        "--s3-bucket", metavar="NAME", help="where the files are (default: what the trail says)"
    )
    parser.add_argument(
        "--s3-prefix", metavar="PREFIX", help="what comes before AWSLogs/ in their names"
    )
    parser.add_argument(
        "--account-id",
        action="append",
        metavar="ID",
        help="whose log files; for organization trails; can be given several times",
    )
    parser.add_argument("--verbose", action="store_true", help="a line for each valid file, too")
    where = parser.add_argument_group("more at once")
    where.add_argument(
        "--all-regions", action="store_true", help="every Region that has files in the bucket"
    )
    where.add_argument(
        "--all-accounts", action="store_true", help="every account that has files in the bucket"
    )
    where.add_argument(
        "--organization-id",
        metavar="ID",
        help="of an organization trail (default: what the bucket, or AWS Organizations, says)",
    )
    where.add_argument(
        "--replica",
        action="append",
        default=[],
        metavar="ORIGINAL=COPY",
        help="read the bucket COPY for what was delivered to ORIGINAL",
    )
    how = parser.add_argument_group("how")
    how.add_argument(
        "--concurrency", type=_positive, default=128, metavar="N", help="requests at once (128)"
    )
    how.add_argument(
        "--jobs",
        type=_positive,
        metavar="N",
        help="processes that share the log files (default: one a core for ranges of six hours and "
        "more, else one)",
    )
    how.add_argument(
        "--stale-after",
        default="3h",
        metavar="DURATION",
        help="how old the end of the newest digest may be (3h)",
    )
    how.add_argument(
        "--format", choices=("text", "json", "junit"), default="text", help="default: text"
    )
    add_aws(parser, regions=True)


def parse_time(text: str) -> datetime:
    """A time as the AWS CLI reads it, UTC where it names no offset; raises ValueError."""
    from dateutil import parser  # type: ignore[import-untyped]

    try:
        time: datetime = parser.parse(text)
    except (OverflowError, ValueError):
        raise ValueError(f"{text} is no time: give one such as 2026-01-08T05:21:42Z") from None
    if not 2013 <= time.year <= 2999:
        raise ValueError(f"{text} is no time of CloudTrail's: give one since 2013")
    time = time if time.tzinfo else time.replace(tzinfo=UTC)
    return time.astimezone(UTC).replace(microsecond=0)


def _positive(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 1024:
        raise argparse.ArgumentTypeError(f"{text} is no number from 1 to 1024")
    return int(text)
