"""What people are told of a proof that failed."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from reactor.digest.names import TrailArn
from reactor.digest.places import Settings
from reactor.digest.reporter import Reporter
from reactor.digest.verdicts import Finding, Kind, Report, Verdict

from trailctl.cli import command_line

pytestmark = pytest.mark.unit

START, END = datetime(2026, 1, 31, 12, tzinfo=UTC), datetime(2026, 1, 31, 13, tzinfo=UTC)


@pytest.mark.parametrize(
    ("home", "partition"),
    [("eu-west-1", "aws"), ("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn")],
)
def test_the_command_in_an_alert_is_one_in_every_partition(home: str, partition: str) -> None:
    texts: list[str] = []
    log = SimpleNamespace(error=lambda _, **facts: texts.append(facts["text"]), warning=print)
    telemetry: Any = SimpleNamespace(log=log)
    aws: Any = SimpleNamespace()  # nothing is called where there is no topic
    settings = Settings("logs", "main", home, "111122223333", "url", "table")
    report = Report("444455556666", home, START, END)
    gone = Finding(Kind.LOG, "logs", "AWSLogs/x.json.gz", Verdict.MISSING, "it is not there")

    Reporter(settings, "proof", aws, telemetry, "").alert(report, [gone], [])

    _, _, command = texts[0].partition("See for yourself: trailctl ")
    options = command_line().parse_args(shlex.split(command))
    arn = TrailArn.parse(options.trail_arn)
    assert (arn.partition, arn.region, arn.account) == (partition, home, "111122223333")
    assert (options.s3_bucket, options.account_id) == ("logs", ["444455556666"])
