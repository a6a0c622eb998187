"""`--look`: reactions see one account as it is now, and nothing but read-only calls is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from reactor.detections import Known
from reactor.event import Event, read_event
from reactor.places import NoWayError

from tests.unit.reactor.conftest import aws
from tests.unit.replay.events import ACCOUNT, body, record
from trailctl.replay.reactions import Looks
from trailctl.replay.rules import Rule
from trailctl.replay.scan import MalformedError, Whole
from trailctl.replay.tally import Tallier, Tally

pytestmark = pytest.mark.unit
__all__ = ["aws"]


def event(account: str = ACCOUNT, region: str = "eu-west-1") -> Event:
    return read_event(record("s3", "CreateBucket", recipientAccountId=account, awsRegion=region))


def test_the_account_is_looked_at_and_nothing_is_changed(aws: None) -> None:
    place = {"LocationConstraint": "eu-west-1"}
    boto3.client("s3").create_bucket(Bucket="there", CreateBucketConfiguration=place)
    looking = Looks(ACCOUNT).of(event())
    assert "Status" not in looking.read("s3", "get_bucket_versioning", {"Bucket": "there"})
    with pytest.raises(NoWayError, match="s3:delete_bucket is no read-only call"):
        looking.read("s3", "delete_bucket", {"Bucket": "there"})


@pytest.mark.parametrize(
    ("account", "of", "why"),
    [
        ("", event(), "which replay does with --look only"),
        (ACCOUNT, event("999988887777"), "another account than"),
        (ACCOUNT, event(region="evil.example/x-1"), "another account than"),
    ],
)
def test_nothing_else_is_looked_at(account: str, of: Event, why: str) -> None:
    with pytest.raises(NoWayError, match=why):
        Looks(account).of(of).read("s3", "get_bucket_versioning", {"Bucket": "there"})


def test_a_record_that_cant_be_decoded_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    whole: Callable[[Any, int], Any] = Whole.event

    def decoded(self: Whole, number: int) -> Any:
        if number == 1:
            raise MalformedError("nested too deeply")
        return whole(self, number)

    monkeypatch.setattr(Whole, "event", decoded)
    tally = Tally()
    tallier = Tallier([Rule("all", '{"source": [{"prefix": ""}]}')], [], Known())
    tallier.count(body(*(record("ec2", f"Run{n}") for n in range(3))), tally, "x.json")
    assert tally.rules["all"].matches == 2
    assert [(n, at) for n, at in tally.left_out.values()] == [(1, "x.json, number 2")]
