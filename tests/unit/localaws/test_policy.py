"""Policy documents against requests: who, what, on what, under which conditions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localaws.iam.policy import (
    Decision,
    Effect,
    PolicyError,
    Principal,
    evaluate,
    strongest,
)

pytestmark = pytest.mark.unit

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/ops/deployer"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/deployer/ci"
USER = f"arn:aws:iam::{ACCOUNT}:user/ana"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:work"
RULE = f"arn:aws:events:us-east-1:{ACCOUNT}:rule/launches"

EVENTS = Principal.service("events.amazonaws.com")
DEPLOYER = Principal.aws(SESSION, ROLE, "AROAEXAMPLE:ci")
ANA = Principal.aws(USER)
PERSON = Principal.federated("accounts.example.com")
NOBODY = Principal.anonymous()


def statement(**parts: Any) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "sqs:SendMessage",
        "Resource": QUEUE,
    } | parts


def ask(
    *statements: dict[str, Any],
    principal: Principal = EVENTS,
    action: str = "sqs:SendMessage",
    resource: str = QUEUE,
    version: str | None = "2012-10-17",
    **context: Any,
) -> Decision:
    document: dict[str, Any] = {"Statement": list(statements)}
    if version:
        document["Version"] = version
    return evaluate(
        document,
        principal=principal,
        action=action,
        resource=resource,
        context={key.replace("__", ":"): value for key, value in context.items()},
    )


@pytest.mark.parametrize(
    ("element", "principal", "allowed"),
    [
        ("*", EVENTS, True),
        ("*", NOBODY, True),
        ({"AWS": "*"}, EVENTS, True),
        ({"AWS": "*"}, ANA, True),
        ({"AWS": ACCOUNT}, ANA, True),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, DEPLOYER, True),
        ({"AWS": "999999999999"}, ANA, False),
        ({"AWS": ACCOUNT}, EVENTS, False),
        ({"AWS": USER}, ANA, True),
        ({"AWS": [ROLE, USER]}, ANA, True),
        ({"AWS": ROLE}, DEPLOYER, True),
        ({"AWS": SESSION}, DEPLOYER, True),
        ({"AWS": SESSION.replace("/ci", "/other")}, DEPLOYER, False),
        ({"AWS": "AROAEXAMPLE:ci"}, DEPLOYER, True),
        # Only a lone "*" is a wildcard in a principal.
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:user/*"}, ANA, False),
        ({"Service": "events.amazonaws.com"}, EVENTS, True),
        ({"Service": ["sns.amazonaws.com", "events.amazonaws.com"]}, EVENTS, True),
        ({"Service": "sns.amazonaws.com"}, EVENTS, False),
        ({"Service": "events.amazonaws.com"}, ANA, False),
        ({"Federated": "accounts.example.com"}, PERSON, True),
        ({"Federated": "accounts.example.org"}, PERSON, False),
        ({"AWS": ACCOUNT, "Service": "events.amazonaws.com"}, EVENTS, True),
    ],
)
def test_principal(element: Any, principal: Principal, allowed: bool) -> None:
    assert ask(statement(Principal=element), principal=principal).allowed is allowed


@pytest.mark.parametrize(
    ("element", "principal", "denied"),
    [
        ({"AWS": [f"arn:aws:iam::{ACCOUNT}:root", USER]}, ANA, False),
        ({"AWS": USER}, ANA, True),  # the account is not spared
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, ANA, True),  # the user is not
        ({"AWS": [ACCOUNT, ROLE, SESSION]}, DEPLOYER, False),
        ({"AWS": [ACCOUNT, ROLE]}, DEPLOYER, True),
        ({"Service": "events.amazonaws.com"}, EVENTS, False),
        ({"Service": "sns.amazonaws.com"}, EVENTS, True),
        ({"AWS": USER}, EVENTS, True),
    ],
)
def test_not_principal_spares_who_is_listed(
    element: Any, principal: Principal, denied: bool
) -> None:
    deny = {k: v for k, v in statement(Effect="Deny").items() if k != "Principal"}
    decision = ask(statement(), deny | {"NotPrincipal": element}, principal=principal)
    assert decision.denied is denied


def test_an_account_as_principal_delegates_and_a_named_role_does_not() -> None:
    by_account = statement(Principal={"AWS": ACCOUNT})
    by_name = statement(Principal={"AWS": ROLE})
    assert ask(by_account, principal=DEPLOYER).delegated
    assert not ask(by_account, by_name, principal=DEPLOYER).delegated


@pytest.mark.parametrize(
    ("parts", "action", "allowed"),
    [
        ({"Action": "sqs:*"}, "sqs:SendMessage", True),
        ({"Action": "SQS:sendmessage"}, "sqs:SendMessage", True),
        ({"Action": "sqs:Send*"}, "sqs:SendMessage", True),
        ({"Action": "sqs:Send?essage"}, "sqs:SendMessage", True),
        ({"Action": "*"}, "sqs:SendMessage", True),
        ({"Action": ["sqs:ReceiveMessage", "sqs:SendMessage"]}, "sqs:SendMessage", True),
        ({"Action": "sqs:SendMessageBatch"}, "sqs:SendMessage", False),
        ({"Action": "sqs:Send"}, "sqs:SendMessage", False),
        ({"NotAction": "sqs:DeleteQueue"}, "sqs:SendMessage", True),
        ({"NotAction": ["sqs:*"]}, "sqs:SendMessage", False),
        ({}, "sqs:SendMessage", False),
    ],
)
def test_action(parts: dict[str, Any], action: str, allowed: bool) -> None:
    bare = {k: v for k, v in statement().items() if k != "Action"}
    assert ask(bare | parts, action=action).allowed is allowed


@pytest.mark.parametrize(
    ("parts", "resource", "allowed"),
    [
        ({"Resource": "*"}, QUEUE, True),
        ({"Resource": QUEUE}, QUEUE, True),
        ({"Resource": QUEUE.upper()}, QUEUE, False),
        ({"Resource": f"arn:aws:sqs:*:{ACCOUNT}:*"}, QUEUE, True),
        ({"Resource": f"arn:aws:sqs:us-east-?:{ACCOUNT}:work"}, QUEUE, True),
        # A wildcard stays in its part of the ARN ...
        ({"Resource": "arn:aws:sqs:*:work"}, QUEUE, False),
        # ... save in the last one, and an incomplete ARN is filled up.
        ({"Resource": "arn:aws:sqs:*"}, QUEUE, True),
        ({"Resource": "arn:aws:s3:::logs/*"}, "arn:aws:s3:::logs/a/b:c", True),
        ({"NotResource": QUEUE}, QUEUE, False),
        ({"NotResource": QUEUE}, QUEUE + "2", True),
        ({}, QUEUE, True),  # a role's trust policy has none
    ],
)
def test_resource(parts: dict[str, Any], resource: str, allowed: bool) -> None:
    bare = {k: v for k, v in statement().items() if k != "Resource"}
    assert ask(bare | parts, resource=resource).allowed is allowed


@pytest.mark.parametrize(
    ("resource", "context", "allowed"),
    [
        ("arn:aws:s3:::home/${aws:username}/*", {"aws__username": "ana"}, True),
        ("arn:aws:s3:::home/${AWS:UserName}/*", {"aws__username": "ana"}, True),
        ("arn:aws:s3:::home/${aws:username}/*", {"aws__username": "*"}, False),
        ("arn:aws:s3:::home/${aws:username}/*", {}, False),
        ("arn:aws:s3:::home/${aws:username, 'ana'}/*", {}, True),
        ("arn:aws:s3:::home/${*}/*", {}, False),
    ],
)
def test_policy_variables_in_resources(
    resource: str, context: dict[str, Any], allowed: bool
) -> None:
    asked = statement(Action="s3:GetObject", Resource=resource)
    decision = ask(asked, action="s3:GetObject", resource="arn:aws:s3:::home/ana/notes", **context)
    assert decision.allowed is allowed


def test_a_version_without_variables_takes_them_literally() -> None:
    asked = statement(Resource="${aws:username}")
    assert not ask(asked, resource="ana", version="2008-10-17", aws__username="ana").allowed
    assert not ask(asked, resource="ana", version=None, aws__username="ana").allowed
    assert ask(asked, resource="ana", aws__username="ana").allowed


@pytest.mark.parametrize(
    ("condition", "context", "allowed"),
    [
        # Strings
        ({"StringEquals": {"aws:SourceAccount": ACCOUNT}}, {"aws__SourceAccount": ACCOUNT}, True),
        ({"StringEquals": {"AWS:sourceaccount": ACCOUNT}}, {"aws__SourceAccount": ACCOUNT}, True),
        ({"StringEquals": {"aws:SourceAccount": ACCOUNT}}, {}, False),
        ({"StringEquals": {"a:b": ["x", "y"]}}, {"a__b": "y"}, True),
        ({"StringEquals": {"a:b": "X"}}, {"a__b": "x"}, False),
        ({"StringEquals": {"a:b": "x*"}}, {"a__b": "xy"}, False),
        ({"StringNotEquals": {"a:b": ["x", "y"]}}, {"a__b": "y"}, False),
        ({"StringNotEquals": {"a:b": ["x", "y"]}}, {"a__b": "z"}, True),
        ({"StringNotEquals": {"a:b": "x"}}, {}, True),
        ({"StringEqualsIgnoreCase": {"a:b": "X"}}, {"a__b": "x"}, True),
        ({"StringNotEqualsIgnoreCase": {"a:b": "X"}}, {"a__b": "x"}, False),
        ({"StringLike": {"a:b": "x*z?"}}, {"a__b": "x--zz"}, True),
        ({"StringLike": {"a:b": "x.z"}}, {"a__b": "xyz"}, False),
        ({"StringNotLike": {"a:b": "x*"}}, {"a__b": "xyz"}, False),
        ({"StringEquals": {"a:b": "${a:c}"}}, {"a__b": "v", "a__c": "v"}, True),
        ({"StringLike": {"a:b": "${a:c}/*"}}, {"a__b": "v/1", "a__c": "v"}, True),
        ({"StringLike": {"a:b": "${a:c}"}}, {"a__b": "xyz", "a__c": "x*"}, False),
        ({"StringEquals": {"a:b": "${a:c}"}}, {"a__b": "v"}, False),
        # ARNs
        ({"ArnEquals": {"aws:SourceArn": RULE}}, {"aws__SourceArn": RULE}, True),
        ({"ArnEquals": {"aws:SourceArn": RULE + "2"}}, {"aws__SourceArn": RULE}, False),
        (
            {"ArnLike": {"aws:SourceArn": f"arn:aws:events:*:{ACCOUNT}:rule/*"}},
            {"aws__SourceArn": RULE},
            True,
        ),
        (
            {"ArnEquals": {"aws:SourceArn": "arn:aws:events:*:*:rule/l*"}},
            {"aws__SourceArn": RULE},
            True,
        ),
        (
            {"ArnLike": {"aws:SourceArn": "arn:aws:events:*:rule/*"}},
            {"aws__SourceArn": RULE},
            False,
        ),
        ({"ArnLike": {"aws:SourceArn": "arn:*:rule/launches"}}, {"aws__SourceArn": RULE}, False),
        ({"ArnNotEquals": {"aws:SourceArn": RULE}}, {"aws__SourceArn": RULE}, False),
        ({"ArnNotLike": {"aws:SourceArn": "arn:aws:sns:*"}}, {"aws__SourceArn": RULE}, True),
        # Bool, Null
        ({"Bool": {"aws:SecureTransport": "true"}}, {"aws__SecureTransport": "true"}, True),
        ({"Bool": {"aws:SecureTransport": True}}, {"aws__SecureTransport": "true"}, True),
        ({"Bool": {"aws:SecureTransport": "false"}}, {"aws__SecureTransport": "true"}, False),
        ({"Bool": {"aws:SecureTransport": "false"}}, {}, False),
        ({"Null": {"a:b": "true"}}, {}, True),
        ({"Null": {"a:b": "true"}}, {"a__b": "x"}, False),
        ({"Null": {"a:b": "false"}}, {"a__b": "x"}, True),
        ({"Null": {"a:b": False}}, {}, False),
        ({"Null": {"a:b": "true"}}, {"a__b": []}, True),
        # Numbers, dates
        ({"NumericEquals": {"a:b": "10"}}, {"a__b": "10.0"}, True),
        ({"NumericEquals": {"a:b": 10}}, {"a__b": "10"}, True),
        ({"NumericNotEquals": {"a:b": "10"}}, {"a__b": "11"}, True),
        ({"NumericLessThan": {"a:b": "10"}}, {"a__b": "9"}, True),
        ({"NumericLessThan": {"a:b": "10"}}, {"a__b": "10"}, False),
        ({"NumericLessThanEquals": {"a:b": "10"}}, {"a__b": "10"}, True),
        ({"NumericGreaterThan": {"a:b": "9"}}, {"a__b": "10"}, True),
        ({"NumericGreaterThanEquals": {"a:b": "10"}}, {"a__b": "10"}, True),
        ({"NumericEquals": {"a:b": "ten"}}, {"a__b": "10"}, False),
        (
            {"DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}},
            {"aws__CurrentTime": "2026-03-01T12:00:00+00:00"},
            True,
        ),
        (
            {"DateLessThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}},
            {"aws__CurrentTime": "2026-03-01T12:00:00Z"},
            False,
        ),
        (
            {"DateEquals": {"aws:CurrentTime": "2026-03-01"}},
            {"aws__CurrentTime": "2026-03-01T00:00:00Z"},
            True,
        ),
        ({"DateLessThanEquals": {"aws:EpochTime": "100"}}, {"aws__EpochTime": "100"}, True),
        ({"DateGreaterThanEquals": {"a:b": "yesterday"}}, {"a__b": "100"}, False),
        ({"DateNotEquals": {"a:b": "2026-03-01T00:00:00Z"}}, {"a__b": "2026-03-02"}, True),
        # Addresses
        ({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, {"aws__SourceIp": "203.0.113.7"}, True),
        ({"IpAddress": {"aws:SourceIp": "203.0.113.7"}}, {"aws__SourceIp": "203.0.113.7"}, True),
        ({"IpAddress": {"aws:SourceIp": "203.0.113.9/24"}}, {"aws__SourceIp": "203.0.113.7"}, True),
        ({"IpAddress": {"aws:SourceIp": "2001:db8::/32"}}, {"aws__SourceIp": "2001:db8::1"}, True),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, {"aws__SourceIp": "AWS Internal"}, False),
        ({"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, {"aws__SourceIp": "11.0.0.1"}, True),
        ({"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, {"aws__SourceIp": "10.0.0.1"}, False),
        ({"BinaryEquals": {"a:b": "QmluYXJ5"}}, {"a__b": "QmluYXJ5"}, True),
        # Many values
        ({"ForAllValues:StringEquals": {"a:b": ["x", "y"]}}, {"a__b": ["x", "y"]}, True),
        ({"ForAllValues:StringEquals": {"a:b": ["x", "y"]}}, {"a__b": ["x", "z"]}, False),
        ({"ForAllValues:StringEquals": {"a:b": ["x"]}}, {}, True),
        ({"ForAllValues:StringNotEquals": {"a:b": ["x"]}}, {"a__b": ["y", "z"]}, True),
        ({"ForAllValues:StringNotEquals": {"a:b": ["x"]}}, {"a__b": ["x", "z"]}, False),
        ({"ForAnyValue:StringEquals": {"a:b": ["x", "y"]}}, {"a__b": ["z", "y"]}, True),
        ({"ForAnyValue:StringEquals": {"a:b": ["x"]}}, {"a__b": ["z"]}, False),
        ({"ForAnyValue:StringEquals": {"a:b": ["x"]}}, {}, False),
        ({"ForAnyValue:StringNotEquals": {"a:b": ["x"]}}, {}, False),
        ({"ForAnyValue:StringNotEquals": {"a:b": ["x"]}}, {"a__b": ["x", "z"]}, True),
        ({"ForAnyValue:StringLike": {"a:b": "aws:*"}}, {"a__b": ["aws:sqs:arn"]}, True),
        # IfExists
        ({"StringEqualsIfExists": {"a:b": "x"}}, {}, True),
        ({"StringEqualsIfExists": {"a:b": "x"}}, {"a__b": "y"}, False),
        ({"ForAnyValue:StringEqualsIfExists": {"a:b": "x"}}, {}, True),
        ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}, {}, True),
        # All blocks and all keys must hold
        ({"StringEquals": {"a:b": "x", "a:c": "y"}}, {"a__b": "x", "a__c": "n"}, False),
        (
            {"StringEquals": {"a:b": "x"}, "Bool": {"a:c": "true"}},
            {"a__b": "x", "a__c": "true"},
            True,
        ),
        ({}, {}, True),
    ],
)
def test_condition(condition: Any, context: dict[str, Any], allowed: bool) -> None:
    assert ask(statement(Condition=condition), **context).allowed is allowed


def test_a_deny_beats_an_allow_and_says_which_statement_it_was() -> None:
    decision = ask(statement(), statement(Effect="Deny", Sid="OnlyTls"))
    assert (decision.effect, decision.sid, decision.index) == (Effect.DENY, "OnlyTls", 1)
    assert ask(statement()).sid == "statement 1"


def test_the_condition_that_was_not_met_is_named() -> None:
    decision = ask(
        statement(Condition={"ArnEquals": {"aws:SourceArn": RULE}}), aws__SourceArn=RULE + "2"
    )
    assert decision.effect is Effect.IMPLICIT
    assert decision.unmet == "ArnEquals aws:SourceArn"
    assert ask(statement(Principal={"Service": "sns.amazonaws.com"})).unmet is None


@pytest.mark.parametrize("policy", [None, "", {}, {"Statement": []}])
def test_no_policy_is_silent(policy: Any) -> None:
    decision = evaluate(policy, principal=ANA, action="a:b", resource="*", context={})
    assert decision == Decision(Effect.IMPLICIT)


def test_text_and_a_lone_statement_are_read() -> None:
    policy = json.dumps({"Statement": statement()})
    asked = {"principal": ANA, "action": "sqs:SendMessage", "resource": QUEUE, "context": {}}
    assert evaluate(policy, **asked).allowed  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("policy", "sentence"),
    [
        ("{", "not valid JSON"),
        ("[]", "a JSON object"),
        ({"Statement": ["x"]}, "holds JSON objects"),
        ({"Statement": statement(Effect="allow")}, '"Allow" or "Deny"'),
        ({"Statement": statement(Principal="ana")}, "a Principal is"),
        ({"Statement": statement(Condition={"StringIs": {"a:b": "c"}})}, "StringIs"),
        ({"Statement": statement(Condition={"StringEquals": "c"})}, "StringEquals"),
        ({"Statement": statement(Condition="c")}, "a Condition is"),
    ],
)
def test_what_is_no_policy_is_refused(policy: Any, sentence: str) -> None:
    with pytest.raises(PolicyError, match=sentence):
        evaluate(policy, principal=ANA, action="sqs:SendMessage", resource=QUEUE, context={})


def test_strongest_of_several_documents() -> None:
    allow = Decision(Effect.ALLOW)
    delegated = Decision(Effect.ALLOW, delegated=True)
    deny = Decision(Effect.DENY)
    silent = Decision(Effect.IMPLICIT, unmet="Bool a:b")
    assert strongest([silent, allow, deny]) is deny
    assert strongest([delegated, silent, allow]) is allow
    assert strongest([Decision(Effect.IMPLICIT), silent]) is silent
    assert strongest([]).effect is Effect.IMPLICIT
