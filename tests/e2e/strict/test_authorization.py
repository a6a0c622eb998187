"""Who may what: each resource of a call, with the condition keys that go with it."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws.client.control import Control
from tests.e2e.strict.support import IMAGE, Account, allow, policy, refused
from tests.harness.local_aws import Credentials

pytestmark = pytest.mark.e2e

SSH = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
LAUNCH = {"ImageId": IMAGE, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}


def denied() -> Any:
    return refused("UnauthorizedOperation", status=403)


def test_every_instance_of_a_call_must_be_allowed(account: Account) -> None:
    mine, yours = account.launch(MinCount=2, MaxCount=2)
    actions = ["ec2:StopInstances", "ec2:StartInstances", "ec2:TerminateInstances"]
    who = account.session("guard", allow(actions, account.arn("ec2", f"instance/{mine}")))
    ec2 = account.client("ec2", who)
    ec2.stop_instances(InstanceIds=[mine])
    for call in (ec2.stop_instances, ec2.start_instances, ec2.terminate_instances):
        with denied():
            call(InstanceIds=[mine, yours])
    states = {
        i["InstanceId"]: i["State"]["Name"]
        for r in account.client("ec2").describe_instances()["Reservations"]
        for i in r["Instances"]
    }
    assert states == {mine: "stopped", yours: "running"}
    ec2.terminate_instances(InstanceIds=[mine])


def test_the_refusal_says_who_what_and_where(account: Account) -> None:
    [instance] = account.launch()
    who = account.session("guard")
    arn = account.arn("ec2", f"instance/{instance}")
    session = f"arn:aws:sts::{account.number}:assumed-role/guard/test"
    with refused(
        "UnauthorizedOperation",
        "You are not authorized to perform this operation. "
        f"User: {session} is not authorized to perform: ec2:StopInstances on resource: {arn} "
        "because no identity-based policy allows the ec2:StopInstances action",
        403,
    ):
        account.client("ec2", who).stop_instances(InstanceIds=[instance])


def test_rules_of_one_security_group(account: Account) -> None:
    root = account.client("ec2")
    mine, yours = (
        root.create_security_group(GroupName=name, Description=name)["GroupId"]
        for name in ("mine", "yours")
    )
    for group in (mine, yours):
        root.authorize_security_group_ingress(GroupId=group, IpPermissions=SSH)
    actions = ["ec2:RevokeSecurityGroupIngress", "ec2:AuthorizeSecurityGroupIngress"]
    who = account.session("guard", allow(actions, account.arn("ec2", f"security-group/{mine}")))
    ec2 = account.client("ec2", who)
    ec2.revoke_security_group_ingress(GroupId=mine, IpPermissions=SSH)
    ec2.authorize_security_group_ingress(GroupId=mine, IpPermissions=SSH)
    with denied():
        ec2.revoke_security_group_ingress(GroupId=yours, IpPermissions=SSH)
    with denied():
        ec2.authorize_security_group_ingress(GroupId=yours, IpPermissions=SSH)


def test_a_rule_is_revoked_by_its_id_with_leave_for_the_group(account: Account) -> None:
    """Service authorization reference, EC2: RevokeSecurityGroupIngress is asked of the group."""
    root = account.client("ec2")
    group = root.create_security_group(GroupName="mine", Description="mine")["GroupId"]
    made = root.authorize_security_group_ingress(GroupId=group, IpPermissions=SSH)
    rules = [rule["SecurityGroupRuleId"] for rule in made["SecurityGroupRules"]]
    action = "ec2:RevokeSecurityGroupIngress"
    for kind, may in (("security-group-rule", False), ("security-group", True)):
        ec2 = account.client(
            "ec2", account.session(kind, allow(action, account.arn("ec2", f"{kind}/*")))
        )
        if may:
            ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=rules)
        else:
            with denied():
                ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=rules)


UNKNOWN: list[tuple[str, str, str, str, dict[str, Any]]] = [
    ("iam", "iam:CreatePolicy", "policy/x", "create_policy",
     {"PolicyName": "x", "PolicyDocument": policy(allow("s3:GetObject"))}),
    ("cloudwatch", "cloudwatch:DeleteAlarms", "alarm:x", "delete_alarms", {"AlarmNames": ["x"]}),
    ("cloudwatch", "cloudwatch:DescribeAlarms", "alarm:*", "describe_alarms", {}),
    ("ecs", "ecs:CreateCluster", "cluster/x", "create_cluster", {"clusterName": "x"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("service", "action", "resource", "operation", "parameters"), UNKNOWN, ids=lambda v: str(v)[:30]
)
def test_a_resource_that_is_not_known_is_not_checked_and_told(
    account: Account,
    service: str,
    action: str,
    resource: str,
    operation: str,
    parameters: dict[str, Any],
) -> None:
    who = account.user("ana", allow(action, account.arn(service, resource)))
    nobody = account.user("ben", allow("s3:GetObject"))
    getattr(account.client(service, who), operation)(**parameters)
    with pytest.raises(ClientError) as refusal:
        getattr(account.client(service, nobody), operation)(**parameters)
    assert refusal.value.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException")
    [step] = [
        step
        for step in Control(account.aws.port).get("activity?since=0&wait=0")
        if (step["account"], step["step"]) == (account.number, "not checked")
    ]
    assert (step["what"], step["extra"]["actor"][-9:]) == (action, ":user/ana")


@pytest.mark.parametrize(
    ("service", "action", "resource", "operation"),
    [
        ("ec2", "ec2:DescribeInstances", "instance/*", "describe_instances"),
        ("sqs", "sqs:ListQueues", "x*", "list_queues"),
        ("iam", "iam:ListRoles", "role/*", "list_roles"),
    ],
)
def test_an_action_without_resource_wants_all(
    account: Account, service: str, action: str, resource: str, operation: str
) -> None:
    some = account.user("ana", allow(action, account.arn(service, resource)))
    with pytest.raises(ClientError, match="not authorized to perform"):
        getattr(account.client(service, some), operation)()
    getattr(account.client(service, account.user("ben", allow(action))), operation)()


def test_a_resource_tag_opens_what_carries_it(account: Account) -> None:
    mine, yours = account.launch(MinCount=2, MaxCount=2)
    account.client("ec2").create_tags(Resources=[mine], Tags=[{"Key": "team", "Value": "blue"}])
    for key in ("aws:ResourceTag/team", "ec2:ResourceTag/team"):
        who = account.session(
            f"guard-{key[:3]}",
            allow("ec2:StopInstances", Condition={"StringEquals": {key: "blue"}}),
        )
        ec2 = account.client("ec2", who)
        ec2.stop_instances(InstanceIds=[mine])
        with denied():
            ec2.stop_instances(InstanceIds=[yours])


def test_tags_by_the_keys_of_the_request(account: Account) -> None:
    [instance] = account.launch()
    only = {"ForAllValues:StringLike": {"aws:TagKeys": "reactor:*"}}
    who = account.session("tagger", allow("ec2:CreateTags", Condition=only))
    ec2 = account.client("ec2", who)
    ec2.create_tags(Resources=[instance], Tags=[{"Key": "reactor:owner", "Value": "ana"}])
    with denied():
        ec2.create_tags(
            Resources=[instance],
            Tags=[{"Key": "reactor:owner", "Value": "ana"}, {"Key": "Name", "Value": "x"}],
        )


def launcher(account: Account, name: str, *more: dict[str, Any]) -> Any:
    """An EC2 client that may launch, save for what `more` denies."""
    who = account.user(name, allow("ec2:RunInstances"), *more)
    return account.client("ec2", who)


def deny(action: str, resource: str, **condition: Any) -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": "Deny", "Action": action, "Resource": resource}
    return {**statement, "Condition": condition} if condition else statement


def test_a_launch_by_instance_type(account: Account) -> None:
    ec2 = launcher(
        account,
        "small",
        deny(
            "ec2:RunInstances",
            "arn:aws:ec2:*:*:instance/*",
            StringNotLike={"ec2:InstanceType": "t3.*"},
        ),
    )
    ec2.run_instances(**LAUNCH)
    with denied():
        ec2.run_instances(**{**LAUNCH, "InstanceType": "p5.48xlarge"})


def test_a_launch_by_image(account: Account) -> None:
    image = f"arn:aws:ec2:us-east-1::image/{IMAGE}"
    ec2 = launcher(account, "pinned", deny("ec2:RunInstances", image))
    with denied():
        ec2.run_instances(**LAUNCH)


def test_a_launch_that_tags_needs_to_be_allowed_to_tag(account: Account) -> None:
    tagged = {
        "TagSpecifications": [
            {"ResourceType": "instance", "Tags": [{"Key": "team", "Value": "blue"}]}
        ]
    }
    with denied():
        launcher(account, "bare").run_instances(**LAUNCH, **tagged)
    creating = {"StringEquals": {"ec2:CreateAction": "RunInstances"}}
    able = launcher(account, "able", allow("ec2:CreateTags", Condition=creating))
    able.run_instances(**LAUNCH, **tagged)


def test_a_launch_by_the_tags_of_the_request(account: Account) -> None:
    ec2 = launcher(
        account,
        "tagging",
        allow("ec2:CreateTags"),
        deny(
            "ec2:RunInstances",
            "arn:aws:ec2:*:*:instance/*",
            Null={"aws:RequestTag/owner": "true"},
        ),
    )
    with denied():
        ec2.run_instances(**LAUNCH)
    ec2.run_instances(
        **LAUNCH,
        TagSpecifications=[
            {"ResourceType": "instance", "Tags": [{"Key": "owner", "Value": "ana"}]}
        ],
    )


def test_a_launch_with_a_role_needs_to_pass_it(account: Account) -> None:
    iam = account.client("iam")
    role = account.role("web", {"Service": "ec2.amazonaws.com"})
    iam.create_instance_profile(InstanceProfileName="web")
    iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="web")
    profile = {"IamInstanceProfile": {"Name": "web"}}
    with denied():
        launcher(account, "bare").run_instances(**LAUNCH, **profile)
    passing = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    able = launcher(account, "able", allow("iam:PassRole", role, Condition=passing))
    able.run_instances(**LAUNCH, **profile)


def test_permissions_change_at_once(account: Account) -> None:
    [instance] = account.launch()
    who = account.user("ana")
    ec2, iam = account.client("ec2", who), account.client("iam")
    with denied():
        ec2.stop_instances(InstanceIds=[instance])
    iam.put_user_policy(
        UserName="ana", PolicyName="own", PolicyDocument=policy(allow("ec2:StopInstances"))
    )
    ec2.stop_instances(InstanceIds=[instance])
    iam.delete_user_policy(UserName="ana", PolicyName="own")
    with denied():
        ec2.stop_instances(InstanceIds=[instance])


def test_a_boundary_limits_a_role(account: Account) -> None:
    [instance] = account.launch()
    who = account.session("guard", allow("ec2:*"))
    boundary = account.client("iam").create_policy(
        PolicyName="edge", PolicyDocument=policy(allow("ec2:Describe*"))
    )["Policy"]["Arn"]
    ec2 = account.client("ec2", who)
    ec2.stop_instances(InstanceIds=[instance])
    account.client("iam").put_role_permissions_boundary(
        RoleName="guard", PermissionsBoundary=boundary
    )
    with denied():
        ec2.stop_instances(InstanceIds=[instance])


def test_a_sessions_own_policy_limits_it(account: Account) -> None:
    [instance] = account.launch()
    who = account.session("guard", allow("ec2:*"), Policy=policy(allow("ec2:StartInstances")))
    ec2 = account.client("ec2", who)
    with denied():
        ec2.stop_instances(InstanceIds=[instance])
    ec2.start_instances(InstanceIds=[instance])


def assume(account: Account, who: Credentials, role: str, **more: Any) -> Credentials:
    sts = account.client("sts", who)
    return Credentials.of(sts.assume_role(RoleArn=role, RoleSessionName="test", **more))


def test_a_role_of_another_account_takes_both_sides(account: Account, other: Account) -> None:
    role = other.arn("iam", "role/member")
    able = account.user("able", allow("sts:AssumeRole", role))
    bare = account.user("bare")
    other.role("member", {"AWS": account.arn("iam", "user/able")}, allow("s3:ListAllMyBuckets"))
    other.role("closed", {"AWS": other.arn("iam", "root")})
    who = assume(account, able, role)
    assert other.client("sts", who).get_caller_identity()["Account"] == other.number
    other.client("s3", who).list_buckets()
    with refused("AccessDenied", status=403):
        other.client("sqs", who).list_queues()
    with refused("AccessDenied", status=403):
        assume(account, bare, role)  # its own account does not let it
    with refused("AccessDenied", status=403):
        assume(account, able, other.arn("iam", "role/closed"))


def test_a_role_that_asks_for_an_external_id(account: Account, other: Account) -> None:
    role = other.arn("iam", "role/member")
    able = account.user("able", allow("sts:AssumeRole", role))
    other.client("iam").create_role(
        RoleName="member",
        AssumeRolePolicyDocument=policy(
            {
                "Effect": "Allow",
                "Principal": {"AWS": account.arn("iam", "root")},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": "hub"}},
            }
        ),
    )
    with refused("AccessDenied", status=403):
        assume(account, able, role)
    assume(account, able, role, ExternalId="hub")


def test_the_root_user_assumes_no_role(account: Account) -> None:
    role = account.role("member", {"AWS": account.arn("iam", "root")})
    with refused("AccessDenied", "Roles may not be assumed by root accounts.", 403):
        account.client("sts").assume_role(RoleArn=role, RoleSessionName="test")
