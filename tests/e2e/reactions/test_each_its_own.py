"""What only one of the reactions does, and what one of them shows for all: switch, bus, faults."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.e2e.reactions.cases import ANYBODY, CASES, Case, group, launch, seen
from tests.e2e.reactions.world import ALL, SWITCH_SECONDS, World, allow, anew
from tests.harness.mail import bodies

pytestmark = pytest.mark.e2e


def of(name: str) -> Any:
    """The tests of one reaction, with its world."""
    return pytest.mark.parametrize(
        "case", [pytest.param(CASES[name], marks=group(name))], ids=[name]
    )


# ---- ec2-cost-guard


@of("ec2-cost-guard")
def test_a_small_instance_is_only_tagged(case: Case, world: World) -> None:
    id_ = launch(world.client("ec2"), "t3.micro")
    world.settled()
    state, tags = seen(world, id_)
    assert state in ("pending", "running")
    assert tags["reactor:owner"] == "ana"
    assert tags["reactor:creator-kind"] == "iam-user"
    assert world.alerts() == []


@of("ec2-cost-guard")
def test_a_thrown_switch_silences_it_and_an_unreadable_one_does_not(
    case: Case, world: World
) -> None:
    ssm = world.root("ssm")
    name = world.outputs["kill_switch_name"]
    ssm.put_parameter(Name=name, Value="dry_run", Type="String", Overwrite=True)
    try:
        time.sleep(SWITCH_SECONDS)
        thrown = launch(world.client("ec2"))
        world.settled()
        ssm.delete_parameter(Name=name)
        time.sleep(SWITCH_SECONDS)
        unreadable = launch(world.client("ec2"))
        world.settled()
    finally:
        ssm.put_parameter(Name=name, Value="enforce", Type="String", Overwrite=True)
        time.sleep(SWITCH_SECONDS)
    for id_ in (thrown, unreadable):
        state, tags = seen(world, id_)
        assert state in ("pending", "running")
        assert tags == {}
    ((_, text),) = world.alerts()
    assert unreadable in text
    assert f"the kill switch {name} can't be read" in text
    assert world.logged(f"the kill switch {name} says dry_run")
    assert world.logged(f"the kill switch {name} can't be read")


@of("ec2-cost-guard")
def test_the_kill_switch_is_thrown_in_the_middle_of_a_burst(case: Case, world: World) -> None:
    ssm, ec2 = world.root("ssm"), world.client("ec2")
    name = world.outputs["kill_switch_name"]
    launched: list[str] = []
    enough = threading.Event()

    def burst() -> None:
        while not enough.is_set() and len(launched) < 40:  # well within the budget of an hour
            launched.append(launch(ec2))
            time.sleep(0.05)

    thread = threading.Thread(target=burst)
    thread.start()
    try:
        end = time.monotonic() + 60
        while not (launched and case.acted(world, launched[0])):
            assert time.monotonic() < end
            time.sleep(0.05)
        ssm.put_parameter(Name=name, Value="dry_run", Type="String", Overwrite=True)
        time.sleep(2 * SWITCH_SECONDS)
        # What is under way may have asked just before; whatever begins now has not.
        late = [launch(ec2) for _ in range(5)]
    finally:
        enough.set()
        thread.join()
    world.settled()
    try:
        everything = {*launched, *late}
        kept: list[dict[str, Any]] = []
        end = time.monotonic() + 60
        while True:
            taken = [r for r in world.audited("taken") if everything & {*r["resources"]}]
            planned = [r for r in world.audited("planned") if everything & {*r["resources"]}]
            kept += world.failures()
            # Each was acted on, or planned for, or is kept: no event was lost.
            known = {id_ for record in (*taken, *planned) for id_ in record["resources"]}
            missing = {id_ for id_ in everything - known if id_ not in json.dumps(kept)}
            if not missing or time.monotonic() > end:
                break
            time.sleep(1)
        assert missing == set(), kept
        assert taken
        assert {record["mode"] for record in planned} == {"dry_run"}
        assert not {*late} & {id_ for record in taken for id_ in record["resources"]}
        assert [seen(world, id_)[1] for id_ in late] == [{}] * len(late)
    finally:
        ssm.put_parameter(Name=name, Value="enforce", Type="String", Overwrite=True)
        time.sleep(SWITCH_SECONDS)
        ec2.terminate_instances(InstanceIds=[*launched, *late])
        world.quiet()


@of("ec2-cost-guard")
def test_every_action_is_on_the_audit_bus(case: Case, world: World) -> None:
    events, queues = world.root("events"), world.root("sqs")
    bus = world.outputs["audit_bus_name"]
    arn = f"arn:aws:sqs:us-east-1:{world.stack.account}:audit"
    rule = f"arn:aws:events:us-east-1:{world.stack.account}:rule/{bus}/all"
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
    id_ = launch(world.client("ec2"))
    world.settled()
    records = [body["detail"] for body in bodies(queues, url["QueueUrl"])]
    # What stops harm comes before what only marks it.
    assert [(r["operation"], r["status"]) for r in records] == [
        ("stop_instances", "taken"),
        ("create_tags", "taken"),
    ]
    assert all(id_ in record["resources"] for record in records)
    assert records[0]["before"]["State"][id_] in ("pending", "running")
    assert records[0]["undo"]["command"].startswith("aws ec2 start-instances --region us-east-1")


@of("ec2-cost-guard")
def test_what_a_spent_budget_holds_back_is_taken_up_later(case: Case, world: World) -> None:
    dynamodb, scheduler = world.root("dynamodb"), world.root("scheduler")
    name, now = world.function, datetime.now(UTC)
    spent = [{"S": f"budget#{name}#{name}#{now + timedelta(hours=n):%Y-%m-%dT%H}"} for n in (0, 1)]
    for id_ in spent:
        item = {"id": id_, "taken": {"N": "999999999"}}
        dynamodb.put_item(TableName=f"{name}-ledger", Item=item)
    instance = launch(world.client("ec2"))
    world.settled()
    assert not case.acted(world, instance)
    texts = "".join(text for _, text in world.alerts())
    assert "would stop 1 instance" in texts
    assert "it takes up what it held back, by the state of then" in texts
    for id_ in spent:
        dynamodb.delete_item(TableName=f"{name}-ledger", Key={"id": id_})
    # Its time comes: the schedule itself starts the function, with the role that the module made.
    kept = scheduler.list_schedules(GroupName=name)["Schedules"]
    assert len(kept) == 1, [line["reason"] for line in world.logged("held back and not kept")]
    (found,) = kept
    whole = scheduler.get_schedule(Name=found["Name"], GroupName=name)
    assert whole["ActionAfterCompletion"] == "DELETE"
    scheduler.update_schedule(
        Name=found["Name"],
        GroupName=name,
        ScheduleExpression=f"at({datetime.now(UTC) + timedelta(seconds=1):%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        ActionAfterCompletion="DELETE",
        Target=whole["Target"],
    )
    end = time.monotonic() + 30
    while not case.acted(world, instance) and time.monotonic() < end:
        time.sleep(0.2)
    world.settled()
    assert case.acted(world, instance)
    ((_, text),) = world.alerts()
    assert "stopped 1 instance" in text.splitlines()[0]
    assert scheduler.list_schedules(GroupName=name)["Schedules"] == []


@of("ec2-cost-guard")
def test_a_launch_whose_answer_cloudtrail_left_out_is_found(case: Case, world: World) -> None:
    with world.deaf():
        id_ = case.provoke(world)
    event = anew(world.event(case.call))
    event["detail"]["responseElements"] = {"omitted": True, "originalSize": 181326}
    answer = world.invoke(event)
    assert (answer["taken"], answer["alerts"]) == (len(case.operations), 1)
    assert case.acted(world, id_)
    ((subject, text),) = world.alerts()
    assert subject.startswith("[high] ana launched 1 x p4d.24xlarge")
    assert "it is known by its client token" in text


@of("ec2-cost-guard")
def test_an_instance_that_another_call_launched_is_not_touched(case: Case, world: World) -> None:
    with world.deaf():
        first, _ = case.provoke(world), case.provoke(world)
    forged = anew(world.event(case.call))
    (named,) = forged["detail"]["responseElements"]["instancesSet"]["items"]
    named["instanceId"] = first
    answer = world.invoke(forged)
    assert (answer["planned"], answer["alerts"]) == (0, 1)
    assert not case.acted(world, first)
    assert f"not of this call: {first} is of the reservation r-" in world.alerts()[0][1]


@of("ec2-cost-guard")
def test_without_its_ledger_it_does_nothing_and_loses_nothing(case: Case, world: World) -> None:
    with world.without("dynamodb:PutItem"):
        id_ = case.provoke(world)
        world.settled()
    assert not case.acted(world, id_)
    (failure,) = world.failures()
    kept = failure["requestPayload"]
    # Redriven when the table is back, it is reacted to as if nothing had been.
    assert world.invoke(kept)["taken"] == len(case.operations)
    assert case.acted(world, id_)


@of("ec2-cost-guard")
def test_without_its_topic_it_acts_and_the_alert_comes_later(case: Case, world: World) -> None:
    with world.without("sns:Publish"):
        id_ = case.provoke(world)
        world.settled()
    assert case.acted(world, id_)
    assert world.alerts() == []
    (failure,) = world.failures()
    answer = world.invoke(failure["requestPayload"])
    assert (answer["taken"], answer["alerts"]) == (0, 1)
    ((subject, text),) = world.alerts()
    assert subject.startswith(case.subject)
    assert "stopped 1 instance" in text


# ---- iam-role-guard


@of("iam-role-guard")
def test_a_good_role_is_left_alone(case: Case, world: World) -> None:
    good = json.loads(json.dumps(ANYBODY))
    good["Statement"][0]["Principal"] = {"Service": "lambda.amazonaws.com"}
    world.client("iam").create_role(RoleName="good", AssumeRolePolicyDocument=json.dumps(good))
    world.settled()
    assert not case.acted(world, "good")
    assert world.alerts() == []


@of("iam-role-guard")
def test_containment_delete_deletes_the_role(case: Case, world: World) -> None:
    iam = world.root("iam")
    world.stack.apply({**case.variables("enforce"), "containment": "delete"})
    try:
        with world.deaf():
            name = case.provoke(world)
            case.fill(world, name)
            iam.create_instance_profile(InstanceProfileName=name)
            iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
        answer = world.invoke(world.event(case.call))
        assert answer.get("taken") == 4, answer
        with pytest.raises(ClientError, match="NoSuchEntity"):
            iam.get_role(RoleName=name)
        ((_, text),) = world.alerts()
        assert f"deleted the role {name}" in text
        for record in reversed(world.audited("taken")[-4:]):
            undo = record["undo"]
            getattr(iam, undo["operation"])(**undo["parameters"])
        assert iam.list_role_policies(RoleName=name)["PolicyNames"] == ["own"]
        assert iam.list_instance_profiles_for_role(RoleName=name)["InstanceProfiles"]
        assert iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    finally:
        world.stack.apply(case.variables("enforce"))


# ---- bucket-baseline


@of("bucket-baseline")
def test_a_bucket_keeps_its_baseline(case: Case, world: World) -> None:
    name = case.provoke(world)
    world.settled()
    look = world.root("s3")
    policy = json.loads(look.get_bucket_policy(Bucket=name)["Policy"])
    assert policy["Statement"][0]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert {"Key": "owner", "Value": "unknown"} in look.get_bucket_tagging(Bucket=name)["TagSet"]
    world.quiet()
    world.client("s3").delete_public_access_block(Bucket=name)
    world.settled()
    assert case.acted(world, name)
    ((subject, text),) = world.alerts()
    assert subject.startswith("[high]")
    assert "set the public access block on the bucket" in text


# ---- trail-guard


@of("trail-guard")
def test_narrowed_selectors_are_put_back(case: Case, world: World) -> None:
    name = world.outputs["trail_name"]
    fields = [
        {"Field": "eventCategory", "Equals": ["Management"]},
        {"Field": "readOnly", "Equals": ["false"]},
    ]
    world.client("cloudtrail").put_event_selectors(
        TrailName=name, AdvancedEventSelectors=[{"FieldSelectors": fields}]
    )
    world.settled()
    now = world.root("cloudtrail").get_event_selectors(TrailName=name)
    (selector,) = now["AdvancedEventSelectors"]
    assert [each["Field"] for each in selector["FieldSelectors"]] == ["eventCategory"]
    ((_, text),) = world.alerts()
    assert "readOnly" in text
    assert f"restored the selectors of {name}." in text.splitlines()[0]


# ---- own-reaction


@of("own-reaction")
def test_a_teams_own_parameter_is_left_alone(case: Case, world: World) -> None:
    world.client("ssm").put_parameter(Name="/platform/a", Value="1", Type="String")
    world.settled()
    found = world.root("ssm").get_parameter(Name="/platform/a")
    assert found["Parameter"]["Value"] == "1"
    assert world.alerts() == []


# ---- security-group-guard


@of("security-group-guard")
def test_a_narrow_rule_beside_a_risky_one_stays(case: Case, world: World) -> None:
    ec2 = world.client("ec2")
    group_id = ec2.create_security_group(GroupName="narrow", Description="web")["GroupId"]
    ec2.authorize_security_group_ingress(
        GroupId=group_id,
        IpPermissions=[
            {
                "IpProtocol": "tcp",
                "FromPort": 22,
                "ToPort": 22,
                "IpRanges": [{"CidrIp": "10.0.0.0/8"}, {"CidrIp": "0.0.0.0/0"}],
                "Ipv6Ranges": [{"CidrIpv6": "::/0"}],
            }
        ],
    )
    world.settled()
    (found,) = world.root("ec2").describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
    (permission,) = found["IpPermissions"]
    assert [each["CidrIp"] for each in permission["IpRanges"]] == ["10.0.0.0/8"]
    assert not permission.get("Ipv6Ranges")
    assert len(world.alerts()) == 1


# ---- notify


@of("notify")
def test_a_failed_call_makes_no_alert(case: Case, world: World) -> None:
    iam = world.root("iam")
    iam.put_user_policy(UserName="trusted", PolicyName="all", PolicyDocument=allow("ec2:*"))
    try:
        with pytest.raises(ClientError, match="AccessDenied"):
            world.client("iam", "trusted").create_access_key(UserName="ana")
        world.settled()
        assert world.alerts() == []
    finally:
        iam.put_user_policy(UserName="trusted", PolicyName="all", PolicyDocument=ALL)
