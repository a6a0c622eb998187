"""What EC2's records do differently from its model, as data.

EC2's older operations are recorded as its SOAP interface spelt them: sets named `xxxSet` that hold
`items`. Operations that came later are recorded as a JSON rendering of their query and response.
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/logging-using-cloudtrail.html
"""

from __future__ import annotations

from typing import Any, Final

# The operations of API version 2014-10-01, the last with a SOAP interface of its own.
CLASSIC: Final = frozenset(
    [
        "AcceptVpcPeeringConnection",
        "AllocateAddress",
        "AssignPrivateIpAddresses",
        "AssociateAddress",
        "AssociateDhcpOptions",
        "AssociateRouteTable",
        "AttachClassicLinkVpc",
        "AttachInternetGateway",
        "AttachNetworkInterface",
        "AttachVolume",
        "AttachVpnGateway",
        "AuthorizeSecurityGroupEgress",
        "AuthorizeSecurityGroupIngress",
        "BundleInstance",
        "CancelBundleTask",
        "CancelConversionTask",
        "CancelExportTask",
        "CancelReservedInstancesListing",
        "CancelSpotInstanceRequests",
        "ConfirmProductInstance",
        "CopyImage",
        "CopySnapshot",
        "CreateCustomerGateway",
        "CreateDhcpOptions",
        "CreateImage",
        "CreateInstanceExportTask",
        "CreateInternetGateway",
        "CreateKeyPair",
        "CreateNetworkAcl",
        "CreateNetworkAclEntry",
        "CreateNetworkInterface",
        "CreatePlacementGroup",
        "CreateReservedInstancesListing",
        "CreateRoute",
        "CreateRouteTable",
        "CreateSecurityGroup",
        "CreateSnapshot",
        "CreateSpotDatafeedSubscription",
        "CreateSubnet",
        "CreateTags",
        "CreateVolume",
        "CreateVpc",
        "CreateVpcPeeringConnection",
        "CreateVpnConnection",
        "CreateVpnConnectionRoute",
        "CreateVpnGateway",
        "DeleteCustomerGateway",
        "DeleteDhcpOptions",
        "DeleteInternetGateway",
        "DeleteKeyPair",
        "DeleteNetworkAcl",
        "DeleteNetworkAclEntry",
        "DeleteNetworkInterface",
        "DeletePlacementGroup",
        "DeleteRoute",
        "DeleteRouteTable",
        "DeleteSecurityGroup",
        "DeleteSnapshot",
        "DeleteSpotDatafeedSubscription",
        "DeleteSubnet",
        "DeleteTags",
        "DeleteVolume",
        "DeleteVpc",
        "DeleteVpcPeeringConnection",
        "DeleteVpnConnection",
        "DeleteVpnConnectionRoute",
        "DeleteVpnGateway",
        "DeregisterImage",
        "DescribeAccountAttributes",
        "DescribeAddresses",
        "DescribeAvailabilityZones",
        "DescribeBundleTasks",
        "DescribeClassicLinkInstances",
        "DescribeConversionTasks",
        "DescribeCustomerGateways",
        "DescribeDhcpOptions",
        "DescribeExportTasks",
        "DescribeImageAttribute",
        "DescribeImages",
        "DescribeInstanceAttribute",
        "DescribeInstanceStatus",
        "DescribeInstances",
        "DescribeInternetGateways",
        "DescribeKeyPairs",
        "DescribeNetworkAcls",
        "DescribeNetworkInterfaceAttribute",
        "DescribeNetworkInterfaces",
        "DescribePlacementGroups",
        "DescribeRegions",
        "DescribeReservedInstances",
        "DescribeReservedInstancesListings",
        "DescribeReservedInstancesModifications",
        "DescribeReservedInstancesOfferings",
        "DescribeRouteTables",
        "DescribeSecurityGroups",
        "DescribeSnapshotAttribute",
        "DescribeSnapshots",
        "DescribeSpotDatafeedSubscription",
        "DescribeSpotInstanceRequests",
        "DescribeSpotPriceHistory",
        "DescribeSubnets",
        "DescribeTags",
        "DescribeVolumeAttribute",
        "DescribeVolumeStatus",
        "DescribeVolumes",
        "DescribeVpcAttribute",
        "DescribeVpcClassicLink",
        "DescribeVpcPeeringConnections",
        "DescribeVpcs",
        "DescribeVpnConnections",
        "DescribeVpnGateways",
        "DetachClassicLinkVpc",
        "DetachInternetGateway",
        "DetachNetworkInterface",
        "DetachVolume",
        "DetachVpnGateway",
        "DisableVgwRoutePropagation",
        "DisableVpcClassicLink",
        "DisassociateAddress",
        "DisassociateRouteTable",
        "EnableVgwRoutePropagation",
        "EnableVolumeIO",
        "EnableVpcClassicLink",
        "GetConsoleOutput",
        "GetPasswordData",
        "ImportInstance",
        "ImportKeyPair",
        "ImportVolume",
        "ModifyImageAttribute",
        "ModifyInstanceAttribute",
        "ModifyNetworkInterfaceAttribute",
        "ModifyReservedInstances",
        "ModifySnapshotAttribute",
        "ModifySubnetAttribute",
        "ModifyVolumeAttribute",
        "ModifyVpcAttribute",
        "MonitorInstances",
        "PurchaseReservedInstancesOffering",
        "RebootInstances",
        "RegisterImage",
        "RejectVpcPeeringConnection",
        "ReleaseAddress",
        "ReplaceNetworkAclAssociation",
        "ReplaceNetworkAclEntry",
        "ReplaceRoute",
        "ReplaceRouteTableAssociation",
        "ReportInstanceStatus",
        "RequestSpotInstances",
        "ResetImageAttribute",
        "ResetInstanceAttribute",
        "ResetNetworkInterfaceAttribute",
        "ResetSnapshotAttribute",
        "RevokeSecurityGroupEgress",
        "RevokeSecurityGroupIngress",
        "RunInstances",
        "StartInstances",
        "StopInstances",
        "TerminateInstances",
        "UnassignPrivateIpAddresses",
        "UnmonitorInstances",
    ]
)

# The set that a list of the request becomes, and the name of each scalar in it.
SETS: Final[dict[str, tuple[str, str]]] = {
    "AllocationIds": ("allocationIdsSet", "allocationId"),
    "AttributeNames": ("accountAttributeNameSet", "attributeName"),
    "BundleIds": ("bundlesSet", "bundleId"),
    "ConversionTaskIds": ("conversionTaskIdSet", "conversionTaskId"),
    "CustomerGatewayIds": ("customerGatewaySet", "customerGatewayId"),
    "DhcpConfigurations": ("dhcpConfigurationSet", ""),
    "DhcpOptionsIds": ("dhcpOptionsSet", "dhcpOptionsId"),
    "DiskImages": ("diskImageSet", ""),
    "ExecutableUsers": ("executableBySet", "user"),
    "ExportTaskIds": ("exportTaskIdSet", "exportTaskId"),
    "Filters": ("filterSet", ""),
    "Groups": ("groupSet", "groupId"),
    "ImageIds": ("imagesSet", "imageId"),
    "InstanceIds": ("instancesSet", "instanceId"),
    "InstanceTypes": ("instanceTypeSet", "instanceType"),
    "Instances": ("instancesSet", "instanceId"),
    "InternetGatewayIds": ("internetGatewayIdSet", "internetGatewayId"),
    "Ipv6Addresses": ("ipv6AddressesSet", "ipv6Address"),
    "KeyNames": ("keySet", "keyName"),
    "KeyPairIds": ("keyPairIdSet", "keyPairId"),
    "NetworkAclIds": ("networkAclIdSet", "networkAclId"),
    "NetworkInterfaceIds": ("networkInterfaceIdSet", "networkInterfaceId"),
    "NetworkInterfaces": ("networkInterfaceSet", ""),
    "OwnerIds": ("ownersSet", "owner"),
    "Owners": ("ownersSet", "owner"),
    "PrivateIpAddresses": ("privateIpAddressesSet", "privateIpAddress"),
    "ProductDescriptions": ("productDescriptionSet", "productDescription"),
    "PublicIps": ("publicIpsSet", "publicIp"),
    "ReasonCodes": ("reasonCodesSet", "reasonCode"),
    "RegionNames": ("regionSet", "regionName"),
    "ReservedInstancesIds": ("reservedInstancesSet", "reservedInstancesId"),
    "ReservedInstancesModificationIds": (
        "reservedInstancesModificationSet",
        "reservedInstancesModificationId",
    ),
    "ReservedInstancesOfferingIds": (
        "reservedInstancesOfferingsSet",
        "reservedInstancesOfferingId",
    ),
    "Resources": ("resourcesSet", "resourceId"),
    "RestorableByUserIds": ("sharedUsersSet", "user"),
    "RouteTableIds": ("routeTableIdSet", "routeTableId"),
    "SecurityGroupIds": ("groupSet", "groupId"),
    "SecurityGroups": ("groupSet", "groupName"),
    "SnapshotIds": ("snapshotSet", "snapshotId"),
    "SpotInstanceRequestIds": ("spotInstanceRequestIdSet", "spotInstanceRequestId"),
    "SubnetIds": ("subnetSet", "subnetId"),
    "TagSpecifications": ("tagSpecificationSet", ""),
    "Tags": ("tagSet", ""),
    "Values": ("valueSet", "value"),
    "VolumeIds": ("volumeSet", "volumeId"),
    "VpcIds": ("vpcSet", "vpcId"),
    "VpcPeeringConnectionIds": ("vpcPeeringConnectionIdSet", "vpcPeeringConnectionId"),
    "VpnConnectionIds": ("vpnConnectionSet", "vpnConnectionId"),
    "VpnGatewayIds": ("vpnGatewaySet", "vpnGatewayId"),
    "ZoneIds": ("availabilityZoneIdSet", "zoneId"),
    "ZoneNames": ("availabilityZoneSet", "zoneName"),
}
OPERATION_SETS: Final[dict[tuple[str, str], tuple[str, str]]] = {
    ("DescribePlacementGroups", "GroupIds"): ("placementGroupIdSet", "groupId"),
    ("DescribePlacementGroups", "GroupNames"): ("placementGroupSet", "groupName"),
    ("DescribeSecurityGroups", "GroupIds"): ("securityGroupIdSet", "groupId"),
    ("DescribeSecurityGroups", "GroupNames"): ("securityGroupSet", "groupName"),
}
# Reads show each of their sets, empty ones too, but for these.
SETS_SHOWN_WHEN_GIVEN: Final = frozenset(
    {("DescribeBundleTasks", "Filters"), ("DescribeRegions", "Filters")}
)
# Sets whose list is called `item` instead of `items`.
ITEM_SETS: Final = frozenset({"privateIpAddressesSet"})
ITEM_OPERATIONS: Final = frozenset({("DescribeVpcClassicLink", "VpcIds")})
# Sets of a rule that are shown when they are empty too.
RULE_SETS: Final = ("groups", "ipRanges", "ipv6Ranges", "prefixListIds")

# What a record shows although the caller left it out.
DEFAULTS: Final[dict[str, dict[str, Any]]] = {
    "AttachVolume": {"deleteOnTermination": False},
    "AuthorizeSecurityGroupEgress": {"ipPermissions": {}},
    "AuthorizeSecurityGroupIngress": {"ipPermissions": {}},
    "CreateNetworkAclEntry": {"icmpTypeCode": {}, "portRange": {}},
    "CreateNetworkInterface": {"groupSet": {}, "privateIpAddressesSet": {}},
    "CreateVpc": {"instanceTenancy": "default", "amazonProvidedIpv6CidrBlock": False},
    "DeleteSnapshot": {"force": False},
    "DeleteVolume": {"reportVolumeFailure": False},
    "DescribeAccountAttributes": {"filterSet": {}},
    "DescribeInstanceStatus": {"includeAllInstances": False},
    "DescribeKeyPairs": {"includePublicKey": False},
    "ReplaceNetworkAclEntry": {"icmpTypeCode": {}, "portRange": {}},
    "RevokeSecurityGroupEgress": {"ipPermissions": {}},
    "RevokeSecurityGroupIngress": {"ipPermissions": {}},
    "RunInstances": {
        "blockDeviceMapping": {},
        "disableApiStop": False,
        "disableApiTermination": False,
        "monitoring": {"enabled": False},
    },
    "StopInstances": {"force": False},
}

# Names that are not the model's: (operation, member) of the request, (operation, name) of the
# response.
REQUEST_NAMES: Final[dict[tuple[str, str], str]] = {
    ("CreateNetworkAclEntry", "IcmpTypeCode"): "icmpTypeCode",
    ("CreateNetworkAclEntry", "Protocol"): "aclProtocol",
    ("CreateVolume", "AvailabilityZone"): "zone",
    ("RegisterImage", "SriovNetSupport"): "sriovNetSupport",
    ("ReplaceNetworkAclEntry", "IcmpTypeCode"): "icmpTypeCode",
    ("ReplaceNetworkAclEntry", "Protocol"): "aclProtocol",
}
RESPONSE_NAMES: Final[dict[tuple[str, str], str]] = {
    ("CreateVolume", "availabilityZone"): "zone",
}
# Numbers that are text in a record.
REQUEST_TEXT: Final = frozenset({("CreateVolume", "Size")})
RESPONSE_TEXT: Final = frozenset({("CreateSnapshot", "volumeSize"), ("CreateVolume", "size")})
NOT_RECORDED: Final = frozenset({("DescribeVpcAttribute", "Attribute")})

# What a response leaves out where it is empty, though servers may answer it all the same.
EMPTY_NOT_SHOWN: Final = frozenset(
    {
        ("CreateVolume", "attachmentSet"),
        ("CreateVolume", "snapshotId"),
        ("RunInstances", "keyName"),
    }
)
# Likewise the sets of the newer operations' responses, whatever the operation.
EMPTY_SETS_NOT_SHOWN: Final = frozenset({"tagSet"})

# Operations that say `_return` although their response has more to tell.
RETURN_TOO: Final = frozenset({"CreateSecurityGroup", "DisassociateRouteTable"})

# What a response says that the model does not know.
RESPONSE_ADDITIONS: Final[dict[str, dict[str, Any]]] = {
    "DisassociateRouteTable": {"associationState": {"state": "disassociating"}},
}

# Member names that hold secrets wherever they are.
SECRET_MEMBERS: Final = frozenset({"KeyMaterial", "PasswordData", "UserData"})
SECRET_ATTRIBUTE: Final = frozenset({("ModifyInstanceAttribute", "Value")})
