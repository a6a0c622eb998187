"""modules/event-rules applied: what each kind of target gets, and what becomes of it otherwise."""

from __future__ import annotations

import json
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.logged import emit, heard, trail
from tests.harness.applies import Applier, Stack
from tests.harness.local_aws import REGION
from tests.harness.mail import bodies, take

pytestmark = pytest.mark.e2e

FANOUT, FAST = Path("examples/sqs-fanout"), {"visibility_timeout_seconds": 10}
INSIGHTS = Path("examples/insights-alert")
WIRED = """
variable "function_zip" { type = string }

locals {
  made  = { source = ["aws.sqs"], detail = { eventName = ["CreateQueue"], requestParameters = { queueName = [{ prefix = "match-" }] } } }
  gone  = { source = ["aws.sqs"], detail = { eventName = ["DeleteQueue"] } }
  reads = { source = ["aws.sqs"], detail = { eventName = ["ListQueues"] } }
}

resource "aws_sqs_queue" "this" {
  for_each = toset(["heard", "work", "off", "reads", "writes", "onbus", "own"])
  name     = each.key
}

resource "aws_cloudwatch_event_bus" "hub" {
  name = "hub"
}

resource "aws_iam_role" "react" {
  name = "react"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "lambda.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy" "react" {
  name   = "send"
  role   = aws_iam_role.react.name
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sqs:SendMessage", Resource = aws_sqs_queue.this["own"].arn }] })
}

resource "aws_lambda_function" "react" {
  function_name = "react"
  role          = aws_iam_role.react.arn
  runtime       = "python3.13"
  handler       = "react.handler"
  filename      = var.function_zip
  timeout       = 20
  environment {
    variables = { OUT = aws_sqs_queue.this["own"].url }
  }
}

module "topic" {
  source            = "${modules}/alert-topic"
  name              = "alerts"
  queue_policies    = "attach"
  queue_subscribers = { heard = aws_sqs_queue.this["heard"] }
}

module "rules" {
  source  = "${modules}/event-rules"
  name    = "wired"
  archive = { retention_days = 7 }
  queue_policies = "attach"
  rules = {
    made = {
      patterns = { main = jsonencode(local.made), more = jsonencode(local.gone) }
      targets = {
        bus      = { bus = aws_cloudwatch_event_bus.hub }
        function = { function = aws_lambda_function.react }
        people   = { topic = module.topic, input_transformer = module.topic.messages.api_call }
        work     = { queue = aws_sqs_queue.this["work"] }
      }
    }
    off    = { pattern = jsonencode(local.made), enabled = false, targets = { off = { queue = aws_sqs_queue.this["off"] } } }
    reads  = { pattern = jsonencode(local.reads), read_only_events = true, targets = { q = { queue = aws_sqs_queue.this["reads"] } } }
    writes = { pattern = jsonencode(local.reads), targets = { q = { queue = aws_sqs_queue.this["writes"] } } }
  }
}

module "on_the_bus" {
  source    = "${modules}/event-rules"
  name      = "hub"
  event_bus = aws_cloudwatch_event_bus.hub
  queue_policies = "attach"
  rules = {
    "*"  = { targets = { q = { queue = aws_sqs_queue.this["onbus"] } } }
    made = { pattern = jsonencode({ source = ["aws.sqs"] }) }
  }
}

output "archive" { value = module.rules.archive }
output "letters" { value = module.rules.dead_letter_queue.url }
output "role" { value = module.rules.roles.made.name }
output "rules" { value = module.rules.rules }
output "topic" { value = module.topic.arn }
output "urls" { value = { for name, queue in aws_sqs_queue.this : name => queue.url } }
"""  # noqa: E501

HANDLER = """
import json, os, boto3
def handler(event, context):
    boto3.client("sqs").send_message(QueueUrl=os.environ["OUT"], MessageBody=json.dumps(event))
"""
# Where what a target of each kind got can be read.
READ = {"bus": "onbus", "function": "own", "people": "heard", "work": "work"}


@dataclass
class Wired:
    """The applied rules; `names` makes queues' names that no test has used."""

    stack: Stack
    outputs: dict[str, Any]
    count: int = 0

    def call(self, prefix: str = "match-") -> str:
        """Make a queue with such a name, and wait until all is delivered."""
        self.count += 1
        name = f"{prefix}{self.count}"
        self.stack.client("sqs").create_queue(QueueName=name)
        assert self.stack.aws.drain()
        return name

    def got(self, queue: str) -> list[Any]:
        return bodies(self.stack.client("sqs"), self.outputs["urls"][queue])

    def letters(self) -> list[dict[str, Any]]:
        return take(self.stack.client("sqs"), self.outputs["letters"])

    def quiet(self) -> None:
        for queue in self.outputs["urls"]:
            self.got(queue)
        self.letters()


@pytest.fixture(scope="module")
def applied(apply: Applier, tmp_path_factory: pytest.TempPathFactory) -> Wired:
    package = tmp_path_factory.mktemp("function") / "react.zip"
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("react.py", HANDLER)
    apply.start(FANOUT, FAST)
    apply.start(INSIGHTS, {"force_destroy": True})
    stack = apply(WIRED, {"function_zip": str(package)})
    trail(stack.aws, stack.account, REGION)
    return Wired(stack, stack.outputs)


@pytest.fixture
def wired(applied: Wired) -> Iterator[Wired]:
    applied.quiet()
    yield applied
    assert applied.stack.aws.drain()


def name_in(event: dict[str, Any]) -> str:
    return str(event["detail"]["requestParameters"]["queueName"])


def test_every_kind_of_target_gets_what_matches(wired: Wired) -> None:
    name = wired.call()
    for kind in ("bus", "function", "work"):
        (event,) = wired.got(READ[kind])
        assert name_in(event) == name
        assert (event["account"], event["region"]) == (wired.stack.account, REGION)
    assert len(wired.got("heard")) == 1
    assert wired.letters() == []


def test_no_kind_of_target_gets_what_does_not(wired: Wired) -> None:
    wired.call("other-")
    assert [wired.got(queue) for queue in READ.values()] == [[], [], [], []]
    assert wired.letters() == []


def test_the_other_pattern_of_a_rule_has_the_same_targets(wired: Wired) -> None:
    sqs = wired.stack.client("sqs")
    url = sqs.create_queue(QueueName="other-gone")["QueueUrl"]
    sqs.delete_queue(QueueUrl=url)
    assert wired.stack.aws.drain()
    for kind in ("bus", "function", "work"):
        (event,) = wired.got(READ[kind])
        assert event["detail"]["eventName"] == "DeleteQueue"


def test_a_disabled_rule_is_silent(wired: Wired) -> None:
    wired.call()
    assert wired.got("off") == []


def test_a_read_only_call_arrives_with_the_flag_alone(wired: Wired) -> None:
    wired.stack.client("sqs").list_queues()
    assert wired.stack.aws.drain()
    (event,) = wired.got("reads")
    assert event["detail"]["readOnly"] is True
    assert wired.got("writes") == []


def test_the_message_reads_as_its_template_says(wired: Wired) -> None:
    wired.call()
    (message,) = wired.got("heard")
    lines = message["Message"].split("\n")
    account = wired.stack.account
    assert lines[0].startswith(
        f'"arn:aws:iam::{account}:root called CreateQueue of sqs.amazonaws.com in {REGION}, '
        f"account {account}, at 20"
    )
    assert [line.partition(": ")[0] for line in lines[1:]] == [
        '"From',
        '"With',
        '"Error',
        '"Event',
    ]
    assert lines[3] == '"Error: "'


def without_bus(stack: Stack, outputs: dict[str, Any]) -> None:
    stack.client("iam").delete_role_policy(RoleName=outputs["role"], PolicyName="targets")


def without_function(stack: Stack, outputs: dict[str, Any]) -> None:
    functions = stack.client("lambda")
    policy = json.loads(functions.get_policy(FunctionName="react")["Policy"])
    for statement in policy["Statement"]:
        functions.remove_permission(FunctionName="react", StatementId=statement["Sid"])


def without_people(stack: Stack, outputs: dict[str, Any]) -> None:
    topics = stack.client("sns")
    attributes = topics.get_topic_attributes(TopicArn=outputs["topic"])["Attributes"]
    policy = json.loads(attributes["Policy"])
    policy["Statement"] = [s for s in policy["Statement"] if s["Sid"] != "EventBridgePublish"]
    topics.set_topic_attributes(
        TopicArn=outputs["topic"], AttributeName="Policy", AttributeValue=json.dumps(policy)
    )


def without_work(stack: Stack, outputs: dict[str, Any]) -> None:
    stack.client("sqs").set_queue_attributes(
        QueueUrl=outputs["urls"]["work"], Attributes={"Policy": ""}
    )


def test_without_permissions_nothing_arrives_and_all_is_kept(wired: Wired) -> None:
    """All at once, since each apply that mends it takes SQS its time."""
    for take_away in (without_bus, without_function, without_people, without_work):
        take_away(wired.stack, wired.outputs)
    try:
        name = wired.call()
        for queue in READ.values():
            assert wired.got(queue) == [], queue
        letters = wired.letters()
    finally:
        wired.stack.apply()
    targets = set()
    for letter in letters:
        said = {k: v["StringValue"] for k, v in letter["MessageAttributes"].items()}
        assert said["ERROR_CODE"] == "NO_PERMISSIONS"
        assert said["RULE_ARN"] == wired.outputs["rules"]["made"]["arn"]
        assert name_in(json.loads(letter["Body"])) == name
        targets.add(said["TARGET_ARN"].rpartition(":")[2])
    assert (len(letters), targets) == (4, {"event-bus/hub", "react", "alerts", "work"})
    # Mended, and nothing is left to do.
    assert wired.stack.changes() == {}
    wired.call()
    assert [len(wired.got(queue)) for queue in READ.values()] == [1, 1, 1, 1]


def test_what_was_archived_is_played_again_to_one_rule(wired: Wired) -> None:
    name = wired.call()
    wired.quiet()
    archive, now = wired.outputs["archive"], datetime.now(UTC)
    wired.stack.client("events").start_replay(
        ReplayName="again",
        EventSourceArn=archive["arn"],
        EventStartTime=now - timedelta(hours=1),
        EventEndTime=now + timedelta(minutes=1),
        Destination={
            "Arn": archive["event_source_arn"],
            "FilterArns": [wired.outputs["rules"]["made"]["arn"]],
        },
    )
    assert wired.stack.aws.drain()
    again = [event for event in wired.got("work") if name_in(event) == name]
    assert [event["replay-name"] for event in again] == ["again"]


def test_a_second_plan_is_empty(applied: Wired) -> None:
    assert applied.stack.changes() == {}


# --- insights-alert


def test_an_insight_is_told_to_people(apply: Applier, applied: Wired) -> None:
    stack = apply(INSIGHTS, {"force_destroy": True})
    url = stack.outputs["audit_queue_url"]
    details = {
        "eventSource": "ec2.amazonaws.com",
        "eventName": "RunInstances",
        "insightType": "ApiCallRateInsight",
        "insightContext": {
            "statistics": {"baseline": {"average": 0.5}, "insight": {"average": 40}}
        },
    }
    for state in ("Start", "End"):
        emit(stack, {"insightDetails": details | {"state": state}, "awsRegion": REGION})
    (text,) = heard(stack, url)
    lines = text.split("\n")
    assert lines[0].startswith(
        '"CloudTrail noticed unusual activity with RunInstances of ec2.amazonaws.com in '
        f"{REGION}, account {stack.account}, at 20"
    )
    assert lines[1:] == [
        '"What: ApiCallRateInsight, Start"',
        '"A minute, now and usually: 40, 0.5"',
    ]
    assert stack.changes() == {}


# --- sqs-fanout


@pytest.fixture(scope="module")
def fanout(apply: Applier, applied: Wired) -> Stack:
    stack = apply(FANOUT, FAST)
    trail(stack.aws, stack.account, REGION)
    return stack


def until(look: Callable[[], Any], seconds: float = 90.0) -> Any:
    """What `look` finds once it finds something."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.5)
    return found


def test_both_readers_get_a_call_and_the_consumer_handles_it(fanout: Stack) -> None:
    outputs = fanout.outputs
    fanout.client("s3").create_bucket(Bucket=f"fanned-out-{fanout.account}")
    assert fanout.aws.drain()
    events = bodies(fanout.client("sqs"), outputs["audit_queue_url"])
    names = [event["detail"]["requestParameters"]["bucketName"] for event in events]
    assert f"fanned-out-{fanout.account}" in names
    until(lambda: logged(fanout, "handled", f"fanned-out-{fanout.account}"))


def logged(stack: Stack, *words: str) -> list[str]:
    found = stack.client("logs").filter_log_events(logGroupName=stack.outputs["log_group_name"])
    return [e["message"] for e in found["events"] if all(word in e["message"] for word in words)]


def test_what_the_consumer_fails_on_comes_back_alone(fanout: Stack) -> None:
    sqs, outputs = fanout.client("sqs"), fanout.outputs
    detail = {"eventID": "1", "eventName": "CreateBucket"}
    good = {"detail": {**detail, "requestParameters": {"bucketName": "a-good-one"}}}
    bad = {"detail": {**detail, "requestParameters": {"bucketName": ""}}}
    sqs.send_message_batch(
        QueueUrl=outputs["work_queue_url"],
        Entries=[
            {"Id": str(n), "MessageBody": json.dumps(body)} for n, body in enumerate((bad, good))
        ],
    )
    failed: list[dict[str, Any]] = until(lambda: take(sqs, outputs["failed_queue_url"]))
    assert [json.loads(message["Body"]) for message in failed] == [bad]
    assert len(logged(fanout, "handled", "a-good-one")) == 1
    assert len(logged(fanout, "failed", "the event names no bucket")) == 3
    assert take(sqs, outputs["work_queue_url"]) == []


def test_a_second_plan_of_the_fanout_is_empty(fanout: Stack) -> None:
    assert fanout.changes() == {}


def test_the_package_is_the_consumer_as_it_reads() -> None:
    folder = Path(__file__).parents[2] / "examples/sqs-fanout/consumer"
    with zipfile.ZipFile(folder / "consumer.zip") as archive:
        assert archive.namelist() == ["consumer.py"]
        assert archive.read("consumer.py") == (folder / "consumer.py").read_bytes()
