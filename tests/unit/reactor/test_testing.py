"""The public helper for tests of reactions: what it makes is what AWS sends, what it says is so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError
from reactor.actions import Action, Alert, Undo
from reactor.aws import Aws
from reactor.event import Event, read_event
from reactor.reaction import Reaction, Step
from reactor.run import ReactionError
from reactor.settings import SettingsError
from reactor.testing import (
    ACCOUNT,
    AwsDouble,
    Refusal,
    UnexpectedCallError,
    api_call,
    decide,
    envelope,
    record,
    rehearse,
    role_session,
    root,
    service,
    user,
)

pytestmark = pytest.mark.unit


@dataclass(frozen=True)
class Settings:
    tag: str = "owner"


def plan(event: Event, settings: Settings, aws: Aws) -> list[Step]:
    """Tags a bucket that lacks the tag, in two calls, the second without a way back."""
    bucket = event.request["bucketName"]
    held = aws.read("s3", "get_bucket_tagging", {"Bucket": bucket}, none_on=("NoSuchTagSet",))
    if held and settings.tag in str(held):
        return []
    return [
        Action(
            "s3",
            "put_bucket_tagging",
            {"Bucket": bucket},
            (bucket,),
            summary=f"tag {bucket}",
            done=f"tagged {bucket}",
            undo=Undo("s3", "delete_bucket_tagging", {"Bucket": bucket}),
            tags={bucket: {"keep": "yes"}},
        ),
        Action("s3", "put_bucket_acl", {"Bucket": bucket}, (bucket,), "close", "closed"),
        Alert("high", "untagged", "alice made a bucket"),
    ]


handler = Reaction("tagger", plan, Settings, calls={"s3.amazonaws.com": ["CreateBucket"]})
BARE = {"s3.get_bucket_tagging": Refusal("NoSuchTagSet")}


def created(**more: Any) -> dict[str, Any]:
    return api_call("s3.amazonaws.com", "CreateBucket", request={"bucketName": "b"}, **more)


# ---- events


@pytest.mark.parametrize(
    ("actor", "kind", "label"),
    [
        (None, "iam_user", "alice (IAM user)"),
        (user("bob", path="/people/"), "iam_user", "bob (IAM user)"),
        (role_session("deploy", "ci-42", path="/ci/"), "role", "ci-42 (role deploy)"),
        (root(), "root", "the root user"),
        (
            service("autoscaling.amazonaws.com"),
            "service",
            "autoscaling.amazonaws.com (AWS service)",
        ),
    ],
)
def test_callers_are_read_as_what_they_are(actor: Any, kind: str, label: str) -> None:
    event = read_event(created(actor=actor))
    assert (event.actor.kind, event.actor.label) == (kind, label)


def test_an_event_has_what_was_asked_for() -> None:
    event = read_event(
        created(
            error="AccessDenied",
            account="210987654321",
            region="us-east-1",
            time="2026-01-02T03:04:05Z",
            userAgent="Boto3/1.43",
        )
    )
    assert (event.kind, event.trusted_source) == ("api_call", "aws.s3")
    assert (event.account, event.region) == ("210987654321", "us-east-1")
    assert event.actor.account == "210987654321"
    assert (event.failed, event.error) == (True, "AccessDenied")
    assert f"{event.time}" == "2026-01-02 03:04:05+00:00"
    assert event.tool == "boto3"
    assert not read_event(created()).failed


def test_every_event_has_ids_of_its_own() -> None:
    first, second = created(), created()
    assert first["detail"]["eventID"] != second["detail"]["eventID"]
    assert first["id"] != second["id"]


def test_an_envelope_may_be_another() -> None:
    sign_in = record("signin.amazonaws.com", "ConsoleLogin", eventType="AwsConsoleSignIn")
    found = envelope(sign_in, **{"detail-type": "AWS Console Sign In via CloudTrail"})
    assert read_event(found).kind == "sign_in"
    assert found["source"] == "aws.signin"


# ---- AWS


def test_the_double_answers_from_its_table() -> None:
    aws = AwsDouble(
        {
            "ssm.get_parameter": lambda asked: {"Parameter": {"Value": asked["Name"]}},
            "ssm.delete_parameter": Refusal("AccessDenied", "no"),
        }
    )
    assert aws.read("ssm", "get_parameter", {"Name": "a"})["Parameter"]["Value"] == "a"
    assert aws.client("ssm", "us-east-1").get_parameter(Name="b")
    with pytest.raises(ClientError, match="AccessDenied"):
        aws.read("ssm", "delete_parameter", {})
    assert [(c.name, c.parameters, c.region) for c in aws.calls] == [
        ("ssm.get_parameter", {"Name": "a"}, None),
        ("ssm.get_parameter", {"Name": "b"}, "us-east-1"),
        ("ssm.delete_parameter", {}, None),
    ]


def test_the_double_refuses_what_is_not_in_its_table() -> None:
    aws = AwsDouble({"ssm.get_parameter": {}})
    with pytest.raises(UnexpectedCallError) as told:
        aws.read("ssm", "delete_parameter", {"Name": "a"})
    assert str(told.value) == (
        "ssm.delete_parameter(Name='a') was called, and AwsDouble answers ssm.get_parameter: give "
        "it an answer to 'ssm.delete_parameter', or don't make the call."
    )


def test_a_throttled_read_does_not_wait() -> None:
    aws = AwsDouble({"ssm.get_parameter": Refusal("ThrottlingException")})
    with pytest.raises(ClientError):
        aws.read("ssm", "get_parameter", {})


# ---- reactions


def test_decide_gives_the_plan() -> None:
    first, _, alert = decide(handler, created(), aws=AwsDouble(BARE))
    assert isinstance(first, Action)
    assert first.name == "s3.put_bucket_tagging"
    assert isinstance(alert, Alert)
    held = AwsDouble({"s3.get_bucket_tagging": {"TagSet": [{"Key": "team", "Value": "a"}]}})
    assert decide(handler, created(), aws=held, settings={"tag": "team"}) == []
    with pytest.raises(SettingsError, match="no setting 'tags'"):
        decide(handler, created(), settings={"tags": "x"})


def test_dry_run_holds_everything_back() -> None:
    aws = AwsDouble(BARE)
    seen = rehearse(handler, created(), aws=aws)
    assert (seen.planned, seen.taken) == (("close", "tag b"), ())
    assert (seen.calls, seen.alerts, seen.undo) == ((), (), ())
    assert [told.severity for told in seen.held_back] == ["high"]
    assert [call.name for call in aws.calls] == ["s3.get_bucket_tagging"]
    assert str(seen) == (
        "planned: close\nplanned: tag b\nalert held back: [high] alice made a bucket; tagger is in "
        "dry_run mode and would close and is in dry_run mode and would tag b."
    )


def test_notify_alerts_and_changes_nothing() -> None:
    aws = AwsDouble(BARE)
    seen = rehearse(handler, created(), aws=aws, mode="notify")
    assert (len(seen.planned), seen.taken, seen.calls) == (2, (), ())
    (told,) = seen.alerts
    assert told.subject == "[high] untagged"
    assert [call.name for call in aws.calls] == ["s3.get_bucket_tagging", "sns.publish"]


def test_enforce_acts_and_tells_the_way_back() -> None:
    seen = rehearse(handler, created(), aws=AwsDouble(BARE), mode="enforce")
    assert seen.taken == ("close", "tag b")
    assert [call.name for call in seen.calls] == ["s3.put_bucket_acl", "s3.put_bucket_tagging"]
    assert seen.undo == (
        'aws s3api delete-bucket-tagging --region eu-west-1 --cli-input-json \'{"Bucket": "b"}\'',
    )
    assert seen.answer["taken"] == 2


def test_an_action_that_is_refused_fails_the_handler() -> None:
    aws = AwsDouble({**BARE, "s3.put_bucket_acl": Refusal("AccessDenied")})
    with pytest.raises(ReactionError, match=r"close: .*AccessDenied"):
        rehearse(handler, created(), aws=aws, mode="enforce")


def test_a_plan_that_writes_is_refused() -> None:
    def hasty(event: Event, settings: Settings, aws: Aws) -> list[Step]:
        aws.client("s3").delete_bucket(Bucket="b")
        return []

    writer = Reaction("hasty", hasty, Settings, calls=None)
    with pytest.raises(UnexpectedCallError, match=r"s3.delete_bucket\(Bucket='b'\) was called"):
        rehearse(writer, created(), mode="enforce")


def test_a_call_of_another_kind_is_left_alone() -> None:
    seen = rehearse(handler, api_call("s3.amazonaws.com", "DeleteBucket"))
    assert seen.left_alone == "not one of this reaction's calls"
    assert str(seen) == "left alone: not one of this reaction's calls"
    made_up = rehearse(handler, {**created(), "source": "my.app"})
    assert made_up.left_alone


def test_exemptions_are_honoured() -> None:
    pipeline = created(actor=role_session("deploy", "ci-42", path="/ci/"))
    paths = {"role_paths": {"/ci/": "2999-12-31"}}
    assert rehearse(handler, pipeline, exemptions=paths).left_alone.startswith("exempt until 2999")
    tags = {"tags": {"keep=yes": "2999-12-31"}}
    seen = rehearse(handler, created(), aws=AwsDouble(BARE), mode="enforce", exemptions=tags)
    assert [action["status"] for action in seen.actions] == ["taken", "exempt"]


def test_elsewhere_it_refuses_and_tells() -> None:
    seen = rehearse(handler, created(), mode="enforce", at=(ACCOUNT, "us-east-1"))
    assert seen.answer["refused"] == 1
    assert [told.severity for told in seen.alerts] == ["high"]
    assert (seen.calls, seen.actions) == ((), ())
