"""Findings in the AWS Security Finding Format, as BatchImportFindings takes them.

https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_AwsSecurityFinding.html
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from reactor.findings.model import (
    PRODUCT,
    AlertFinding,
    address,
    clean,
    place_of,
    techniques,
    timestamp,
)

_MOST_RESOURCES = 32
_LABELS = {"info": "INFORMATIONAL"}
# https://docs.aws.amazon.com/securityhub/latest/userguide/asff-required-attributes.html#Types
_TTPS = {
    *("Initial Access", "Execution", "Persistence", "Privilege Escalation", "Defense Evasion"),
    *("Credential Access", "Discovery", "Lateral Movement", "Collection", "Command and Control"),
}
_EFFECTS = {
    "T1485": "Data Destruction",
    "T1486": "Data Destruction",
    "T1489": "Denial of Service",
    "T1490": "Data Destruction",
    "T1491": "Data Destruction",
    "T1496": "Resource Consumption",
    "T1498": "Denial of Service",
    "T1499": "Denial of Service",
}
_OTHERWISE = "Unusual Behaviors/User"
# ASFF's names of resources, by the service and the kind in an ARN.
_TYPES = {
    "cloudtrail:trail": "AwsCloudTrailTrail",
    "dynamodb:table": "AwsDynamoDbTable",
    "ec2:image": "Other",
    "ec2:instance": "AwsEc2Instance",
    "ec2:network-acl": "AwsEc2NetworkAcl",
    "ec2:network-interface": "AwsEc2NetworkInterface",
    "ec2:security-group": "AwsEc2SecurityGroup",
    "ec2:subnet": "AwsEc2Subnet",
    "ec2:volume": "AwsEc2Volume",
    "ec2:vpc": "AwsEc2Vpc",
    "iam:group": "AwsIamGroup",
    "iam:policy": "AwsIamPolicy",
    "iam:role": "AwsIamRole",
    "iam:user": "AwsIamUser",
    "kms:key": "AwsKmsKey",
    "lambda:function": "AwsLambdaFunction",
    "rds:cluster": "AwsRdsDbCluster",
    "rds:db": "AwsRdsDbInstance",
    "secretsmanager:secret": "AwsSecretsManagerSecret",
}
_WHOLE = {"s3": "AwsS3Bucket", "sns": "AwsSnsTopic", "sqs": "AwsSqsQueue"}
_EC2_IDS = {
    "i": "instance",
    "sg": "security-group",
    "vol": "volume",
    "vpc": "vpc",
    "subnet": "subnet",
    "acl": "network-acl",
    "eni": "network-interface",
}
_EC2_ID = re.compile(r"([a-z]+)-[0-9a-f]{8,17}")
_ARN = re.compile(r"arn:[a-z-]+:([a-z0-9-]+):[a-z0-9-]*:[0-9]*:([^:/]+)([:/].*)?")


def product_arn(partition: str, region: str, account: str) -> str:
    """The ARN of an account's own integration with Security Hub.

    https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-custom-providers.html
    """
    return f"arn:{partition}:securityhub:{region}:{account}:product/{account}/default"


def security_finding(
    finding: AlertFinding, partition: str, region: str, account: str
) -> dict[str, Any]:
    """The finding for Security Hub of that account, which must be the function's.

    Workflow, Note and UserDefinedFields are the customers': BatchImportFindings does not change
    them in a finding that is there, and they are not sent. Severity and Types go where a provider
    may update them.
    https://docs.aws.amazon.com/securityhub/latest/userguide/finding-update-batchimportfindings.html
    """
    alert, event = finding.alert, finding.event
    fields = {
        "account": event.account,
        "count": str(finding.count),
        "detection": alert.detection,
        "disposition": finding.disposition.replace("_", " "),
        "event-id": event.id,
        "event-region": event.region,
        "mode": finding.mode,
        "principal": event.actor.arn or event.actor.principal_arn or event.actor.principal_id,
        "reaction": finding.reaction,
        "source-ip": event.source_ip,
        "techniques": ", ".join(finding.techniques),
        "undo": finding.undo,
        "user-agent": event.user_agent,
        "why": alert.why,
    }
    found = {
        "SchemaVersion": "2018-10-08",
        "Id": finding.uid,
        "ProductArn": product_arn(partition, region, account),
        "ProductName": PRODUCT,
        "GeneratorId": clean(
            "/".join(filter(None, (PRODUCT, finding.reaction, alert.detection))), 512
        ),
        "AwsAccountId": account,
        "CreatedAt": timestamp(finding.created),
        "UpdatedAt": timestamp(finding.now),
        "FirstObservedAt": timestamp(finding.first),
        "LastObservedAt": timestamp(finding.last),
        "Title": clean(alert.subject, 256) or PRODUCT,
        "Description": clean(finding.told, 1024) or PRODUCT,
        "FindingProviderFields": {
            "Severity": {
                "Label": _LABELS.get(alert.severity, alert.severity.upper()),
                "Original": alert.severity,
            },
            "Types": types_of(finding.techniques),
        },
        "ProductFields": {
            f"{PRODUCT}/{key}": text
            for key, value in fields.items()
            if (text := clean(value, 2048))
        },
        "Resources": _resources(finding, partition),
        "RecordState": "ACTIVE",
    }
    runbook = clean(alert.runbook, 512)
    if runbook:
        found["Remediation"] = {"Recommendation": {"Text": runbook}}
    if event.kind == "api_call" and event.name:
        found["Action"] = _action(finding)
    return found


def types_of(attack: Sequence[str]) -> list[str]:
    """Types of ASFF's taxonomy for ATT&CK techniques."""
    found = []
    for id_ in attack:
        for tactic in techniques().get(id_, {}).get("tactics", ()):
            if tactic in _TTPS:
                found.append(f"TTPs/{tactic}")
            elif tactic == "Exfiltration":
                found.append("Effects/Data Exfiltration")
            elif id_.partition(".")[0] in _EFFECTS:
                found.append(f"Effects/{_EFFECTS[id_.partition('.')[0]]}")
    return [*dict.fromkeys(found)][:50] or [_OTHERWISE]


def _resources(finding: AlertFinding, partition: str) -> list[dict[str, Any]]:
    """What the call was about, then who called; the account if there is neither."""
    event = finding.event
    targets = [_resource(id_, finding, partition, "Target") for id_ in finding.resources]
    caller = event.actor.principal_arn or event.actor.arn
    actors = [_resource(clean(caller), finding, partition, "Actor")] if caller.strip() else []
    known = {each["Id"] for each in targets}
    actors = [each for each in actors if each["Id"] not in known]
    found = [*targets[: _MOST_RESOURCES - len(actors)], *actors]
    account = clean(event.account, 64) or finding.here.account
    return found or [{"Type": "AwsAccount", "Id": f"AWS::::Account:{account}"}]


def _resource(id_: str, finding: AlertFinding, partition: str, role: str) -> dict[str, Any]:
    account, region = place_of(id_, finding.event)
    named = _EC2_ID.fullmatch(id_)
    if named and named[1] in _EC2_IDS and account and region:
        id_ = f"arn:{partition}:ec2:{region}:{account}:{_EC2_IDS[named[1]]}/{id_}"
    found = {
        "Type": _type(id_),
        "Id": clean(id_, 512),
        "Partition": partition,
        "ResourceRole": role,
    }
    if 0 < len(region) <= 16:
        found["Region"] = clean(region, 16)
    return found


def _type(arn: str) -> str:
    found = _ARN.fullmatch(arn)
    if found is None:
        return "Other"
    service, kind, rest = found.groups()
    if service in _WHOLE and not rest:
        return _WHOLE[service]
    return _TYPES.get(f"{service}:{kind}", "Other") if rest else "Other"


def _action(finding: AlertFinding) -> dict[str, Any]:
    event = finding.event
    call: dict[str, Any] = {
        "Api": clean(event.name, 128),
        "ServiceName": clean(event.source, 128) or "unknown",
        "FirstSeen": timestamp(finding.first),
        "LastSeen": timestamp(finding.last),
    }
    ip = address(event.source_ip)
    if ip and ":" not in ip:  # it has a place for IPv4 alone
        call |= {"CallerType": "remoteIp", "RemoteIpDetails": {"IpAddressV4": ip}}
    elif event.source_ip.strip() and not ip:
        domain = {"Domain": clean(event.source_ip, 128)}
        call |= {"CallerType": "domain", "DomainDetails": domain}
    return {"ActionType": "AWS_API_CALL", "AwsApiCallAction": call}
