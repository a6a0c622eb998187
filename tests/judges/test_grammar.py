"""tests/judges/grammar.py, against documents that AWS has answered."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.judges.facts import Fact, facts, filled
from tests.judges.grammar import Kind, refusal

pytestmark = pytest.mark.unit

RECORDED = [fact for name, fact in facts().items() if name.startswith("iam-document-")]
ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::logs/*"}
ASSUMED = {"Effect": "Allow", "Action": "sts:AssumeRole"}
EVENTS = {"Service": "events.amazonaws.com"}
SID = "Statement IDs (SID) must be alpha-numeric."
STS = "AssumeRole policy may only specify STS AssumeRole actions."


@pytest.mark.parametrize("fact", RECORDED, ids=[fact.id for fact in RECORDED])
def test_it_says_what_aws_said(fact: Fact) -> None:
    document = filled(fact.parameters["PolicyDocument"], {"u": ""})
    assert refusal(document) == fact.answer.get("message")


def test_both_kinds_of_answers_are_recorded() -> None:
    refused = [fact for fact in RECORDED if "error" in fact.answer]
    assert len(refused) >= 78
    assert len(RECORDED) - len(refused) >= 40


def said(kind: Kind, *statements: dict[str, Any], version: str = "2012-10-17") -> str | None:
    return refusal(json.dumps({"Version": version, "Statement": list(statements)}), kind)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (ALLOW | {"Sid": "ReadLogs1"}, None),
        (ALLOW | {"Sid": "Read_logs"}, SID),
        (ALLOW | {"Principal": "*"}, "Policy document should not specify a principal."),
        (ALLOW | {"Resource": "arn:aws-cn:s3:::logs/*"}, None),
        (ALLOW | {"Resource": "arn:aws-us-gov:iam::123456789012:role/path/*"}, None),
        (ALLOW | {"Resource": "arn:aws:iam::123456789012:*/*"}, "IAM resource path must"),
        (ALLOW | {"Resource": "arn:aws:iam::*:*"}, None),
        (ALLOW | {"Resource": "arn:aws:s3:eu-west-1:123456789012:job/*"}, None),
        (ALLOW | {"Condition": {"NumericLessThan": {"aws:MultiFactorAuthAge": 3600}}}, None),
        (ALLOW | {"Condition": {"StringLikes": {"aws:x": "a"}}}, "Syntax errors"),
        (ALLOW | {"Condition": {"stringlike": {"aws:x": "a"}}}, "Syntax errors"),
        (ALLOW | {"Condition": {"NullIfExists": {"aws:x": "true"}}}, "Syntax errors"),
        (ALLOW | {"Condition": {"DateGreaterThan": {"aws:CurrentTime": "2027-02-30"}}}, None),
        (ALLOW | {"Condition": {"DateGreaterThan": {"aws:CurrentTime": "2027-13-01"}}}, "The pol"),
        (ALLOW | {"Condition": {"DateLessThan": {"aws:EpochTime": "1893456000"}}}, None),
        (ALLOW | {"Action": ["s3:GetObject", 1]}, "Syntax errors"),
        (ALLOW | {"Action": "s3*:GetObject"}, "Vendor s3* is not valid"),
    ],
)
def test_identity_policies(statement: dict[str, Any], words: str | None) -> None:
    found = said("identity", statement)
    assert found is None if words is None else (found or "").startswith(words), found


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (ASSUMED | {"Principal": EVENTS}, None),
        (ASSUMED | {"Principal": {"AWS": "*"}}, None),
        (
            ASSUMED | {"Principal": {"AWS": ["123456789012", "arn:aws:iam::123456789012:root"]}},
            None,
        ),
        (ASSUMED | {"Principal": EVENTS, "Action": ["sts:AssumeRole", "sts:TagSession"]}, None),
        (ASSUMED, "Missing required field Principal"),
        (ASSUMED | {"Principal": "*"}, 'Invalid principal in policy: "STAR":"*"'),
        (ASSUMED | {"Principal": {"AWS": "me"}}, 'Invalid principal in policy: "AWS":"me"'),
        (
            ASSUMED | {"Principal": {"AWS": "arn:aws:iam::123:role/x"}},
            "Invalid principal in policy",
        ),
        (ASSUMED | {"Principal": {"Service": "events"}}, "Invalid principal in policy"),
        (ASSUMED | {"Principal": {"Services": "events.amazonaws.com"}}, "Syntax errors"),
        (ASSUMED | {"Principal": EVENTS, "Resource": "*"}, "Has prohibited field Resource"),
        (ASSUMED | {"Principal": EVENTS, "Action": "s3:GetObject"}, STS),
    ],
)
def test_trust_policies(statement: dict[str, Any], words: str | None) -> None:
    found = said("trust", statement)
    assert found is None if words is None else (found or "").startswith(words), found


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (ALLOW | {"Principal": "*", "Sid": "Everybody's logs"}, None),
        (ALLOW | {"Principal": EVENTS}, None),
        (ALLOW, "Missing required field Principal"),
        (ALLOW | {"Principal": "everybody"}, "Invalid principal in policy"),
        (
            {"Effect": "Deny", "Principal": "*", "Action": "s3:*"},
            "Policy statement must contain res",
        ),
    ],
)
def test_resource_policies(statement: dict[str, Any], words: str | None) -> None:
    found = said("resource", statement)
    assert found is None if words is None else (found or "").startswith(words), found


def test_old_versions_are_for_all_but_identities() -> None:
    old = "2008-10-17"
    assert said("trust", ASSUMED | {"Principal": EVENTS}, version=old) is None
    assert said("resource", ALLOW | {"Principal": EVENTS}, version=old) is None
    assert said("identity", ALLOW, version=old) is not None
    assert refusal("{", "trust") == "This policy contains invalid Json"
