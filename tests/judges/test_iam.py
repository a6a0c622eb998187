"""Every policy of the modules and examples, against the service authorization reference.

The three partitions; identity, resource and trust policies; and the roles' against what the
handlers call.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest

from tests.harness.plans import Plan, Planner
from tests.judges import policies
from tests.judges.grammar import refusal
from tests.judges.handlers import calls_made
from tests.judges.policies import Document
from tests.judges.service_authorization import (
    action,
    expanded,
    fits,
    key_type,
    meet,
    services,
    types_of,
)
from tests.plan.calls import REGIONS

pytestmark = pytest.mark.plan

# Condition operators to the types of keys that they fit.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
OPERATORS = {
    "String": {"String", "ARN"},
    "Arn": {"ARN"},
    "Numeric": {"Numeric"},
    "Date": {"Date"},
    "Bool": {"Bool"},
    "Binary": {"Binary"},
    "IpAddress": {"IPAddress"},
    "NotIpAddress": {"IPAddress"},
}

# Actions whose dependent ones a policy leaves out, and why that is right.
NOT_DEPENDED_ON: dict[tuple[str, str], str] = {}

# Granted for what AWS does with a role, not for a call of the handler.
ON_ITS_BEHALF = {
    "ec2:AssignPrivateIpAddresses": "Lambda's network interfaces in a VPC",
    "ec2:CreateNetworkInterface": "Lambda's network interfaces in a VPC",
    "ec2:DeleteNetworkInterface": "Lambda's network interfaces in a VPC",
    "ec2:DescribeNetworkInterfaces": "Lambda's network interfaces in a VPC",
    "ec2:DescribeSubnets": "Lambda's network interfaces in a VPC",
    "ec2:UnassignPrivateIpAddresses": "Lambda's network interfaces in a VPC",
    "kms:Decrypt": "SQS, SNS, S3 and DynamoDB ask for it in the caller's name",
    "kms:GenerateDataKey": "SQS, SNS, S3 and DynamoDB ask for it in the caller's name",
    "kms:Encrypt": "SNS and replication ask for it in the caller's name",
    "logs:CreateLogStream": "Lambda writes the log",
    "logs:PutLogEvents": "Lambda writes the log",
    "sqs:DeleteMessage": "Lambda's event source mapping",
    "sqs:GetQueueAttributes": "Lambda's event source mapping",
    "sqs:ReceiveMessage": "Lambda's event source mapping",
    "sqs:SendMessage": "Lambda's destination of failed events",
    "xray:PutTelemetryRecords": "Lambda's tracing",
    "xray:PutTraceSegments": "Lambda's tracing",
}  # fmt: skip

# What the source names as a call and no role of a function needs, and why.
NOT_CALLED: dict[str, str] = {}


@pytest.fixture(scope="module")
def planned(tf: Planner) -> dict[str, Plan]:
    return policies.plans(tf)


@pytest.fixture(scope="module")
def everywhere(
    tf: Planner, planned: dict[str, Plan], tmp_path_factory: pytest.TempPathFactory
) -> list[Document]:
    """Every document, each text once a partition."""
    found = [d for name, plan in planned.items() for d in policies.documents(plan, name, "aws")]
    for partition, region in REGIONS.items():
        if partition != "aws":
            folder = tmp_path_factory.mktemp(partition)
            plan = policies.elsewhere(tf, partition, region, folder)
            found += policies.documents(plan, partition, partition)
    return list({(d.text, d.kind, d.partition): d for d in reversed(found)}.values())


def test_all_kinds_of_documents_of_all_partitions_are_seen(everywhere: list[Document]) -> None:
    counts = {
        (partition, kind): sum(d.partition == partition and d.kind == kind for d in everywhere)
        for partition in REGIONS
        for kind in ("identity", "trust", "resource")
    }
    assert min(counts.values()) >= 3, counts
    assert len(everywhere) >= 100, counts


def test_every_document_is_known_in_some_plan(
    planned: dict[str, Plan], everywhere: list[Document]
) -> None:
    """What is known only after apply in one plan is judged where a key or a name is given."""
    seen = {policies.kind_and_name(document.address) for document in everywhere}
    hidden = {name for plan in planned.values() for name in policies.unknown(plan)}
    assert hidden - seen == set()


def test_iam_accepts_them(everywhere: list[Document]) -> None:
    faults = {str(d): refusal(d.text, d.kind) for d in everywhere}
    assert {where: fault for where, fault in faults.items() if fault} == {}


def test_no_arn_is_of_another_partition(everywhere: list[Document]) -> None:
    assert [
        f"{document}: {arn}"
        for document in everywhere
        for arn in re.findall(r"arn:([a-z-]+):", document.text)
        if arn != document.partition
    ] == []


def test_actions_exist_and_resources_and_conditions_fit(everywhere: list[Document]) -> None:
    assert sorted({fault for document in everywhere for fault in faults(document)}) == []


def test_dependent_actions_are_granted(everywhere: list[Document]) -> None:
    missing = {}
    for document in everywhere:
        if document.kind == "identity":
            granted = set(grants([document]))
            for one in granted:
                for dependent in set(action(one)["dependent"]) - granted:
                    missing[one, dependent] = str(document)
    unexpected = {pair: where for pair, where in missing.items() if pair not in NOT_DEPENDED_ON}
    assert unexpected == {}
    assert set(NOT_DEPENDED_ON) <= set(missing), "no longer so"


def test_roles_may_do_what_their_handlers_call_and_no_more(planned: dict[str, Plan]) -> None:
    unused: dict[str, set[str]] = {}
    denied: dict[str, set[str]] = {}
    for entry, granted in roles(planned).items():
        called = calls_made(entry)
        assert called, entry
        needed = called | {d for one in called & granted for d in action(one)["dependent"]}
        unused[entry] = granted - needed - set(ON_ITS_BEHALF)
        denied[entry] = called - granted - set(NOT_CALLED)
    assert len(unused) >= 6, sorted(unused)
    assert {entry: sorted(names) for entry, names in unused.items() if names} == {}
    assert {entry: sorted(names) for entry, names in denied.items() if names} == {}


def on(actions: Any, *resources: str, **condition: Any) -> dict[str, Any]:
    """A statement; a condition is an operator with its keys."""
    return {"Action": actions, "Resource": list(resources) or "*", "Condition": condition}


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        (on("s3:GetObject", "arn:aws:s3:::b/*"), None),
        (on("s3:GetObjekt"), "AWS has no such action"),
        (on("s4:GetObject"), "no such service"),
        (on("s3:GetObject", "arn:aws:s3:::b"), "fits no resource"),
        (on(["s3:GetObject", "s3:ListBucket"], "arn:aws:s3:::b"), "GetObject fits no"),
        (on("sqs:SendMessage", "arn:aws:sqs:*:1:q", "arn:aws:sns:*:1:t"), "no action of"),
        (on("ec2:DescribeInstances", "arn:aws:ec2:*:*:instance/*"), "fits no resource"),
        (on("kms:Decrypt", StringEquals={"kms:ViaService": "s"}), None),
        (on("kms:Decrypt", StringEquals={"s3:prefix": "s"}), "does not know s3:prefix"),
        (on("kms:Decrypt", ArnLike={"kms:ViaService": "s"}), "is String"),
        (on("kms:Decrypt", Null={"kms:EncryptionContext:a": "true"}), None),
        (on("kms:Decrypt", StringEquals={"kms:EncryptionContextKeys": "a"}), "several values"),
        (on("sns:Publish", DateLessThan={"aws:CurrentTime": "2030-01-01T00:00:00Z"}), None),
        (on("sns:Publish", DateLessThan={"aws:SourceArn": "2030-01-01"}), "is ARN"),
    ],
)
def test_faults_are_found(statement: dict[str, Any], fault: str | None) -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow"} | statement})
    found = list(faults(Document("test", "policy", "identity", text, "aws")))
    assert bool(found) == bool(fault), found
    assert not fault or fault in found[0]


@pytest.mark.parametrize(
    ("one", "other", "met"),
    [
        ("a*c", "abc", True), ("a*c", "*b*", True), ("a*", "b*", False), ("", "*", True),
        ("a?c", "abc", True), ("*", "*", True), ("a*b", "a*c", False), ("ab", "a", False),
    ],
)  # fmt: skip
def test_patterns_meet(one: str, other: str, met: bool) -> None:
    assert meet(one, other) is met
    assert meet(other, one) is met


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def grants(found: Iterable[Document]) -> Iterator[str]:
    """The actions that documents allow, in AWS's letters."""
    for document in found:
        for statement in document.statements:
            if statement["Effect"] == "Allow":
                for pattern in listed(statement.get("Action", [])):
                    yield from expanded(pattern)


def faults(document: Document) -> Iterator[str]:
    """What the reference has against a document, a line a fault."""
    for statement in document.statements:
        where = f"{document} {statement.get('Sid', '')}".strip()
        patterns = listed(statement.get("Action", statement.get("NotAction", [])))
        named: dict[str, list[str]] = {}
        for pattern in patterns:
            if pattern == "*" or pattern.endswith(":*"):
                continue
            try:
                named[pattern] = expanded(pattern)
            except LookupError as error:
                yield f"{where}: {error}"
        if "Action" not in statement:
            continue
        resources = [r for r in listed(statement.get("Resource", [])) if r is not None]
        for text in resources_fit(named, resources) if resources else ():
            yield f"{where}: {text}"
        for text in conditions_fit(named, patterns, resources, statement.get("Condition", {})):
            yield f"{where}: {text}"


def resources_fit(named: Mapping[str, list[str]], resources: list[str]) -> Iterator[str]:
    """A resource that none of the actions takes, an action that takes none of the resources."""
    whole = len(named) == 0

    def takes(name: str, resource: str) -> bool:
        return resource == "*" or any(fits(resource, form) for form in types_of(name).values())

    for pattern, names in named.items():
        if not any(takes(name, resource) for name in names for resource in resources):
            yield f"{pattern} fits no resource of {resources}"
    for resource in resources:
        if not whole and not any(takes(n, resource) for names in named.values() for n in names):
            yield f"no action of {sorted(named)} takes {resource}"


def conditions_fit(
    named: Mapping[str, list[str]],
    patterns: list[str],
    resources: list[str],
    condition: Mapping[str, Mapping[str, Any]],
) -> Iterator[str]:
    """A condition key that an action does not know, an operator that does not fit the key."""
    for operator, keys in condition.items():
        many = re.match(r"For(?:Any|All)Values?:", operator)
        base = re.sub(r"^For\w+:|IfExists$", "", operator)
        for key in keys:
            types = {}
            for pattern, names in named.items():
                for name in names:
                    kinds = [
                        kind
                        for kind, form in types_of(name).items()
                        if not resources or any(fits(r, form) for r in resources)
                    ]
                    types[pattern, name] = key_type(name, key, kinds)
                known = [t for (p, _), t in types.items() if p == pattern and t]
                # Of actions with wildcards some may know it; one that is named must.
                if names and not known:
                    yield f"{pattern} does not know {key}"
            for kind in sorted({kind for kind in types.values() if kind}):
                single = kind.removeprefix("ArrayOf")
                if single != kind and not many and base != "Null":
                    yield f"{operator} {key}: it has several values: ForAnyValue or ForAllValues"
                family = next((f for f in OPERATORS if base.startswith(f)), None)
                if family and single not in OPERATORS[family]:
                    yield f"{operator} {key}: it is {kind}"
    for pattern in patterns:
        prefix = pattern.partition(":")[0]
        if pattern.endswith(":*") and prefix not in services():
            yield f"{pattern}: no such service"


def roles(planned: Mapping[str, Plan]) -> dict[str, set[str]]:
    """Each handler's module to what the roles of the functions that run it may do."""
    found: dict[str, set[str]] = {}
    for name, plan in planned.items():
        held: dict[str, list[Document]] = {}
        for document in policies.documents(plan, name, "aws"):
            address = document.address.rpartition(".")[0]
            if address in plan.resources and document.kind == "identity":
                role = plan.resources[address]["values"].get("role")
                held.setdefault(str(role), []).append(document)
        for address, resource in plan.resources.items():
            handler = (
                resource["values"].get("handler")
                if resource["type"] == "aws_lambda_function"
                else ""
            )
            if handler and handler.startswith("reactor."):
                role = role_of(plan, address)
                entry = handler.rpartition(".")[0]
                found.setdefault(entry, set()).update(grants(held.get(role, [])))
    return {entry: granted for entry, granted in found.items() if granted}


def role_of(plan: Plan, function: str) -> str:
    """The name of a function's role: that of the only role beside it, in its module."""
    module = re.sub(r"aws_lambda_function\.[^.]+$", "", function)
    names = {
        values["name"]
        for address, values in plan.of_type("aws_iam_role").items()
        if re.fullmatch(re.escape(module) + r"aws_iam_role\.[^.]+", address)
        and "lambda.amazonaws.com" in str(values.get("assume_role_policy"))
    }
    return str(names.pop()) if len(names) == 1 else ""
