"""EC2 in both of its shapes."""

from __future__ import annotations

from typing import Any

from localaws.wire.errors import ApiError
from tests.unit.localaws.recorder.calls import ACCOUNT, REQUEST_ID, TIME, Case

HOST = "ec2.eu-west-1.amazonaws.com"
TIME_MS = 1795341600000
INSTANCE = "i-0a1b2c3d4e5f60718"
VPC = "vpc-0a1b2c3d4e5f60718"
NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"


def ec2(operation: str, **values: Any) -> Case:
    return Case("ec2", operation, HOST, **values)


def tags(**pairs: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in pairs.items()]


DONE = {"requestId": REQUEST_ID, "_return": True}

CASES = [
    ec2(
        "RunInstances",
        parameters={
            "ImageId": "ami-0abc0abc0abc0abc0",
            "MinCount": 1,
            "MaxCount": 2,
            "KeyName": "ops",
            "InstanceType": "t3.micro",
            "SecurityGroupIds": ["sg-0aa0aa0aa0aa0aa0a"],
            "SubnetId": "subnet-0bb0bb0bb0bb0bb0b",
            "UserData": "IyEvYmluL2Jhc2g=",
            "Placement": {"AvailabilityZone": "eu-west-1a", "Tenancy": "default"},
            "BlockDeviceMappings": [
                {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 8, "VolumeType": "gp3"}}
            ],
            "IamInstanceProfile": {"Name": "web"},
            "MetadataOptions": {"HttpTokens": "required"},
            "TagSpecifications": [{"ResourceType": "instance", "Tags": tags(team="core")}],
            "ClientToken": "once",
            "EbsOptimized": True,
        },
        result={
            "ReservationId": "r-0123456789abcdef0",
            "OwnerId": ACCOUNT,
            "Groups": [],
            "Instances": [
                {
                    "InstanceId": INSTANCE,
                    "ImageId": "ami-0abc0abc0abc0abc0",
                    "State": {"Code": 0, "Name": "pending"},
                    "PrivateDnsName": "ip-10-0-0-5.eu-west-1.compute.internal",
                    "AmiLaunchIndex": 0,
                    "ProductCodes": [],
                    "InstanceType": "t3.micro",
                    "LaunchTime": TIME,
                    "Placement": {"AvailabilityZone": "eu-west-1a", "Tenancy": "default"},
                    "Monitoring": {"State": "disabled"},
                    "SubnetId": "subnet-0bb0bb0bb0bb0bb0b",
                    "VpcId": VPC,
                    "StateReason": {"Code": "pending", "Message": "pending"},
                    "RootDeviceName": "/dev/xvda",
                    "BlockDeviceMappings": [],
                    "Tags": tags(team="core"),
                    "SecurityGroups": [{"GroupId": "sg-0aa0aa0aa0aa0aa0a", "GroupName": "web"}],
                    "NetworkInterfaces": [
                        {
                            "NetworkInterfaceId": "eni-0cc0cc0cc0cc0cc0c",
                            "Attachment": {"AttachTime": TIME, "DeviceIndex": 0},
                            "PrivateIpAddresses": [
                                {"PrivateIpAddress": "10.0.0.5", "Primary": True}
                            ],
                            "Ipv6Addresses": [],
                        }
                    ],
                    "CpuOptions": {"CoreCount": 1, "ThreadsPerCore": 2},
                }
            ],
        },
        request={
            "instancesSet": {
                "items": [
                    {
                        "imageId": "ami-0abc0abc0abc0abc0",
                        "minCount": 1,
                        "maxCount": 2,
                        "keyName": "ops",
                    }
                ]
            },
            "instanceType": "t3.micro",
            "groupSet": {"items": [{"groupId": "sg-0aa0aa0aa0aa0aa0a"}]},
            "subnetId": "subnet-0bb0bb0bb0bb0bb0b",
            "userData": "<sensitiveDataRemoved>",
            "availabilityZone": "eu-west-1a",
            "tenancy": "default",
            "blockDeviceMapping": {
                "items": [
                    {"deviceName": "/dev/xvda", "ebs": {"volumeSize": 8, "volumeType": "gp3"}}
                ]
            },
            "iamInstanceProfile": {"name": "web"},
            "metadataOptions": {"httpTokens": "required"},
            "tagSpecificationSet": {
                "items": [{"resourceType": "instance", "tags": [{"key": "team", "value": "core"}]}]
            },
            "clientToken": "once",
            "ebsOptimized": True,
            "monitoring": {"enabled": False},
            "disableApiTermination": False,
            "disableApiStop": False,
        },
        response={
            "requestId": REQUEST_ID,
            "reservationId": "r-0123456789abcdef0",
            "ownerId": ACCOUNT,
            "groupSet": {},
            "instancesSet": {
                "items": [
                    {
                        "instanceId": INSTANCE,
                        "imageId": "ami-0abc0abc0abc0abc0",
                        "instanceState": {"code": 0, "name": "pending"},
                        "privateDnsName": "ip-10-0-0-5.eu-west-1.compute.internal",
                        "amiLaunchIndex": 0,
                        "productCodes": {},
                        "instanceType": "t3.micro",
                        "launchTime": TIME_MS,
                        "placement": {"availabilityZone": "eu-west-1a", "tenancy": "default"},
                        "monitoring": {"state": "disabled"},
                        "subnetId": "subnet-0bb0bb0bb0bb0bb0b",
                        "vpcId": VPC,
                        "stateReason": {"code": "pending", "message": "pending"},
                        "rootDeviceName": "/dev/xvda",
                        "blockDeviceMapping": {},
                        "tagSet": {"items": [{"key": "team", "value": "core"}]},
                        "groupSet": {
                            "items": [{"groupId": "sg-0aa0aa0aa0aa0aa0a", "groupName": "web"}]
                        },
                        "networkInterfaceSet": {
                            "items": [
                                {
                                    "networkInterfaceId": "eni-0cc0cc0cc0cc0cc0c",
                                    "attachment": {"attachTime": TIME_MS, "deviceIndex": 0},
                                    "privateIpAddressesSet": {
                                        "item": [{"privateIpAddress": "10.0.0.5", "primary": True}]
                                    },
                                    "ipv6AddressesSet": {},
                                }
                            ]
                        },
                        "cpuOptions": {"coreCount": 1, "threadsPerCore": 2},
                    }
                ]
            },
        },
    ),
    ec2(
        "RunInstances",
        parameters={"ImageId": "ami-1", "MinCount": 1, "MaxCount": 1, "SecurityGroups": ["web"]},
        error=ApiError("InvalidAMIID.Malformed", 'Invalid id: "ami-1"', 400),
        request={
            "instancesSet": {"items": [{"imageId": "ami-1", "minCount": 1, "maxCount": 1}]},
            "groupSet": {"items": [{"groupName": "web"}]},
            "blockDeviceMapping": {},
            "monitoring": {"enabled": False},
            "disableApiTermination": False,
            "disableApiStop": False,
        },
        fields={
            "errorCode": "Client.InvalidAMIID.Malformed",
            "errorMessage": 'Invalid id: "ami-1"',
        },
    ),
    ec2(
        "StartInstances",
        parameters={"InstanceIds": [INSTANCE]},
        result={
            "StartingInstances": [
                {
                    "InstanceId": INSTANCE,
                    "CurrentState": {"Code": 0, "Name": "pending"},
                    "PreviousState": {"Code": 80, "Name": "stopped"},
                }
            ]
        },
        request={"instancesSet": {"items": [{"instanceId": INSTANCE}]}},
        response={
            "requestId": REQUEST_ID,
            "instancesSet": {
                "items": [
                    {
                        "instanceId": INSTANCE,
                        "currentState": {"code": 0, "name": "pending"},
                        "previousState": {"code": 80, "name": "stopped"},
                    }
                ]
            },
        },
    ),
    ec2(
        "StopInstances",
        parameters={"InstanceIds": [INSTANCE], "DryRun": True},
        error=ApiError(
            "DryRunOperation",
            "Request would have succeeded, but DryRun flag is set.",
            412,
        ),
        request={"instancesSet": {"items": [{"instanceId": INSTANCE}]}, "force": False},
        fields={
            "errorCode": "Client.DryRunOperation",
            "errorMessage": "Request would have succeeded, but DryRun flag is set.",
        },
    ),
    ec2(
        "TerminateInstances",
        parameters={"InstanceIds": [INSTANCE]},
        error=ApiError("UnauthorizedOperation", "You are not authorized.", 403),
        request={"instancesSet": {"items": [{"instanceId": INSTANCE}]}},
        fields={
            "errorCode": "Client.UnauthorizedOperation",
            "errorMessage": "You are not authorized.",
        },
    ),
    ec2(
        "CreateTags",
        parameters={"Resources": [INSTANCE, "vol-0dd"], "Tags": tags(owner="mira")},
        request={
            "resourcesSet": {"items": [{"resourceId": INSTANCE}, {"resourceId": "vol-0dd"}]},
            "tagSet": {"items": [{"key": "owner", "value": "mira"}]},
        },
        response=DONE,
    ),
    ec2(
        "DescribeInstances",
        parameters={"Filters": [{"Name": "instance-state-name", "Values": ["running", "pending"]}]},
        result={"Reservations": []},
        read_only=True,
        request={
            "instancesSet": {},
            "filterSet": {
                "items": [
                    {
                        "name": "instance-state-name",
                        "valueSet": {"items": [{"value": "running"}, {"value": "pending"}]},
                    }
                ]
            },
        },
    ),
    ec2(
        "DescribeSnapshots",
        parameters={"OwnerIds": ["self"], "MaxResults": 5},
        read_only=True,
        request={
            "snapshotSet": {},
            "ownersSet": {"items": [{"owner": "self"}]},
            "sharedUsersSet": {},
            "filterSet": {},
            "maxResults": 5,
        },
    ),
    ec2(
        "DescribeRegions",
        parameters={"AllRegions": True},
        read_only=True,
        request={"regionSet": {}, "allRegions": True},
    ),
    ec2(
        "DescribeInstanceAttribute",
        parameters={"InstanceId": INSTANCE, "Attribute": "userData"},
        read_only=True,
        request={"instanceId": INSTANCE, "attribute": "userData"},
    ),
    ec2(
        "AuthorizeSecurityGroupIngress",
        parameters={
            "GroupId": "sg-0aa",
            "IpPermissions": [
                {
                    "IpProtocol": "tcp",
                    "FromPort": 22,
                    "ToPort": 22,
                    "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "all"}],
                },
                {
                    "IpProtocol": "tcp",
                    "FromPort": 443,
                    "ToPort": 443,
                    "UserIdGroupPairs": [{"GroupId": "sg-0bb", "UserId": ACCOUNT}],
                    "Ipv6Ranges": [{"CidrIpv6": "::/0"}],
                    "PrefixListIds": [{"PrefixListId": "pl-0cc"}],
                },
            ],
        },
        result={
            "Return": True,
            "SecurityGroupRules": [
                {
                    "SecurityGroupRuleId": "sgr-0dd",
                    "GroupId": "sg-0aa",
                    "GroupOwnerId": ACCOUNT,
                    "IsEgress": False,
                    "IpProtocol": "tcp",
                    "FromPort": 22,
                    "ToPort": 22,
                    "CidrIpv4": "0.0.0.0/0",
                    "Description": "all",
                }
            ],
        },
        request={
            "groupId": "sg-0aa",
            "ipPermissions": {
                "items": [
                    {
                        "ipProtocol": "tcp",
                        "fromPort": 22,
                        "toPort": 22,
                        "groups": {},
                        "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0", "description": "all"}]},
                        "ipv6Ranges": {},
                        "prefixListIds": {},
                    },
                    {
                        "ipProtocol": "tcp",
                        "fromPort": 443,
                        "toPort": 443,
                        "groups": {"items": [{"groupId": "sg-0bb", "userId": ACCOUNT}]},
                        "ipRanges": {},
                        "ipv6Ranges": {"items": [{"cidrIpv6": "::/0"}]},
                        "prefixListIds": {"items": [{"prefixListId": "pl-0cc"}]},
                    },
                ]
            },
        },
        response={
            "requestId": REQUEST_ID,
            "_return": True,
            "securityGroupRuleSet": {
                "items": [
                    {
                        "securityGroupRuleId": "sgr-0dd",
                        "groupId": "sg-0aa",
                        "groupOwnerId": ACCOUNT,
                        "isEgress": False,
                        "ipProtocol": "tcp",
                        "fromPort": 22,
                        "toPort": 22,
                        "cidrIpv4": "0.0.0.0/0",
                        "description": "all",
                    }
                ]
            },
        },
    ),
    ec2(
        "AuthorizeSecurityGroupIngress",
        parameters={
            "GroupId": "sg-0aa",
            "IpProtocol": "tcp",
            "FromPort": 22,
            "ToPort": 22,
            "CidrIp": "0.0.0.0/0",
        },
        error=ApiError("InvalidPermission.Duplicate", "the rule already exists", 400),
        request={
            "groupId": "sg-0aa",
            "ipPermissions": {},
            "ipProtocol": "tcp",
            "fromPort": 22,
            "toPort": 22,
            "cidrIp": "0.0.0.0/0",
        },
        fields={
            "errorCode": "Client.InvalidPermission.Duplicate",
            "errorMessage": "the rule already exists",
        },
    ),
    ec2(
        "CreateSecurityGroup",
        parameters={"GroupName": "web", "Description": "Web", "VpcId": VPC},
        result={"GroupId": "sg-0aa", "Tags": []},
        request={"groupName": "web", "groupDescription": "Web", "vpcId": VPC},
        response={"requestId": REQUEST_ID, "_return": True, "groupId": "sg-0aa", "tagSet": {}},
    ),
    ec2(
        "CreateVpc",
        parameters={
            "CidrBlock": "10.0.0.0/16",
            "TagSpecifications": [{"ResourceType": "vpc", "Tags": tags(Name="main")}],
        },
        result={
            "Vpc": {
                "VpcId": VPC,
                "State": "pending",
                "CidrBlock": "10.0.0.0/16",
                "CidrBlockAssociationSet": [
                    {
                        "AssociationId": "vpc-cidr-assoc-0aa",
                        "CidrBlock": "10.0.0.0/16",
                        "CidrBlockState": {"State": "associated"},
                    }
                ],
                "Ipv6CidrBlockAssociationSet": [],
                "IsDefault": False,
                "Tags": tags(Name="main"),
            }
        },
        request={
            "cidrBlock": "10.0.0.0/16",
            "instanceTenancy": "default",
            "amazonProvidedIpv6CidrBlock": False,
            "tagSpecificationSet": {
                "items": [{"resourceType": "vpc", "tags": [{"key": "Name", "value": "main"}]}]
            },
        },
        response={
            "requestId": REQUEST_ID,
            "vpc": {
                "vpcId": VPC,
                "state": "pending",
                "cidrBlock": "10.0.0.0/16",
                "cidrBlockAssociationSet": {
                    "items": [
                        {
                            "associationId": "vpc-cidr-assoc-0aa",
                            "cidrBlock": "10.0.0.0/16",
                            "cidrBlockState": {"state": "associated"},
                        }
                    ]
                },
                "ipv6CidrBlockAssociationSet": {},
                "isDefault": False,
                "tagSet": {"items": [{"key": "Name", "value": "main"}]},
            },
        },
    ),
    ec2(
        "CreateVolume",
        parameters={"AvailabilityZone": "eu-west-1a", "Size": 80, "Encrypted": True},
        result={
            "VolumeId": "vol-0ee",
            "Size": 80,
            "AvailabilityZone": "eu-west-1a",
            "State": "creating",
            "CreateTime": TIME,
            "Encrypted": True,
        },
        request={"zone": "eu-west-1a", "size": "80", "encrypted": True},
        response={
            "requestId": REQUEST_ID,
            "volumeId": "vol-0ee",
            "size": "80",
            "zone": "eu-west-1a",
            "status": "creating",
            "createTime": TIME_MS,
            "encrypted": True,
        },
    ),
    ec2(
        "DeleteVolume",
        parameters={"VolumeId": "vol-0ee"},
        request={"volumeId": "vol-0ee", "reportVolumeFailure": False},
        response=DONE,
    ),
    ec2(
        "CreateKeyPair",
        parameters={"KeyName": "ops", "KeyFormat": "pem"},
        result={"KeyName": "ops", "KeyFingerprint": "00:11", "KeyMaterial": "-----BEGIN"},
        request={"keyName": "ops", "keyFormat": "pem"},
        response={
            "requestId": REQUEST_ID,
            "keyName": "ops",
            "keyFingerprint": "00:11",
            "keyMaterial": "<sensitiveDataRemoved>",
        },
    ),
    ec2(
        "ModifyInstanceAttribute",
        parameters={"InstanceId": INSTANCE, "UserData": {"Value": b"echo"}},
        request={"instanceId": INSTANCE, "userData": "<sensitiveDataRemoved>"},
        response=DONE,
    ),
    ec2(
        "ModifyInstanceAttribute",
        parameters={"InstanceId": INSTANCE, "DisableApiTermination": {"Value": False}},
        request={"instanceId": INSTANCE, "disableApiTermination": {"value": False}},
        response=DONE,
    ),
    ec2(
        "ModifySnapshotAttribute",
        parameters={
            "SnapshotId": "snap-0ff",
            "Attribute": "createVolumePermission",
            "OperationType": "add",
            "GroupNames": ["all"],
            "UserIds": ["444455556666"],
        },
        request={
            "snapshotId": "snap-0ff",
            "createVolumePermission": {
                "add": {"items": [{"userId": "444455556666"}, {"group": "all"}]}
            },
            "attributeType": "CREATE_VOLUME_PERMISSION",
        },
        response=DONE,
    ),
    ec2(
        "ModifyImageAttribute",
        parameters={"ImageId": "ami-0ff", "LaunchPermission": {"Add": [{"Group": "all"}]}},
        request={
            "imageId": "ami-0ff",
            "launchPermission": {"add": {"items": [{"group": "all"}]}},
            "attributeType": "launchPermission",
        },
        response=DONE,
    ),
    ec2(
        "CreateNetworkAclEntry",
        parameters={
            "NetworkAclId": "acl-0aa",
            "RuleNumber": 100,
            "Protocol": "17",
            "RuleAction": "allow",
            "Egress": False,
            "CidrBlock": "0.0.0.0/0",
            "PortRange": {"From": 53, "To": 53},
        },
        request={
            "networkAclId": "acl-0aa",
            "ruleNumber": 100,
            "aclProtocol": "17",
            "ruleAction": "allow",
            "egress": False,
            "cidrBlock": "0.0.0.0/0",
            "portRange": {"from": 53, "to": 53},
            "icmpTypeCode": {},
        },
        response=DONE,
    ),
    # The newer shape.
    ec2(
        "CreateFlowLogs",
        parameters={
            "ResourceIds": [VPC],
            "ResourceType": "VPC",
            "TrafficType": "ALL",
            "LogDestination": "arn:aws:s3:::logs",
            "MaxAggregationInterval": 600,
            "TagSpecifications": [
                {"ResourceType": "vpc-flow-log", "Tags": tags(managed="true", Name="all")}
            ],
        },
        result={"FlowLogIds": ["fl-0aa"], "ClientToken": "t", "Unsuccessful": []},
        request={
            "CreateFlowLogsRequest": {
                "ResourceId": {"content": VPC, "tag": 1},
                "ResourceType": "VPC",
                "TrafficType": "ALL",
                "LogDestination": "arn:aws:s3:::logs",
                "MaxAggregationInterval": 600,
                "TagSpecification": {
                    "ResourceType": "vpc-flow-log",
                    "tag": 1,
                    "Tag": [
                        {"Key": "managed", "Value": True, "tag": 1},
                        {"Key": "Name", "Value": "all", "tag": 2},
                    ],
                },
            }
        },
        response={
            "CreateFlowLogsResponse": {
                "xmlns": NAMESPACE,
                "requestId": REQUEST_ID,
                "flowLogIdSet": {"item": "fl-0aa"},
                "clientToken": "t",
                "unsuccessful": "",
            }
        },
    ),
    ec2(
        "DeleteFlowLogs",
        parameters={"FlowLogIds": ["fl-0aa", "fl-0bb"]},
        result={"Unsuccessful": []},
        request={
            "DeleteFlowLogsRequest": {
                "FlowLogId": [
                    {"content": "fl-0aa", "tag": 1},
                    {"content": "fl-0bb", "tag": 2},
                ]
            }
        },
        response={
            "DeleteFlowLogsResponse": {
                "xmlns": NAMESPACE,
                "requestId": REQUEST_ID,
                "unsuccessful": "",
            }
        },
    ),
    ec2(
        "EnableSerialConsoleAccess",
        result={"SerialConsoleAccessEnabled": True},
        request={"EnableSerialConsoleAccessRequest": ""},
        response={
            "EnableSerialConsoleAccessResponse": {
                "xmlns": NAMESPACE,
                "requestId": REQUEST_ID,
                "serialConsoleAccessEnabled": True,
            }
        },
    ),
    ec2(
        "CreateLaunchTemplate",
        parameters={
            "LaunchTemplateName": "web",
            "LaunchTemplateData": {"ImageId": "ami-0ff", "UserData": "c2VjcmV0"},
        },
        result={
            "LaunchTemplate": {
                "LaunchTemplateId": "lt-0aa",
                "CreateTime": TIME,
                "DefaultVersionNumber": 1,
            }
        },
        request={
            "CreateLaunchTemplateRequest": {
                "LaunchTemplateName": "web",
                "LaunchTemplateData": {
                    "ImageId": "ami-0ff",
                    "UserData": "<sensitiveDataRemoved>",
                },
            }
        },
        response={
            "CreateLaunchTemplateResponse": {
                "xmlns": NAMESPACE,
                "requestId": REQUEST_ID,
                "launchTemplate": {
                    "launchTemplateId": "lt-0aa",
                    "createTime": "2026-11-22T10:00:00.000Z",
                    "defaultVersionNumber": 1,
                },
            }
        },
    ),
    ec2(
        "DescribeVpcEndpoints",
        parameters={"Filters": [{"Name": "vpc-id", "Values": [VPC]}]},
        read_only=True,
        request={
            "DescribeVpcEndpointsRequest": {
                "Filter": {"Name": "vpc-id", "Value": {"content": VPC, "tag": 1}, "tag": 1}
            }
        },
    ),
]
