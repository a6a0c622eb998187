"""From a topic to its subscribers: who admits SNS, what a failure leaves, what is counted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, cast

import boto3
import pytest
from moto import mock_aws

from localaws.activity import Activity
from localaws.clock import MovableClock
from localaws.sns.deliveries import Deliveries
from localaws.wire.clients import InProcessClients
from localaws.wire.emulator import Notification, Published

pytestmark = pytest.mark.unit

ACCOUNT, REGION = "123456789012", "us-east-1"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"
ALARM = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:silence"
SNS, CLOUDWATCH = "sns.amazonaws.com", "cloudwatch.amazonaws.com"
USE = ["kms:Decrypt", "kms:GenerateDataKey*"]
HERE = {"ArnEquals": {"aws:SourceArn": TOPIC}}
ELSEWHERE = {"ArnEquals": {"aws:SourceArn": f"{TOPIC}-of-others"}}


@cache
def client(service: str) -> Any:
    return boto3.client(
        service,  # type: ignore[call-overload]
        region_name=REGION,
        aws_access_key_id="x",
        aws_secret_access_key="x",
    )


class Clients:
    def client(self, service: str, account: str, region: str) -> Any:
        assert (account, region) == (ACCOUNT, REGION)
        return client(service)


def allow(who: str, action: str | list[str], condition: Any = None) -> dict[str, Any]:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": who},
        "Action": action,
        "Resource": "*",
    }
    return statement | ({"Condition": condition} if condition else {})


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def queue(name: str, *statements: dict[str, Any], key: str | None = None) -> str:
    """A queue with a policy of these statements; its ARN."""
    attributes = {"Policy": policy(*statements)} if statements else {}
    if key:
        attributes["KmsMasterKeyId"] = key
    client("sqs").create_queue(QueueName=name, Attributes=attributes)
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


def key(*statements: dict[str, Any]) -> str:
    root = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    own = {"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"}
    return str(client("kms").create_key(Policy=policy(own, *statements))["KeyMetadata"]["Arn"])


class World:
    def __init__(self) -> None:
        self.steps: list[Activity] = []
        self.invoked: list[tuple[str, bytes]] = []
        self.looked: list[tuple[str, ...]] = []
        self.deliveries = Deliveries(
            cast(InProcessClients, Clients()),
            MovableClock(),
            self.steps.append,
            self._invoke,
            lambda *place: self.looked.append(place),
        )

    def _invoke(self, function: str, payload: bytes) -> str:
        self.invoked.append((function, payload))
        return "id"

    def publish(
        self, endpoint: str, redrive: str | None = None, protocol: str = "sqs", raw: bool = False,
        alarm: str | None = None, **more: Any,
    ) -> list[str]:  # fmt: skip
        """Publish to one subscriber; what became of it."""
        before = len(self.steps)
        notification = Notification(
            subscription=f"{TOPIC}:s",
            protocol=protocol,
            endpoint=endpoint,
            text="hello" if raw else json.dumps({"Message": "hello"}),
            raw=raw,
            attributes=more.get("attributes", {}),
            more={},
            redrive=redrive,
        )
        self.deliveries.submit(Published(TOPIC, "m", "", "hello", alarm, (notification,)))
        assert self.deliveries.drain(10)
        told = [step.step for step in self.steps[before:]]
        return [step for step in told if step != "published"]

    def counted(self) -> dict[str, float]:
        """The topic's metrics, in sum."""
        found: dict[str, float] = {}
        for kind in ("Delivered", "Failed", "RedrivenToDlq", "FailedToRedriveToDlq"):
            now = datetime.now(UTC)
            answer = client("cloudwatch").get_metric_statistics(
                Namespace="AWS/SNS",
                MetricName=f"NumberOfNotifications{kind}",
                Dimensions=[{"Name": "TopicName", "Value": "alerts"}],
                StartTime=now - timedelta(hours=1),
                EndTime=now + timedelta(hours=1),
                Period=7200,
                Statistics=["Sum"],
            )
            for point in answer["Datapoints"]:
                found[kind] = found.get(kind, 0) + point["Sum"]
        return found


@pytest.mark.parametrize(
    ("subject", "text", "first"),
    [("[high] stopped", "The trail\nstands.", "[high] stopped"), ("", "a\nb", "a")],
)
def test_what_a_topic_says_is_told_whoever_subscribes(
    world: World, subject: str, text: str, first: str
) -> None:
    world.deliveries.submit(Published(TOPIC, "m", subject, text, None, ()))
    assert world.deliveries.drain(10)
    (step,) = world.steps
    assert (step.kind, step.step, step.what, step.detail) == ("topic", "published", "alerts", first)
    assert step.extra == {"topic": TOPIC, "subject": subject, "text": text}


def messages(arn: str) -> list[dict[str, Any]]:
    url = client("sqs").get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"]
    answer = client("sqs").receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    )
    found: list[dict[str, Any]] = answer.get("Messages", [])
    return found


@pytest.fixture
def world() -> Iterator[World]:
    with mock_aws():
        made = World()
        yield made
        made.deliveries.close()


def test_a_queue_that_admits_sns(world: World) -> None:
    arn = queue("work", allow(SNS, "sqs:SendMessage", HERE))
    assert world.publish(arn) == ["delivered"]
    assert [json.loads(m["Body"]) for m in messages(arn)] == [{"Message": "hello"}]
    assert world.counted() == {"Delivered": 1}
    assert world.looked == [(ACCOUNT, REGION, "AWS/SNS")]


def test_a_raw_message_has_its_attributes(world: World) -> None:
    arn = queue("work", allow(SNS, "sqs:SendMessage"))
    given = {"team": {"DataType": "String", "StringValue": "red"}}
    world.publish(arn, raw=True, attributes=given)
    [message] = messages(arn)
    assert (message["Body"], message["MessageAttributes"]) == ("hello", given)


FAILURES: dict[str, Callable[[], str]] = {
    "a queue that is gone": lambda: f"arn:aws:sqs:{REGION}:{ACCOUNT}:gone",
    "a queue without policy": lambda: queue("work"),
    "a queue that admits others": lambda: queue(
        "work", allow("events.amazonaws.com", "sqs:SendMessage")
    ),
    "a queue that admits another topic": lambda: queue(
        "work", allow(SNS, "sqs:SendMessage", ELSEWHERE)
    ),
    "a key that does not admit SNS": lambda: queue(
        "work", allow(SNS, "sqs:SendMessage"), key=key(allow(CLOUDWATCH, USE))
    ),
    "a key that lets SNS decrypt alone": lambda: queue(
        "work", allow(SNS, "sqs:SendMessage"), key=key(allow(SNS, "kms:Decrypt"))
    ),
    "a key that admits another topic": lambda: queue(
        "work", allow(SNS, "sqs:SendMessage"), key=key(allow(SNS, USE, ELSEWHERE))
    ),
    "a key of AWS's own": lambda: queue("work", allow(SNS, "sqs:SendMessage"), key="alias/aws/sqs"),
}


@pytest.mark.parametrize("what", FAILURES)
def test_what_fails_goes_to_the_subscription_s_dead_letters(world: World, what: str) -> None:
    dead = queue("dead", allow(SNS, "sqs:SendMessage", HERE))
    assert world.publish(FAILURES[what](), redrive=dead) == ["refused", "dead-lettered"]
    assert [json.loads(m["Body"]) for m in messages(dead)] == [{"Message": "hello"}]
    assert world.counted() == {"Failed": 1, "RedrivenToDlq": 1}


def test_a_key_that_admits_sns(world: World) -> None:
    arn = queue("work", allow(SNS, "sqs:SendMessage"), key=key(allow(SNS, USE, HERE)))
    assert world.publish(arn) == ["delivered"]


def test_without_dead_letters_it_is_lost_and_counted(world: World) -> None:
    assert world.publish(queue("work")) == ["refused", "dropped"]
    assert world.counted() == {"Failed": 1}


def test_dead_letters_that_do_not_admit_sns(world: World) -> None:
    for dead in (
        queue("closed"),
        queue("sealed", allow(SNS, "sqs:SendMessage"), key=key()),
    ):
        assert world.publish(queue("work"), redrive=dead) == ["refused", "dropped"]
        assert messages(dead) == []
    assert world.counted() == {"Failed": 2, "FailedToRedriveToDlq": 2}


def test_an_endpoint_that_does_not_answer(world: World) -> None:
    dead = queue("dead", allow(SNS, "sqs:SendMessage"))
    found = world.publish("http://127.0.0.1:9/", redrive=dead, protocol="http")
    assert found == ["refused", "dead-lettered"]


def test_people_are_taken_to_have_read_it(world: World) -> None:
    assert world.publish("ana@example.com", protocol="email") == ["delivered"]


# --- alarms --------------------------------------------------------------------------------------


def topic(*statements: dict[str, Any], key: str | None = None) -> None:
    attributes = {"KmsMasterKeyId": key} if key else {}
    if statements:
        attributes["Policy"] = policy(*statements)
    client("sns").create_topic(Name="alerts", Attributes=attributes)


@pytest.mark.parametrize(
    ("admitted", "made"),
    [
        # The policy that a topic has of its own.
        (True, lambda: topic()),
        (True, lambda: topic(allow(CLOUDWATCH, "sns:Publish"))),
        (True, lambda: topic(allow(CLOUDWATCH, "sns:Publish"), key=key(allow(CLOUDWATCH, USE)))),
        (False, lambda: topic(allow("events.amazonaws.com", "sns:Publish"))),
        (False, lambda: topic(allow(CLOUDWATCH, "sns:Publish"), key=key(allow(SNS, USE)))),
        (False, lambda: topic(allow(CLOUDWATCH, "sns:Publish"), key="alias/aws/sns")),
    ],
)
def test_an_alarm_s_topic_and_key(world: World, admitted: bool, made: Callable[[], None]) -> None:
    made()
    arn = queue("work", allow(SNS, "sqs:SendMessage"))
    assert world.publish(arn, alarm=ALARM) == (["delivered"] if admitted else ["refused"])
    assert ("published" in {step.step for step in world.steps}) is admitted
    assert len(messages(arn)) == admitted


def test_an_alarm_of_another_region(world: World) -> None:
    topic(allow(CLOUDWATCH, "sns:Publish"))
    arn = queue("work", allow(SNS, "sqs:SendMessage"))
    assert world.publish(arn, alarm=ALARM.replace(REGION, "eu-west-1")) == ["refused"]
