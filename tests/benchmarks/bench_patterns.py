"""Event patterns on parsed CloudTrail events: our engine beside moto's and ministack's.

    make bench BENCH=patterns

30 rules as people write them, then 3,000 made like them. The matchers take turns on the same
events; the slow ones get a sample of them. Where the others get a pattern wrong their hits differ,
and the line says on how many events they are ours.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

from reactor.patterns import RuleSet

from tests.benchmarks.measuring import Line, Row, Used, call

Event = dict[str, Any]
Matcher = Callable[[Event], set[str]]

# Replay must beat them by this much end to end; matching alone has to do better than that.
MUST = {"moto": 50.0, "ministack": 9.0}
# event-ruler, with 3,000 rules against 30, falls from 93k to 51k events a second.
MUST_KEEP = 0.55
EVENTS = 4_000

_WRITES = {
    "iam": ["CreateUser", "CreateAccessKey", "AttachUserPolicy", "PutRolePolicy", "CreateRole"],
    "ec2": [
        "RunInstances",
        "AuthorizeSecurityGroupIngress",
        "CreateVpc",
        "ModifyInstanceAttribute",
    ],
    "s3": ["CreateBucket", "PutBucketPolicy", "DeleteBucket", "PutBucketPublicAccessBlock"],
    "kms": ["ScheduleKeyDeletion", "DisableKey", "CreateGrant", "PutKeyPolicy"],
    "cloudtrail": ["StopLogging", "DeleteTrail", "UpdateTrail", "PutEventSelectors"],
    "lambda": ["CreateFunction20150331", "UpdateFunctionCode20150331v2", "AddPermission20150331v2"],
}
_READS = {
    "ec2": ["DescribeInstances", "DescribeVolumes", "DescribeSecurityGroups", "DescribeTags"],
    "s3": ["GetBucketLocation", "GetBucketAcl", "ListBuckets", "GetBucketPolicy"],
    "sts": ["AssumeRole", "GetCallerIdentity"],
    "kms": ["Decrypt", "GenerateDataKey", "DescribeKey"],
    "iam": ["ListRoles", "GetRole", "ListAttachedRolePolicies", "GetPolicyVersion"],
    "logs": ["CreateLogStream", "DescribeLogGroups"],
    "dynamodb": ["DescribeTable", "ListTables"],
    "ssm": ["GetParameter", "UpdateInstanceInformation"],
}


def make_events(count: int, seed: int = 7) -> list[Event]:
    """CloudTrail's usual mix: reads and service calls above all, few writes, some failures."""
    rng = random.Random(seed)
    events = []
    for number in range(count):
        write = rng.random() < 0.06
        calls = _WRITES if write else _READS
        service = rng.choice(list(calls))
        role = f"role-{rng.randrange(60)}"
        record: Event = {
            "eventVersion": "1.11",
            "userIdentity": {
                "type": "Root" if rng.random() < 0.001 else "AssumedRole",
                "principalId": f"AROAEXAMPLE{rng.randrange(99)}:session",
                "arn": f"arn:aws:sts::111122223333:assumed-role/{role}/session",
                "accountId": "111122223333",
                "accessKeyId": f"ASIAEXAMPLE{number:09d}",
                "sessionContext": {
                    "sessionIssuer": {"type": "Role", "userName": role},
                    "attributes": {"mfaAuthenticated": "false"},
                },
            },
            "eventTime": "2030-05-01T10:00:00Z",
            "eventSource": f"{service}.amazonaws.com",
            "eventName": rng.choice(calls[service]),
            "awsRegion": rng.choice(["eu-west-1", "eu-central-1", "us-east-1"]),
            "sourceIPAddress": f"198.51.100.{rng.randrange(256)}",
            "userAgent": "aws-sdk-go/1.44",
            "requestParameters": {"name": f"thing-{rng.randrange(500)}", "maxResults": 100},
            "responseElements": None,
            "requestID": f"{number:032x}",
            "eventID": f"{number:036x}",
            "readOnly": not write,
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": "111122223333",
            "eventCategory": "Management",
            "tlsDetails": {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256"},
        }
        if rng.random() < 0.05:
            record["errorCode"] = rng.choice(["AccessDenied", "Client.UnauthorizedOperation"])
        if record["eventName"] == "AuthorizeSecurityGroupIngress":
            record["requestParameters"] = {
                "groupId": "sg-1",
                "ipPermissions": {
                    "items": [
                        {
                            "fromPort": rng.choice([22, 80, 443]),
                            "ipRanges": {
                                "items": [{"cidrIp": rng.choice(["0.0.0.0/0", "10.0.0.0/8"])}]
                            },
                        }
                        for _ in range(2)
                    ]
                },
            }
        events.append(
            {
                "version": "0",
                "id": f"{number:036x}",
                "detail-type": "AWS API Call via CloudTrail",
                "source": f"aws.{service}",
                "account": "111122223333",
                "time": "2030-05-01T10:00:00Z",
                "region": record["awsRegion"],
                "resources": [],
                "detail": record,
            }
        )
    return events


def _call(service: str, names: list[Any], **detail: Any) -> dict[str, Any]:
    return {
        "source": [f"aws.{service}"],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {"eventSource": [f"{service}.amazonaws.com"], "eventName": names, **detail},
    }


def make_rules(count: int, seed: int = 11) -> dict[str, dict[str, Any]]:
    """Rules like a catalogue's: most name calls of one service, some look at who, where or what."""
    rng = random.Random(seed)
    shapes: list[Callable[[str, list[str], int], dict[str, Any]]] = [
        lambda service, names, n: _call(
            service, rng.sample(names, 2), errorCode=[{"exists": False}]
        ),
        lambda service, names, n: _call(service, names),
        lambda service, names, n: _call(service, [rng.choice(names)]),
        lambda service, names, n: _call(
            service,
            [rng.choice(names)],
            userIdentity={"arn": [{"anything-but": {"prefix": f"arn:aws:sts::{n:012d}"}}]},
        ),
        lambda service, names, n: _call(
            service, rng.sample(names, 2), requestParameters={"name": [f"thing-{n}"]}
        ),
        lambda service, names, n: _call(
            service,
            [{"prefix": rng.choice(["Delete", "Put", "Create", "Update"])}],
            awsRegion=[rng.choice(["eu-west-1", "ap-south-1", "sa-east-1"])],
        ),
        lambda service, names, n: _call(
            service,
            names,
            userIdentity={"sessionContext": {"sessionIssuer": {"userName": [f"role-{n}"]}}},
        ),
        lambda service, names, n: _call(
            service, [rng.choice(names)], sourceIPAddress=[{"cidr": f"203.0.{n % 256}.0/24"}]
        ),
    ]
    rules: dict[str, dict[str, Any]] = {
        "root-user": {"detail": {"userIdentity": {"type": ["Root"]}, "eventType": ["AwsApiCall"]}},
        "access-denied": {"detail": {"errorCode": [{"wildcard": "*UnauthorizedOperation"}]}},
        "open-ssh": _call(
            "ec2",
            ["AuthorizeSecurityGroupIngress"],
            requestParameters={
                "ipPermissions": {
                    "items": {"fromPort": [22], "ipRanges": {"items": {"cidrIp": ["0.0.0.0/0"]}}}
                }
            },
        ),
        "trail-stopped": {
            "source": ["aws.cloudtrail"],
            "$or": [
                {"detail": {"eventName": ["StopLogging", "DeleteTrail"]}},
                {"detail": {"eventName": ["UpdateTrail"], "requestParameters": {"name": ["main"]}}},
            ],
        },
    }
    teams: list[Callable[[int], dict[str, Any]]] = [
        lambda n: {"requestParameters": {"name": [f"thing-{n}"]}},
        lambda n: {"userIdentity": {"arn": [{"prefix": f"arn:aws:sts::{n:012d}:"}]}},
        lambda n: {"userIdentity": {"arn": [{"wildcard": f"*assumed-role/role-{n}/*"}]}},
        lambda n: {"recipientAccountId": [f"{n:012d}", "111122223334"]},
        lambda n: {"userAgent": [{"suffix": f"team-{n}"}]},
    ]
    services = list(_WRITES)
    number = 0
    while len(rules) < count:
        service = services[number % len(services)]
        rule = shapes[number % len(shapes)](service, _WRITES[service], number)
        if len(rules) >= 30:
            # So many rules are not all about everything: each is one team's, by one mark of it.
            rule["detail"].update(rng.choice(teams)(number))
        rules[f"rule-{number}"] = rule
        number += 1
    return rules


def ours(rules: dict[str, dict[str, Any]]) -> Matcher:
    return RuleSet(rules).match


def moto(rules: dict[str, dict[str, Any]]) -> Matcher:
    from moto.events.models import EventPattern

    patterns = {name: EventPattern(json.dumps(rule), rule) for name, rule in rules.items()}
    return lambda event: {n for n, p in patterns.items() if p.matches_event(event)}  # type: ignore[arg-type]


def ministack(rules: dict[str, dict[str, Any]]) -> Matcher:
    from ministack.services import eventbridge

    compiled = {
        name: eventbridge._parse_pattern_text(json.dumps(r))[0] for name, r in rules.items()
    }
    matches = eventbridge._matches_alternative

    def match(event: Event) -> set[str]:
        fields = {key: value for key, value in event.items() if key != "detail"}
        view = eventbridge._EventView(fields, event["detail"])
        return {
            name
            for name, alternatives in compiled.items()
            if any(matches(view, alternative) for alternative in alternatives)
        }

    return match


def lines(rounds: int) -> Iterator[Line]:
    """What was measured, a line each; seconds are for a million events."""
    events = make_events(EVENTS)
    kept = Row("patterns", "3,000 rules beside 30", must=MUST_KEEP, aim=0.8, cpu_only=True)
    few: list[Used] = []
    for count in (30, 3000):
        rules = make_rules(count)
        matchers = {"ours": ours(rules), "ministack": ministack(rules), "moto": moto(rules)}
        # The slow matchers take a share of the events that lasts about as long.
        samples = {
            "ours": events,
            "ministack": events[: max(20, len(events) * 3 // count)],
            "moto": events[: max(10, len(events) // count)],
        }
        for matcher in matchers.values():
            matcher(events[0])
        rows = {
            name: Row("patterns", f"{count:,} rules beside {name}", must=must, cpu_only=True)
            for name, must in MUST.items()
        }
        for number in range(rounds):
            used = {name: _used(matchers[name], samples[name]) for name in matchers}
            for name, row in rows.items():
                row.add(used["ours"], used[name])
            if count == 30:
                few.append(used["ours"])
            else:
                kept.add(used["ours"], few[number])
        for name, row in rows.items():
            same = sum(matchers[name](each) == matchers["ours"](each) for each in samples[name])
            row.what += f" (alike on {same / len(samples[name]):.1%})"
        yield from rows.values()
    yield kept


def _used(matcher: Matcher, events: list[Event]) -> Used:
    def run() -> None:
        for event in events:
            matcher(event)

    used, each = call(run), 1e6 / len(events)
    return Used(used.wall * each, used.cpu * each)
