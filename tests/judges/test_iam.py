"""Every policy of the modules and examples, against the service authorization reference.

The three partitions; identity, resource and trust policies; and the roles' against what the
handlers call.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.harness.plans import Plan, Planner
from tests.judges import policies
from tests.judges.grammar import refusal
from tests.judges.handlers import calls_in, calls_made
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
from tests.policy.test_checkov import EXAMPLES, VARIABLES
from tests.policy.wholes import CONTAINMENTS, GUARDS, plan_whole

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
NOT_DEPENDED_ON = {
    ("ec2:CreateNetworkInterface", "ec2:CreateTags"): "Lambda tags no interface of a function; "
    "its AWSLambdaVPCAccessExecutionRole has it not",
}

# Granted for what AWS does with a role, not for a call of the handler.
ON_ITS_BEHALF = {
    "ec2:AssignPrivateIpAddresses": "Lambda's network interfaces in a VPC",
    "ec2:CreateNetworkInterface": "Lambda's network interfaces in a VPC",
    "ec2:DeleteNetworkInterface": "Lambda's network interfaces in a VPC",
    "ec2:DescribeNetworkInterfaces": "Lambda's network interfaces in a VPC",
    "ec2:DescribeSubnets": "Lambda's network interfaces in a VPC",
    "ec2:UnassignPrivateIpAddresses": "Lambda's network interfaces in a VPC",
    "kms:Decrypt": "SQS, SNS, S3 and DynamoDB ask for it in the caller's name",
    "kms:DescribeKey": "DynamoDB asks for it in the caller's name",
    "kms:Encrypt": "DynamoDB asks for it in the caller's name",
    "kms:GenerateDataKey": "SQS, SNS and DynamoDB ask for it in the caller's name",
    "kms:GenerateDataKeyPair": "named by the pages of SNS and DynamoDB: kms:GenerateDataKey*",
    "kms:GenerateDataKeyPairWithoutPlaintext": "so, too",
    "kms:GenerateDataKeyWithoutPlaintext": "DynamoDB asks for it in the caller's name",
    "kms:ReEncryptFrom": "DynamoDB asks for it in the caller's name",
    "kms:ReEncryptTo": "DynamoDB asks for it in the caller's name",
    "logs:CreateLogStream": "Lambda writes the log",
    "logs:PutLogEvents": "Lambda writes the log",
    "sqs:DeleteMessage": "Lambda's event source mapping",
    "sqs:GetQueueAttributes": "Lambda's event source mapping",
    "sqs:ReceiveMessage": "Lambda's event source mapping",
    "sqs:SendMessage": "Lambda's destination of failed events",
    "xray:PutTelemetryRecords": "Lambda's tracing",
    "xray:PutTraceSegments": "Lambda's tracing",
}

HANDLERS = (
    "digest.scheduled",
    "reconcile.scheduled",
    *(f"reactions.{guard.replace('-', '_')}" for guard in GUARDS),
)

# Called by a handler and not granted to its role, and why that is right.
NOT_GRANTED: dict[tuple[str, str], str] = {}

# Granted to a role and not called by its handler, and why that is right.
NOT_CALLED = {
    ("reconcile.scheduled", "s3:GetObjectVersion"): "GetObject asks for it where it names a version"
}

# Reading that only a change asks for.
NEEDS_TO_WRITE = {
    "trail-guard": {
        "iam:GetRole": "CloudTrail asks for it when an organization's trail is changed",
        "organizations:ListAWSServiceAccessForOrganization": "CloudTrail asks for it then, too",
    }
}


@pytest.fixture(scope="module")
def wholes(tf: Planner) -> dict[str, Plan]:
    """The modules with all that they have, by partition."""
    return {partition: plan_whole(tf, partition) for partition in REGIONS}


@pytest.fixture(scope="module")
def documents(tf: Planner, wholes: dict[str, Plan]) -> list[Document]:
    """Every document once a partition; those of the examples, too, as test_checkov plans them."""
    found = [d for name, plan in wholes.items() for d in policies.documents(plan, name)]
    for example in EXAMPLES:
        plan = tf.plan(Path("examples") / example, VARIABLES.get(example, {}))
        found += policies.documents(plan, "aws")
    return list({(d.text, d.kind, d.partition): d for d in reversed(found)}.values())


@pytest.mark.parametrize("partition", REGIONS)
def test_every_policy_of_the_modules_is_judged(wholes: dict[str, Plan], partition: str) -> None:
    made = policies.made()
    assert len(made) > 30
    assert policies.judged(wholes[partition], partition) == made


def test_iam_accepts_them(documents: list[Document]) -> None:
    assert [
        f"{document.where}: {why}"
        for document in documents
        if (why := refusal(document.text, document.kind)) is not None
    ] == []


def test_no_arn_is_of_another_partition(documents: list[Document]) -> None:
    assert [
        f"{document.where}: {arn}"
        for document in documents
        for arn in re.findall(r"arn:([a-z-]+):", document.text)
        if arn != document.partition
    ] == []


def test_actions_exist_and_resources_and_conditions_fit(documents: list[Document]) -> None:
    assert sorted({fault for document in documents for fault in faults(document)}) == []


def test_dependent_actions_are_granted(documents: list[Document]) -> None:
    missing: dict[tuple[str, str], str] = {}
    for document in documents:
        if document.kind == "identity":
            granted = set(grants([document]))
            for one in granted:
                for dependent in set(action(one)["dependent"]) - granted:
                    missing[one, dependent] = document.where
    assert {pair: where for pair, where in missing.items() if pair not in NOT_DEPENDED_ON} == {}
    assert set(NOT_DEPENDED_ON) <= set(missing), "no longer so"


def test_roles_may_do_what_their_handlers_call_and_no_more(wholes: dict[str, Plan]) -> None:
    found = roles(wholes["aws"])
    for containment in CONTAINMENTS:
        one = guard_grants(wholes["aws"], f"containment_{containment}")
        found["reactor.reactions.iam_role_guard"] |= one
    assert set(found) == {f"reactor.{one}" for one in HANDLERS}
    lacking = {
        (entry.removeprefix("reactor."), one)
        for entry, granted in found.items()
        for one in calls_made(entry) - granted
    }
    assert lacking == set(NOT_GRANTED)

    beyond = {
        (entry.removeprefix("reactor."), one)
        for entry, granted in found.items()
        for one in granted - needed(calls_made(entry)) - set(ON_ITS_BEHALF)
    }
    assert beyond == set(NOT_CALLED)
    assert set(ON_ITS_BEHALF) <= {one for granted in found.values() for one in granted}


def test_the_role_in_member_accounts_may_do_what_all_guards_do(wholes: dict[str, Plan]) -> None:
    plan = wholes["aws"]
    [policy] = [
        document
        for document in policies.documents(plan, "aws")
        if document.where == "module.member.aws_iam_role_policy.this.policy"
    ]
    guards = {one for guard in GUARDS for one in guard_grants(plan, f"{guard}_guard")}
    assert set(grants([policy])) == guards


def test_only_enforce_grants_what_changes_anything(wholes: dict[str, Plan]) -> None:
    plan = wholes["aws"]
    for guard in GUARDS:
        enforce = guard_grants(plan, f"{guard}_guard")
        reading = {one for one in enforce if action(one)["access"] in ("List", "Read")}
        for mode in ("dry_run", "notify"):
            left_out = NEEDS_TO_WRITE.get(guard, {})
            assert set(left_out) <= reading, "no longer so"
            assert guard_grants(plan, f"{guard}_{mode}") == reading - set(left_out), (guard, mode)


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
    found = list(faults(Document("policy", "identity", text, "aws")))
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


@pytest.mark.parametrize(
    ("source", "called"),
    [
        ("client.put_role_policy(RoleName='a')", {"iam:PutRolePolicy"}),
        ("Action('iam', 'delete_role', {})", {"iam:DeleteRole"}),
        ("Undo('iam', 'create_role', {})", set()),
        ("undo: tuple[str] = ('delete_bucket_policy',)", set()),
        ("EVENTS = ['PutBucketPolicy']", set()),
        ("transport.call('ListPublicKeys')", {"cloudtrail:ListPublicKeys"}),
        ("s3.head_object(Key='a')", {"s3:GetObject"}),
        ("a = client('s3')\na.list_tags('b')", set()),
        ("a = client('lambda')\na.list_tags('b')", {"lambda:ListTags"}),
    ],
)  # fmt: skip
def test_calls_are_found_in_a_source(source: str, called: set[str]) -> None:
    assert calls_in(ast.parse(source)) == called


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
        where = f"{document.where} {statement.get('Sid', '')}".strip()
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


def needed(called: set[str]) -> set[str]:
    """What is called, and what depends on it."""
    found = set(called)
    for one in called:
        prefix, _, name = one.partition(":")
        found.update(services()[prefix]["actions"][name]["dependent"])
    return found


def guard_grants(plan: Plan, output: str) -> set[str]:
    """What a guard's policy allows."""
    text = plan.outputs[output]["policy_json"]
    return set(grants([Document(output, "identity", text, "aws")] if text else []))


def roles(plan: Plan) -> dict[str, set[str]]:
    """Each handler's module to what the role of the function that runs it may do."""
    documents = list(policies.documents(plan, "aws"))
    granted: dict[tuple[str, str], set[str]] = {}
    entries: dict[tuple[str, str], str] = {}
    for module, _, resource in policies.configured(plan):
        written = resource.get("expressions", {}).get("role", {}).get("references", [])
        role = next((one.split(".")[1] for one in written if one.startswith("aws_iam_role.")), "")
        name = f"{module}.{resource['address']}"
        key = module, role.split("[")[0]
        if resource["type"] == "aws_iam_role_policy":
            found = [d for d in documents if re.sub(r"\[.*\]", "", d.where) == f"{name}.policy"]
            granted.setdefault(key, set()).update(grants(found))
        elif resource["type"] == "aws_lambda_function":
            entries[key] = plan.resources[name]["values"]["handler"].rpartition(".")[0]
    return {entry: granted[key] for key, entry in entries.items()}
