"""EC2: launches of what does not exist, ids that are none, and DryRun."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.strict.support import IMAGE, Account, allow, refused

pytestmark = pytest.mark.e2e

GHOST = "0123456789abcdef0"
LAUNCH = {"ImageId": IMAGE, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}


@pytest.mark.parametrize(
    ("change", "code", "sentence"),
    [
        (
            {"InstanceType": "zzz"},
            "InvalidParameterValue",
            "Invalid value 'zzz' for InstanceType.",
        ),
        (
            {"ImageId": "ami-00000000000000bad"},
            "InvalidAMIID.NotFound",
            "The image id '[ami-00000000000000bad]' does not exist",
        ),
        (
            {"ImageId": "linux"},
            "InvalidAMIID.Malformed",
            'Invalid id: "linux" (expecting "ami-...")',
        ),
        (
            {"SubnetId": f"subnet-{GHOST}"},
            "InvalidSubnetID.NotFound",
            f"The subnet ID 'subnet-{GHOST}' does not exist",
        ),
        (
            {"SecurityGroupIds": [f"sg-{GHOST}"]},
            "InvalidGroup.NotFound",
            f"The security group 'sg-{GHOST}' does not exist",
        ),
        (
            {"SecurityGroupIds": ["web"]},
            "InvalidGroupId.Malformed",
            'Invalid id: "web" (expecting "sg-...")',
        ),
        (
            {"NetworkInterfaces": [{"DeviceIndex": 0, "Groups": [f"sg-{GHOST}"]}]},
            "InvalidGroup.NotFound",
            f"The security group 'sg-{GHOST}' does not exist",
        ),
        ({"KeyName": "mine"}, "InvalidKeyPair.NotFound", "The key pair 'mine' does not exist"),
        (
            {"IamInstanceProfile": {"Name": "web"}},
            "InvalidParameterValue",
            "Value (web) for parameter iamInstanceProfile.name is invalid. "
            "Invalid IAM Instance Profile name",
        ),
    ],
)
def test_a_launch_of_what_does_not_exist(
    account: Account, change: dict[str, Any], code: str, sentence: str
) -> None:
    ec2 = account.client("ec2")
    with refused(code, sentence):
        ec2.run_instances(**{**LAUNCH, **change})
    assert ec2.describe_instances()["Reservations"] == []


def test_a_launch_without_an_image(account: Account) -> None:
    with refused("MissingParameter", "The request must contain the parameter ImageId"):
        account.client("ec2").run_instances(InstanceType="t3.micro", MinCount=1, MaxCount=1)


def test_a_launch_of_what_exists(account: Account) -> None:
    ec2 = account.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="web", Description="web", VpcId=vpc)["GroupId"]
    ec2.create_key_pair(KeyName="mine")
    account.launch(SubnetId=subnet, SecurityGroupIds=[group], KeyName="mine")
    [image] = ec2.describe_images(Filters=[{"Name": "name", "Values": ["al2023-*"]}])["Images"]
    account.launch(ImageId=image["ImageId"], InstanceType="p5.48xlarge")


def test_an_image_that_is_gone(account: Account) -> None:
    ec2 = account.client("ec2")
    image = ec2.register_image(Name="golden", RootDeviceName="/dev/xvda")["ImageId"]
    with refused("InvalidAMIID.Unavailable"):
        account.launch(ImageId=image)  # ministack boots no image but its own
    ec2.deregister_image(ImageId=image)
    with refused("InvalidAMIID.NotFound"):
        account.launch(ImageId=image)


@pytest.mark.parametrize("operation", ["reboot", "start", "stop", "terminate", "describe"])
def test_an_instance_id_that_is_none(account: Account, operation: str) -> None:
    call = getattr(account.client("ec2"), f"{operation}_instances")
    with refused("InvalidInstanceID.Malformed", 'Invalid id: "web-1"'):
        call(InstanceIds=["web-1"])


DRY = "Request would have succeeded, but DryRun flag is set."


def test_a_dry_run_changes_nothing(account: Account) -> None:
    ec2 = account.client("ec2")
    [instance] = account.launch()
    with refused("DryRunOperation", DRY, 412):
        ec2.run_instances(**LAUNCH, DryRun=True)
    with refused("DryRunOperation", DRY, 412):
        ec2.terminate_instances(InstanceIds=[instance], DryRun=True)
    with refused("DryRunOperation", DRY, 412):
        ec2.create_security_group(GroupName="web", Description="web", DryRun=True)
    with refused("DryRunOperation", DRY, 412):
        ec2.create_tags(Resources=[instance], Tags=[{"Key": "a", "Value": "b"}], DryRun=True)
    with refused("DryRunOperation", DRY, 412):
        ec2.describe_instances(DryRun=True)
    [found] = ec2.describe_instances()["Reservations"]
    assert found["Instances"][0]["State"]["Name"] == "running"
    assert not found["Instances"][0].get("Tags")


def test_a_dry_run_of_who_may_not(account: Account) -> None:
    [mine, yours] = account.launch(MinCount=2, MaxCount=2)
    who = account.user("ana", allow("ec2:StopInstances", account.arn("ec2", f"instance/{mine}")))
    ec2 = account.client("ec2", who)
    with refused("DryRunOperation", DRY, 412):
        ec2.stop_instances(InstanceIds=[mine], DryRun=True)
    with refused("UnauthorizedOperation", status=403):
        ec2.stop_instances(InstanceIds=[mine, yours], DryRun=True)
    with refused("UnauthorizedOperation", status=403):
        ec2.run_instances(**LAUNCH, DryRun=True)
    with refused("UnauthorizedOperation", status=403):
        ec2.create_vpc(CidrBlock="10.0.0.0/16", DryRun=True)


def test_who_may_not_is_not_told_what_else_is_wrong(account: Account) -> None:
    with refused("UnauthorizedOperation", status=403):
        account.client("ec2", account.user("ana")).run_instances(**{**LAUNCH, "ImageId": "linux"})


def test_a_rule_of_a_security_group_is_one_range(account: Account) -> None:
    ec2 = account.client("ec2")
    group = ec2.create_security_group(GroupName="narrow", Description="narrow")["GroupId"]
    made = ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[
            {
                "IpProtocol": "tcp",
                "FromPort": 22,
                "ToPort": 22,
                "IpRanges": [{"CidrIp": "10.0.0.0/8"}, {"CidrIp": "0.0.0.0/0"}],
                "Ipv6Ranges": [{"CidrIpv6": "::/0"}],
            }
        ],
    )["SecurityGroupRules"]
    ids = {rule.get("CidrIpv4") or rule["CidrIpv6"]: rule["SecurityGroupRuleId"] for rule in made}
    assert len({*ids.values()}) == 3
    ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[ids["0.0.0.0/0"]])
    found = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])
    left = {r["SecurityGroupRuleId"] for r in found["SecurityGroupRules"] if not r["IsEgress"]}
    assert left == {ids["10.0.0.0/8"], ids["::/0"]}
