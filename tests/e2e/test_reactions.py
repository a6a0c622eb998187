"""The examples of reactions end to end: the call, what comes of it, the record and the alert."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.harness.applies import Applier, Stack
from tests.harness.local_aws import Credentials
from tests.harness.mail import Listener, bodies, take

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("reactions"), pytest.mark.timeout(600)]

NAMES = {
    "ec2-cost-guard": "cost",
    "iam-role-guard": "roles",
    "bucket-baseline": "buckets",
    "trail-guard": "trails",
    "own-reaction": "own",
}
MORE: dict[str, dict[str, Any]] = {
    "ec2-cost-guard": {"exempt_role_paths": {"/trusted/": "2999-12-31"}},
    "iam-role-guard": {"exempt_principals": {"arn:aws:iam::*:user/trusted": "2999-12-31"}},
    "bucket-baseline": {"exempt_tags": {"reactor-exempt=yes": "2999-12-31"}},
}
IMAGE = "ami-0abcdef1234567890"
ANYBODY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"}],
}


def variables(example: str, mode: str) -> dict[str, Any]:
    settings = {"name": NAMES[example], "mode": mode, "force_destroy": True}
    return {**settings, **MORE.get(example, {})}


def allow(*actions: str) -> str:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@dataclass
class World:
    """An applied example, a user of its account, and an ear at its topic."""

    example: str
    stack: Stack
    outputs: dict[str, Any]
    listener: Listener
    keys: dict[str, Credentials]

    @classmethod
    def of(cls, example: str, stack: Stack) -> World:
        outputs = stack.outputs
        iam = stack.client("iam")
        keys = {}
        for user in ("ana", "trusted"):
            iam.create_user(UserName=user)
            policy = allow("ec2:*", "iam:*", "s3:*", "cloudtrail:*", "ssm:*", "sts:AssumeRole")
            iam.put_user_policy(UserName=user, PolicyName="all", PolicyDocument=policy)
            keys[user] = Credentials.of(iam.create_access_key(UserName=user))
        topic = outputs["alert_topic_arn"]
        listener = Listener(stack.client("sqs"), stack.client("sns"), topic)
        return cls(example, stack, outputs, listener, keys)

    def client(self, service: str, user: str = "ana") -> Any:
        return self.stack.client(service, self.keys[user])

    def settled(self) -> None:
        assert self.stack.aws.drain()

    def logged(self, text: str) -> list[dict[str, Any]]:
        """The log's lines that hold the text."""
        found = self.stack.client("logs").filter_log_events(
            logGroupName=self.outputs["log_group_name"]
        )["events"]
        lines = [e["message"] for e in found if text in e["message"]]
        return [json.loads(line[line.index("{") :]) for line in lines if "{" in line]

    def alerts(self) -> list[tuple[str, str]]:
        return [(s or "", t) for s, t in self.listener.heard()]

    def event(self, name: str) -> dict[str, Any]:
        """The last call of that name as EventBridge would hand it over."""
        found = self.stack.client("cloudtrail").lookup_events(
            LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": name}]
        )["Events"]
        records = [json.loads(each["CloudTrailEvent"]) for each in found]
        record = next(r for r in records if r["userIdentity"]["type"] == "IAMUser")
        return {
            "version": "0",
            "id": record["eventID"],
            "detail-type": "AWS API Call via CloudTrail",
            "source": "aws." + record["eventSource"].partition(".")[0],
            "account": record["recipientAccountId"],
            "time": record["eventTime"],
            "region": record["awsRegion"],
            "resources": [],
            "detail": record,
        }

    def again(self, event: dict[str, Any], times: int = 10) -> list[dict[str, Any]]:
        """What the function answers to the same event so many times more."""
        functions = self.stack.client("lambda")
        answers = []
        for _ in range(times):
            answer = functions.invoke(
                FunctionName=self.outputs["function_name"], Payload=json.dumps(event).encode()
            )
            body = json.loads(answer["Payload"].read())
            assert "FunctionError" not in answer, body
            answers.append(body)
        return answers

    def quiet(self) -> None:
        self.settled()
        self.listener.heard()
        take(self.stack.client("sqs"), self.outputs["failure_queue"]["url"])


@pytest.fixture(scope="module")
def stacks(apply: Applier) -> dict[str, Future[Stack]]:
    """All stacks of this module, begun side by side."""
    return {
        example: apply.start(Path("examples") / example, variables(example, "enforce"))
        for example in NAMES
    }


def world_of(example: str) -> Any:
    @pytest.fixture(scope="module", name=f"{NAMES[example]}_once")
    def once(stacks: dict[str, Future[Stack]]) -> World:
        return World.of(example, stacks[example].result())

    return once


cost_once = world_of("ec2-cost-guard")
roles_once = world_of("iam-role-guard")
buckets_once = world_of("bucket-baseline")
trails_once = world_of("trail-guard")
own_once = world_of("own-reaction")


def quieted(world: World) -> Iterator[World]:
    world.quiet()
    yield world
    world.settled()


@pytest.fixture
def cost(cost_once: World) -> Iterator[World]:
    yield from quieted(cost_once)


@pytest.fixture
def roles(roles_once: World) -> Iterator[World]:
    yield from quieted(roles_once)


@pytest.fixture
def buckets(buckets_once: World) -> Iterator[World]:
    yield from quieted(buckets_once)


@pytest.fixture
def trails(trails_once: World) -> Iterator[World]:
    yield from quieted(trails_once)


@pytest.fixture
def own(own_once: World) -> Iterator[World]:
    yield from quieted(own_once)


def nothing_twice(world: World, event: dict[str, Any]) -> None:
    """Ten times more: no action, no alert, and the log says why."""
    answers = world.again(event)
    assert [(a["taken"], a["alerts"], a["failed"]) for a in answers] == [(0, 0, 0)] * 10
    world.settled()
    assert world.alerts() == []


# ---- ec2-cost-guard


def launch(ec2: Any, kind: str = "p4d.24xlarge", **more: Any) -> str:
    answer = ec2.run_instances(ImageId=IMAGE, InstanceType=kind, MinCount=1, MaxCount=1, **more)
    return str(answer["Instances"][0]["InstanceId"])


def seen(world: World, id_: str) -> tuple[str, dict[str, str]]:
    found = world.stack.client("ec2").describe_instances(InstanceIds=[id_])
    instance = found["Reservations"][0]["Instances"][0]
    return instance["State"]["Name"], {t["Key"]: t["Value"] for t in instance.get("Tags", ())}


def test_a_large_instance_is_tagged_stopped_and_told_and_nothing_happens_twice(
    cost: World,
) -> None:
    id_ = launch(cost.client("ec2"))
    cost.settled()
    state, tags = seen(cost, id_)
    assert state in ("stopping", "stopped")
    assert tags["reactor:owner"] == "ana"
    assert tags["reactor:creator-kind"] == "iam-user"
    ((subject, text),) = cost.alerts()
    assert subject.startswith("[medium] ana launched 1 x p4d.24xlarge")
    assert "cost-guard tagged 1 instance and 1 volume with" in text.splitlines()[0]
    assert "and stopped 1 instance." in text.splitlines()[0]
    stopped = [
        line["action"]
        for line in cost.logged("action taken")
        if line["action"]["operation"] == "stop_instances" and id_ in line["action"]["resources"]
    ]
    assert stopped[-1]["undo"]["command"].startswith("aws ec2 start-instances --region us-east-1")
    event = cost.event("RunInstances")
    cost.stack.client("ec2").start_instances(InstanceIds=[id_])  # somebody took it back
    cost.settled()
    nothing_twice(cost, event)
    assert seen(cost, id_)[0] in ("pending", "running")


def test_a_small_one_is_only_tagged(cost: World) -> None:
    id_ = launch(cost.client("ec2"), "t3.micro")
    cost.settled()
    state, tags = seen(cost, id_)
    assert state in ("pending", "running")
    assert tags["reactor:owner"] == "ana"
    assert cost.alerts() == []


def test_events_out_of_order_are_each_reacted_to_once(cost: World) -> None:
    first = launch(cost.client("ec2"), "t3.micro")
    cost.settled()
    early = cost.event("RunInstances")
    second = launch(cost.client("ec2"), "t3.micro")
    cost.settled()
    late = cost.event("RunInstances")
    answers = [cost.again(event, 1)[0]["taken"] for event in (late, early, late)]
    assert answers == [0, 0, 0]
    assert seen(cost, first)[1]["reactor:launched-at"] == early["time"]
    assert seen(cost, second)[1]["reactor:launched-at"] == late["time"]


def test_an_exempt_role_is_left_alone_and_logged(cost: World) -> None:
    iam = cost.stack.client("iam")
    trust = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{cost.stack.account}:user/ana"},
            "Action": "sts:AssumeRole",
        },
    }
    role = iam.create_role(
        RoleName="batch", Path="/trusted/", AssumeRolePolicyDocument=json.dumps(trust)
    )["Role"]
    iam.put_role_policy(RoleName="batch", PolicyName="ec2", PolicyDocument=allow("ec2:*"))
    session = cost.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="night")
    id_ = launch(cost.stack.client("ec2", Credentials.of(session)))
    cost.settled()
    state, tags = seen(cost, id_)
    assert state in ("pending", "running")
    assert tags == {}
    assert cost.alerts() == []
    assert cost.logged("exempt until 2999-12-31 (role path /trusted/)")


def test_the_kill_switch_stops_it_and_unreadable_stops_it_too(cost: World) -> None:
    ssm = cost.stack.client("ssm")
    name = cost.outputs["kill_switch_name"]
    ssm.put_parameter(Name=name, Value="dry_run", Type="String", Overwrite=True)
    try:
        time.sleep(1.2)
        thrown = launch(cost.client("ec2"))
        cost.settled()
        ssm.delete_parameter(Name=name)
        time.sleep(1.2)
        unreadable = launch(cost.client("ec2"))
        cost.settled()
    finally:
        ssm.put_parameter(Name=name, Value="enforce", Type="String", Overwrite=True)
        time.sleep(1.2)
    for id_ in (thrown, unreadable):
        state, tags = seen(cost, id_)
        assert state in ("pending", "running")
        assert tags == {}
    assert cost.alerts() == []
    assert cost.logged(f"the kill switch {name} says dry_run")
    assert cost.logged(f"the kill switch {name} can't be read")


def test_every_action_is_on_the_audit_bus(cost: World) -> None:
    events, queues = cost.stack.client("events"), cost.stack.client("sqs")
    bus = cost.outputs["audit_bus_name"]
    arn = f"arn:aws:sqs:us-east-1:{cost.stack.account}:audit"
    rule = f"arn:aws:events:us-east-1:{cost.stack.account}:rule/{bus}/all"
    policy = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
        },
    }
    url = queues.create_queue(QueueName="audit", Attributes={"Policy": json.dumps(policy)})
    pattern = json.dumps({"source": ["cloudtrail-reactor"]})
    events.put_rule(Name="all", EventBusName=bus, EventPattern=pattern)
    events.put_targets(Rule="all", EventBusName=bus, Targets=[{"Id": "q", "Arn": arn}])
    id_ = launch(cost.client("ec2"))
    cost.settled()
    records = [body["detail"] for body in bodies(queues, url["QueueUrl"])]
    assert [(r["operation"], r["status"]) for r in records] == [
        ("create_tags", "taken"),
        ("stop_instances", "taken"),
    ]
    assert all(id_ in record["resources"] for record in records)
    assert records[1]["before"]["State"][id_] in ("pending", "running")
    assert records[1]["latency_ms"] >= 0


# ---- iam-role-guard


def inline(world: World, name: str) -> list[str]:
    found: list[str] = world.stack.client("iam").list_role_policies(RoleName=name)["PolicyNames"]
    return found


def test_a_role_that_trusts_anybody_is_denied_everything(roles: World) -> None:
    roles.client("iam").create_role(RoleName="open", AssumeRolePolicyDocument=json.dumps(ANYBODY))
    roles.settled()
    assert inline(roles, "open") == ["reactor-quarantine"]
    ((subject, text),) = roles.alerts()
    assert subject.startswith("[high] role open breaks a rule")
    assert "it trusts anybody; roles-guard denied everything to the role open." in text
    event = roles.event("CreateRole")
    roles.stack.client("iam").delete_role_policy(RoleName="open", PolicyName="reactor-quarantine")
    nothing_twice(roles, event)
    assert inline(roles, "open") == []


def test_its_own_call_starts_no_loop(roles: World) -> None:
    before = len(roles.logged("action taken"))
    roles.client("iam").create_role(RoleName="once", AssumeRolePolicyDocument=json.dumps(ANYBODY))
    roles.settled()
    assert len(roles.logged("action taken")) == before + 1
    assert len(roles.alerts()) == 1


def test_a_good_role_and_an_exempt_user_are_left_alone(roles: World) -> None:
    good = json.loads(json.dumps(ANYBODY))
    good["Statement"][0]["Principal"] = {"Service": "lambda.amazonaws.com"}
    roles.client("iam").create_role(RoleName="good", AssumeRolePolicyDocument=json.dumps(good))
    roles.client("iam", "trusted").create_role(
        RoleName="spared", AssumeRolePolicyDocument=json.dumps(ANYBODY)
    )
    roles.settled()
    assert inline(roles, "good") == inline(roles, "spared") == []
    assert roles.alerts() == []
    assert roles.logged("exempt until 2999-12-31 (principal arn:aws:iam::*:user/trusted)")


@pytest.mark.parametrize("taken", ["iam:PutRolePolicy", "iam:GetRole", "dynamodb:PutItem"])
def test_without_one_permission_the_event_is_in_the_failure_queue(roles: World, taken: str) -> None:
    iam = roles.stack.client("iam")
    role = f"{NAMES['iam-role-guard']}-guard-us-east-1"
    whole = iam.get_role_policy(RoleName=role, PolicyName="reaction")["PolicyDocument"]
    reduced = json.loads(json.dumps(whole))
    for statement in reduced["Statement"]:
        if statement["Effect"] == "Allow":
            statement["Action"] = [a for a in statement["Action"] if a != taken] or ["iam:Nothing"]
    assert reduced != whole
    name = f"without-{taken.partition(':')[2]}"
    iam.put_role_policy(RoleName=role, PolicyName="reaction", PolicyDocument=json.dumps(reduced))
    try:
        roles.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(ANYBODY))
        roles.settled()
    finally:
        iam.put_role_policy(RoleName=role, PolicyName="reaction", PolicyDocument=json.dumps(whole))
    assert inline(roles, name) == []
    failures = bodies(roles.stack.client("sqs"), roles.outputs["failure_queue"]["url"])
    asked = [f["requestPayload"]["detail"]["requestParameters"]["roleName"] for f in failures]
    assert name in asked


# ---- bucket-baseline


def test_a_new_bucket_gets_the_baseline_and_keeps_it(buckets: World) -> None:
    s3 = buckets.client("s3")
    name = f"data-{buckets.stack.account}"
    s3.create_bucket(Bucket=name)
    buckets.settled()
    look = buckets.stack.client("s3")
    block = look.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    assert all(block.values())
    assert look.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    policy = json.loads(look.get_bucket_policy(Bucket=name)["Policy"])
    assert policy["Statement"][0]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert {"Key": "owner", "Value": "unknown"} in look.get_bucket_tagging(Bucket=name)["TagSet"]
    ((subject, _),) = buckets.alerts()
    assert subject.startswith(f"[low] bucket {name} below the baseline")
    nothing_twice(buckets, buckets.event("CreateBucket"))

    s3.delete_public_access_block(Bucket=name)
    buckets.settled()
    assert look.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"] == block
    ((subject, text),) = buckets.alerts()
    assert subject.startswith("[high]")
    assert "buckets-guard set the public access block on the bucket" in text


def test_a_tag_of_long_ago_exempts_a_bucket(buckets: World) -> None:
    s3 = buckets.client("s3")
    name = f"spared-{buckets.stack.account}"
    s3.create_bucket(Bucket=name)
    tag = {"Key": "reactor-exempt", "Value": "yes"}
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [tag]})
    buckets.settled()
    buckets.quiet()
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Suspended"})
    buckets.settled()
    assert buckets.stack.client("s3").get_bucket_versioning(Bucket=name)["Status"] == "Suspended"
    assert buckets.logged("exempt until 2999-12-31 (tag reactor-exempt=yes)")


# ---- trail-guard


def test_stopped_logging_is_started_again(trails: World) -> None:
    name = trails.outputs["trail_name"]
    trails.client("cloudtrail").stop_logging(Name=name)
    trails.settled()
    look = trails.stack.client("cloudtrail")
    assert look.get_trail_status(Name=name)["IsLogging"] is True
    ((subject, text),) = trails.alerts()
    assert subject.startswith(f"[critical] StopLogging on the trail {name}")
    assert "trails-guard started the logging of trails." in text.splitlines()[0]
    nothing_twice(trails, trails.event("StopLogging"))


def test_narrowed_selectors_are_put_back(trails: World) -> None:
    name = trails.outputs["trail_name"]
    narrow = [
        {
            "FieldSelectors": [
                {"Field": "eventCategory", "Equals": ["Management"]},
                {"Field": "readOnly", "Equals": ["false"]},
            ]
        }
    ]
    trails.client("cloudtrail").put_event_selectors(TrailName=name, AdvancedEventSelectors=narrow)
    trails.settled()
    now = trails.stack.client("cloudtrail").get_event_selectors(TrailName=name)
    (selector,) = now["AdvancedEventSelectors"]
    assert [each["Field"] for each in selector["FieldSelectors"]] == ["eventCategory"]
    ((_, text),) = trails.alerts()
    assert "readOnly" in text
    assert "trails-guard restored the selectors of trails." in text.splitlines()[0]


# ---- own-reaction


def test_ten_lines_of_ones_own_are_a_reaction(own: World) -> None:
    ssm = own.client("ssm")
    ssm.put_parameter(Name="/platform/a", Value="1", Type="String")
    ssm.put_parameter(Name="/odd/b", Value="2", Type="String")
    own.settled()
    look = own.stack.client("ssm")
    assert look.get_parameter(Name="/platform/a")["Parameter"]["Value"] == "1"
    with pytest.raises(ClientError, match="ParameterNotFound"):
        look.get_parameter(Name="/odd/b")
    ((subject, text),) = own.alerts()
    assert subject == "[low] odd parameter /odd/b"
    assert text.startswith("ana (IAM user) put /odd/b; own-guard deleted the parameter /odd/b.")
    nothing_twice(own, own.event("PutParameter"))


# ---- dry_run, and what is there after it all


@pytest.mark.parametrize("example", NAMES)
def test_a_second_plan_is_empty(stacks: dict[str, Future[Stack]], example: str) -> None:
    assert stacks[example].result().changes() == {}


def test_in_dry_run_the_same_calls_are_only_logged(roles: World, own: World, trails: World) -> None:
    for world in (roles, own, trails):
        world.stack.apply(variables(world.example, "dry_run"))
        world.quiet()
    roles.client("iam").create_role(RoleName="dry", AssumeRolePolicyDocument=json.dumps(ANYBODY))
    own.client("ssm").put_parameter(Name="/odd/dry", Value="2", Type="String")
    trails.client("cloudtrail").stop_logging(Name=trails.outputs["trail_name"])
    for world in (roles, own, trails):
        world.settled()
        assert world.alerts() == []
        planned = [x["action"] for x in world.logged("action planned")]
        assert planned
        assert planned[-1]["mode"] == "dry_run"
    assert inline(roles, "dry") == []
    assert own.stack.client("ssm").get_parameter(Name="/odd/dry")["Parameter"]["Value"] == "2"
    status = trails.stack.client("cloudtrail").get_trail_status(Name="trails")
    assert status["IsLogging"] is False
    trails.stack.client("cloudtrail").start_logging(Name="trails")
