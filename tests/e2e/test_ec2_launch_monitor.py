"""The example end to end: a launch by each kind of principal, and what comes of it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.harness.applies import Applier, Stack
from tests.harness.local_aws import REPOSITORY, Credentials
from tests.harness.mail import Listener, bodies, take

pytestmark = pytest.mark.e2e

EXAMPLE = Path("examples/ec2-launch-monitor")
IMAGE = "ami-0abcdef1234567890"


@dataclass
class World:
    """An applied example with two principals in its account and an ear at its topic."""

    stack: Stack
    outputs: dict[str, Any]
    listener: Listener
    user: Any
    session: Any

    @classmethod
    def of(cls, stack: Stack) -> World:
        outputs = stack.outputs
        iam = stack.client("iam")
        iam.create_user(UserName="ana")
        iam.put_user_policy(
            UserName="ana",
            PolicyName="launch",
            PolicyDocument=_allow("ec2:RunInstances", "ec2:CreateTags", "sts:AssumeRole"),
        )
        trust = {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{stack.account}:user/ana"},
                "Action": "sts:AssumeRole",
            },
        }
        role = iam.create_role(
            RoleName="deploy", Path="/ci/", AssumeRolePolicyDocument=json.dumps(trust)
        )["Role"]
        iam.put_role_policy(
            RoleName="deploy", PolicyName="launch", PolicyDocument=_allow("ec2:RunInstances")
        )
        key = Credentials.of(iam.create_access_key(UserName="ana"))
        assumed = stack.client("sts", key).assume_role(
            RoleArn=role["Arn"], RoleSessionName="release-42"
        )
        listener = Listener(stack.client("sqs"), stack.client("sns"), outputs["alert_topic_arn"])
        return cls(
            stack=stack,
            outputs=outputs,
            listener=listener,
            user=stack.client("ec2", key),
            session=stack.client("ec2", Credentials.of(assumed)),
        )

    def launch(self, ec2: Any, kind: str = "t3.micro", count: int = 1, **more: Any) -> list[str]:
        answer = ec2.run_instances(
            ImageId=IMAGE, InstanceType=kind, MinCount=count, MaxCount=count, **more
        )
        assert self.stack.aws.drain()
        return [instance["InstanceId"] for instance in answer["Instances"]]

    def tags(self, *ids: str) -> list[dict[str, str]]:
        """The tags of each instance, in the order of the ids."""
        found = self.stack.client("ec2").describe_instances(InstanceIds=list(ids))
        by_id = {
            i["InstanceId"]: {t["Key"]: t["Value"] for t in i.get("Tags", ())}
            for r in found["Reservations"]
            for i in r["Instances"]
        }
        return [by_id[i] for i in ids]

    def take(self, output: str) -> list[dict[str, Any]]:
        url = self.outputs[output]
        return take(self.stack.client("sqs"), url if isinstance(url, str) else url["url"])

    def quiet(self) -> None:
        """Empty every queue, so that a test reads only what it caused."""
        self.listener.heard()
        for output in ("downstream_queue_url", "dead_letter_queue", "failure_queue"):
            self.take(output)


@dataclass
class Demo:
    """`make demo` under way, and the file that it prints to."""

    process: subprocess.Popen[bytes]
    printed: Path


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Begun first and looked at last: most of its time it waits, while the other tests run."""
    printed = tmp_path_factory.mktemp("demo") / "printed"
    # Settings that lead elsewhere: the demo says that it touches no account, whatever they say.
    elsewhere = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_PROFILE": "nobody"}
    paths = f"{REPOSITORY}:{REPOSITORY / 'lambda_src'}"
    with printed.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "trailctl", "demo"],
            env={**os.environ, **elsewhere, "PYTHONPATH": paths},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Demo(process, printed)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)  # as Ctrl-C: it destroys what it has made
            process.wait(300)


@pytest.fixture(scope="module")
def stacks(apply: Applier, demo: Demo) -> dict[str, Any]:
    """All stacks of this module, begun side by side, and beside the demo."""
    del demo
    settings = {"force_destroy": True}
    return {
        "enforce": apply.start(EXAMPLE, {"mode": "enforce", "name": "monitor", **settings}),
        "dry_run": apply.start(EXAMPLE, {"name": "dry", **settings}),
    }


@pytest.fixture(scope="module")
def enforcing(stacks: dict[str, Any]) -> World:
    return World.of(stacks["enforce"].result())


@pytest.fixture
def world(enforcing: World) -> Iterator[World]:
    enforcing.quiet()
    yield enforcing
    # What a test sets off must not be left to the next one.
    assert enforcing.stack.aws.drain()


def test_every_instance_of_a_users_launch_carries_its_owner(world: World) -> None:
    ids = world.launch(world.user, count=3)
    assert len(ids) == 3
    for tags in world.tags(*ids):
        assert tags["reactor:owner"] == "ana"
        assert tags["reactor:launch-source"] == "boto3"
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", tags["reactor:launched-at"])


def test_the_volumes_are_tagged_with_their_instances(world: World) -> None:
    (instance,) = world.launch(world.user)
    volumes = world.stack.client("ec2").describe_volumes(
        Filters=[{"Name": "attachment.instance-id", "Values": [instance]}]
    )["Volumes"]
    assert volumes
    for volume in volumes:
        assert {"Key": "reactor:owner", "Value": "ana"} in volume.get("Tags", [])


def test_a_role_sessions_launch_carries_role_and_session(world: World) -> None:
    (tags,) = world.tags(*world.launch(world.session))
    assert tags["reactor:owner"] == "deploy/release-42"


def test_an_owner_that_came_with_the_launch_gives_way_to_who_launched(world: World) -> None:
    given = [{"Key": "reactor:owner", "Value": "team-data"}]
    specification = [{"ResourceType": "instance", "Tags": given}]
    (tags,) = world.tags(*world.launch(world.user, TagSpecifications=specification))
    assert tags["reactor:owner"] == "ana"
    assert tags["reactor:launch-source"] == "boto3"


def test_a_launch_reaches_the_queue_and_makes_one_mail(world: World) -> None:
    (instance,) = world.launch(world.user)
    (event,) = [json.loads(m["Body"]) for m in world.take("downstream_queue_url")]
    assert event["detail-type"] == "AWS API Call via CloudTrail"
    assert event["source"] == "aws.ec2"
    assert event["account"] == world.stack.account
    (item,) = event["detail"]["responseElements"]["instancesSet"]["items"]
    assert item["instanceId"] == instance
    ((subject, text),) = world.listener.heard()
    account = world.stack.account
    assert subject == f"[info] ana launched 1 x t3.micro in us-east-1 ({account})"
    assert text.startswith("ana (IAM user) launched 1 x t3.micro in us-east-1, account ")
    assert "; monitor-guard tagged 1 instance and 1 volume with " in text
    id_ = event["detail"]["eventID"]
    group = world.outputs["log_group_name"]
    assert f"trailctl undo {id_} --log-group {group} --region us-east-1" in text


def test_a_large_launch_raises_one_alert_that_a_person_can_read(world: World) -> None:
    (instance,) = world.launch(world.session, kind="p4d.24xlarge")
    ((subject, text),) = world.listener.heard()
    account = world.stack.account
    assert subject == (
        f"[medium] deploy/release-42 launched 1 x p4d.24xlarge in us-east-1 ({account})"
    )
    assert re.match(
        r"release-42 \(role deploy\) launched 1 x p4d\.24xlarge in us-east-1, account "
        rf"{account}, at 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC; monitor-guard tagged 1 instance",
        text,
    )
    assert instance in text
    assert "p4d.24xlarge is of size 4xlarge or beyond" in text
    assert "\\u" not in text


def test_a_failed_launch_changes_nothing(world: World) -> None:
    ec2 = world.stack.client("ec2")
    before = ec2.describe_instances()["Reservations"]
    with pytest.raises(ClientError, match="InvalidParameterCombination"):
        world.user.run_instances(ImageId=IMAGE, InstanceType="p4d.24xlarge", MinCount=3, MaxCount=1)
    assert world.stack.aws.drain()
    assert ec2.describe_instances()["Reservations"] == before
    assert world.listener.heard() == []
    for queue in ("downstream_queue_url", "dead_letter_queue", "failure_queue"):
        assert world.take(queue) == []


def test_a_dry_run_launch_and_a_read_only_call_set_off_nothing(world: World) -> None:
    with pytest.raises(ClientError, match="DryRunOperation"):
        world.user.run_instances(
            ImageId=IMAGE, InstanceType="t3.micro", MinCount=1, MaxCount=1, DryRun=True
        )
    world.stack.client("ec2").describe_instances()
    assert world.stack.aws.drain()
    assert world.take("downstream_queue_url") == []


def test_the_guards_own_call_starts_no_loop(world: World) -> None:
    world.launch(world.user)
    events = world.stack.client("cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "CreateTags"}]
    )["Events"]
    record = json.loads(events[0]["CloudTrailEvent"])
    assert record["userIdentity"]["type"] == "AssumedRole"
    assert record["userIdentity"]["sessionContext"]["sessionIssuer"]["userName"].startswith(
        "monitor-guard"
    )
    assert len(world.take("downstream_queue_url")) == 1
    assert world.take("dead_letter_queue") == []


def test_the_function_has_only_its_roles_permissions(world: World) -> None:
    """Without ec2:CreateTags in the role the guard fails, and its event is in the failure queue."""
    iam = world.stack.client("iam")
    role = (
        world.stack.client("lambda")
        .get_function_configuration(FunctionName=world.outputs["function_name"])["Role"]
        .rpartition("/")[2]
    )
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    whole = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    kept = [s for s in whole["Statement"] if "ec2:CreateTags" not in s["Action"]]
    assert len(kept) == len(whole["Statement"]) - 1
    reduced = json.dumps(whole | {"Statement": kept})
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=reduced)
    try:
        (tags,) = world.tags(*world.launch(world.user))
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(whole))
    assert "reactor:owner" not in tags
    (failure,) = bodies(world.stack.client("sqs"), world.outputs["failure_queue"]["url"])
    assert failure["requestContext"]["condition"] == "RetriesExhausted"
    assert failure["requestPayload"]["detail"]["eventName"] == "RunInstances"
    assert "ec2:CreateTags" in json.dumps(failure["responsePayload"])


def test_a_second_plan_is_empty(enforcing: World) -> None:
    assert enforcing.stack.changes() == {}


@pytest.fixture(scope="module")
def dry(stacks: dict[str, Any]) -> World:
    return World.of(stacks["dry_run"].result())


def test_dry_run_is_the_default_and_changes_nothing(dry: World) -> None:
    world = dry
    (tags,) = world.tags(*world.launch(world.session, kind="p4d.24xlarge"))
    assert tags == {}
    ((subject, text),) = world.listener.heard()
    assert not (subject or "").startswith("[")
    account = world.stack.account
    assert re.fullmatch(
        rf'"arn:aws:sts::{account}:assumed-role/deploy/release-42 launched EC2 '
        rf'\(up to 1 x p4d\.24xlarge\) in us-east-1, account {account}, at 20\S+Z\."',
        text,
    )
    logs = world.stack.client("logs").filter_log_events(
        logGroupName=world.outputs["log_group_name"]
    )["events"]
    assert any("create_tags" in e["message"] and "dry_run" in e["message"] for e in logs)


# Each target's permission is taken away by hand: nothing arrives there, and the event is kept.


@pytest.fixture(scope="module")
def broken(enforcing: World) -> World:
    """The stack of the tests above, which are through with it."""
    return enforcing


def lost(world: World, target: str, name: str = "monitor") -> None:
    """The one event in the dead-letter queue must be the target's."""
    (message,) = world.take("dead_letter_queue")
    attributes = {k: v["StringValue"] for k, v in message["MessageAttributes"].items()}
    assert attributes["TARGET_ARN"].endswith(target)
    assert attributes["RULE_ARN"].endswith(f"rule/{name}-ec2-launched")
    assert attributes["ERROR_CODE"] == "NO_PERMISSIONS"
    assert json.loads(message["Body"])["detail"]["eventName"] == "RunInstances"


def test_without_the_functions_permission(broken: World) -> None:
    broken.quiet()
    functions = broken.stack.client("lambda")
    name = broken.outputs["function_name"]
    policy = json.loads(functions.get_policy(FunctionName=name)["Policy"])
    for statement in policy["Statement"]:
        functions.remove_permission(FunctionName=name, StatementId=statement["Sid"])
    (tags,) = broken.tags(*broken.launch(broken.user))
    assert tags == {}
    lost(broken, f"function:{name}")
    assert len(broken.take("downstream_queue_url")) == 1
    assert broken.listener.heard() == []


def test_without_the_queues_policy(broken: World) -> None:
    broken.stack.apply()  # gives the function its permission back
    broken.quiet()
    url = broken.outputs["downstream_queue_url"]
    broken.stack.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    (tags,) = broken.tags(*broken.launch(broken.user))
    assert tags["reactor:owner"] == "ana"
    assert broken.take("downstream_queue_url") == []
    lost(broken, "monitor-downstream")


def test_without_the_topics_policy(dry: World) -> None:
    broken = dry  # where the rule writes to the topic
    broken.quiet()
    topic = broken.outputs["alert_topic_arn"]
    topics = broken.stack.client("sns")
    policy = json.loads(topics.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])
    kept = [s for s in policy["Statement"] if "events.amazonaws.com" not in json.dumps(s)]
    assert len(kept) < len(policy["Statement"])
    topics.set_topic_attributes(
        TopicArn=topic,
        AttributeName="Policy",
        AttributeValue=json.dumps(policy | {"Statement": kept}),
    )
    broken.launch(broken.user)
    assert broken.listener.heard() == []
    assert len(broken.take("downstream_queue_url")) == 1
    lost(broken, "dry-alerts", "dry")


def test_destroy_leaves_nothing(stacks: dict[str, Any]) -> None:
    stack: Stack = stacks["dry_run"].result()
    stack.destroy()
    names = {
        "functions": stack.client("lambda").list_functions()["Functions"],
        "rules": stack.client("events").list_rules()["Rules"],
        "queues": [
            u
            for u in stack.client("sqs").list_queues().get("QueueUrls", [])
            if not u.endswith("/listener")
        ],
        "topics": stack.client("sns").list_topics()["Topics"],
        "trails": stack.client("cloudtrail").list_trails()["Trails"],
        "buckets": stack.client("s3").list_buckets()["Buckets"],
        "log groups": stack.client("logs").describe_log_groups()["logGroups"],
        "roles": [
            r["RoleName"]
            for r in stack.client("iam").list_roles()["Roles"]
            if r["RoleName"] != "deploy"
        ],
    }
    assert {what: left for what, left in names.items() if left} == {}


def _allow(*actions: str) -> str:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_the_demo_keeps_what_it_says(demo: Demo) -> None:
    """It exits with 1 where a claim does not hold; here it must print all, and fit a terminal."""
    code = demo.process.wait(600)
    text = demo.printed.read_text(encoding="utf-8")
    assert code == 0, text
    _, _, said = text.partition("Does it hold?\n")
    claims = [line for line in said.splitlines() if line[2:3] in ("✓", "✗")]
    assert len(claims) == 12, text  # the last one is the destruction
    assert all(line.startswith("  ✓ ") for line in claims), text
    acts = re.findall(r"^\S.*\n(?=  [0-9:.]{12}  call )", text, re.MULTILINE)
    assert len(acts) == 4, text
    assert "  lost     ec2:RunInstances  it never comes to the bus\n" in text
    assert "│ Late: " in text
    assert [line for line in text.splitlines() if len(line) > 80] == []
    assert re.search(r"\nDone in \d+ s; nothing of it is left\.\n$", text)
