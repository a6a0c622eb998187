"""The thin modules on reaction: settings as the function reads them, policies by mode, patterns."""

from __future__ import annotations

import importlib
import json
import re
from dataclasses import dataclass
from typing import Any

import pytest
from reactor.patterns import EventPattern
from reactor.settings import Deployment, parse_settings

from tests.harness.local_aws import ACCOUNT, REGION, REPOSITORY
from tests.harness.plans import Plan, Planner
from tests.plan.calls import Called, assert_refused, call, readme_example

pytestmark = pytest.mark.plan

TOPIC = {"arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"}
GIVEN = {"powertools_layer_arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:powertools:7"}
RUNTIME = {"WriteOwnLog", "KeepFailedEvents", "KeepLedger", "PublishAlerts"}
SELECTORS = [{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}]


@dataclass(frozen=True)
class Thin:
    """A thin module: settings to give it, what they are in Python, and what enforce adds."""

    name: str
    settings: dict[str, Any]
    read: dict[str, Any]
    acting: dict[str, list[str]]
    own: set[str]
    event: tuple[str, str] | None

    @property
    def python(self) -> Any:
        return importlib.import_module(f"reactor.reactions.{self.name.replace('-', '_')}")


THIN = [
    Thin(
        "iam-role-guard",
        {
            "allowed_paths": ["/apps/*"],
            "allowed_providers": ["arn:*:saml-provider/corp"],
            "containment": "boundary",
            "forbid_admin": False,
            "forbidden_names": ["admin*"],
            "required_boundary": "arn:*:policy/b",
            "required_tags": ["owner"],
            "trusted_accounts": ["123456789012"],
        },
        {
            "allowed_paths": ("/apps/*",),
            "allowed_providers": ("arn:*:saml-provider/corp",),
            "containment": "boundary",
            "forbid_admin": False,
            "forbidden_names": ("admin*",),
            "required_boundary": "arn:*:policy/b",
            "required_tags": ("owner",),
            "trusted_accounts": ("123456789012",),
        },
        {
            "BoundRoles": ["iam:PutRolePermissionsBoundary"],
            "NeverItselfNorAws": [
                "iam:DeleteRole",
                "iam:DeleteRolePolicy",
                "iam:DetachRolePolicy",
                "iam:PutRolePermissionsBoundary",
                "iam:PutRolePolicy",
            ],
        },
        {
            "allowed_paths",
            "allowed_providers",
            "containment",
            "forbid_admin",
            "forbidden_names",
            "forbidden_policies",
            "required_boundary",
            "required_tags",
            "trusted_accounts",
        },
        ("iam", "CreateRole"),
    ),
    Thin(
        "bucket-baseline",
        {
            "encryption": "aws:kms",
            "encryption_key_arn": "arn:aws:kms:us-east-1:123456789012:key/1",
            "log_bucket": "logs",
            "log_prefix": "access/",
            "required_tags": {"team": "unknown"},
            "skip_buckets": ["*-site"],
        },
        {
            "encryption": "aws:kms",
            "kms_key_arn": "arn:aws:kms:us-east-1:123456789012:key/1",
            "log_bucket": "logs",
            "log_prefix": "access/",
            "tags": ("team=unknown",),
            "skip_buckets": ("*-site",),
        },
        {
            "SetTheBaseline": [
                "s3:PutBucketLogging",
                "s3:PutBucketOwnershipControls",
                "s3:PutBucketPolicy",
                "s3:PutBucketPublicAccessBlock",
                "s3:PutBucketTagging",
                "s3:PutBucketVersioning",
                "s3:PutEncryptionConfiguration",
            ]
        },
        {
            "block_public_access",
            "encryption",
            "encryption_key_arn",
            "log_bucket",
            "log_prefix",
            "ownership",
            "required_tags",
            "skip_buckets",
            "tls_only",
            "versioning",
        },
        ("s3", "CreateBucket"),
    ),
    Thin(
        "trail-guard",
        {
            "bucket": "logs",
            "event_selectors": json.dumps(SELECTORS),
            "key_prefix": "p",
            "trail_key_arn": "arn:k",
            "trails": ["main"],
        },
        {
            "bucket": "logs",
            "event_selectors": json.dumps(SELECTORS),
            "key_prefix": "p",
            "kms_key_arn": "arn:k",
            "trails": ("main",),
        },
        {
            "BringTrailsBack": [
                "cloudtrail:PutEventSelectors",
                "cloudtrail:StartLogging",
                "cloudtrail:UpdateTrail",
            ]
        },
        {
            "bucket",
            "event_selectors",
            "global_events",
            "key_prefix",
            "multi_region",
            "restore",
            "trail_key_arn",
            "trails",
            "validation",
        },
        ("cloudtrail", "StopLogging"),
    ),
    Thin(
        "security-group-guard",
        {"allowed_groups": ["bastion-*"], "allowed_ports": [22], "ports": [22, 3389]},
        {"allowed_groups": ("bastion-*",), "allowed_ports": (22,), "ports": (22, 3389)},
        {"RevokeRules": ["ec2:RevokeSecurityGroupIngress"]},
        {"allowed_groups", "allowed_ports", "ports"},
        ("ec2", "AuthorizeSecurityGroupIngress"),
    ),
    Thin(
        "notify",
        {
            "detection": "sg-open",
            "failures": True,
            "severity": "high",
            "summary": "{actor}: {reason}",
            "title": "open",
            "trusted_accounts": ["123456789012"],
            "window_seconds": 60,
        },
        {
            "detection": "sg-open",
            "failures": True,
            "severity": "high",
            "summary": "{actor}: {reason}",
            "title": "open",
            "trusted_accounts": ("123456789012",),
            "window_seconds": 60,
        },
        {},
        {
            "detection",
            "failures",
            "severity",
            "summary",
            "title",
            "trusted_accounts",
            "window_seconds",
        },
        None,
    ),
]
REACTIONS = [thin.name for thin in THIN if thin.name != "notify"] + ["ec2-launch-guard"]
MEMBER: dict[str, Any] = {
    "external_id": "shared",
    "hub_account_id": "111111111111",
    "hub_role_names": ["guard-*", "security/other"],
    "organization_id": "o-a1b2c3d4e5",
}
each = pytest.mark.parametrize("thin", THIN, ids=[thin.name for thin in THIN])


# What each way of containment needs beyond the look that all of them take.
CONTAINING: dict[str, dict[str, list[str]]] = {
    "none": {},
    "deny_policy": {"DenyRoles": ["iam:PutRolePolicy"]},
    "delete": {
        "LookAtInstanceProfiles": ["iam:ListInstanceProfilesForRole"],
        "LeaveInstanceProfiles": ["iam:RemoveRoleFromInstanceProfile"],
        "DeleteRoles": ["iam:DeleteRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy"],
    },
}


@pytest.fixture(scope="session")
def planned(tf: Planner) -> Plan:
    """One plan with each module at its least and in enforce with its settings."""
    parts = []
    for thin in THIN:
        label = thin.name.replace("-", "_")
        parts.append(call(thin.name, {"name": thin.name, **GIVEN}, f"{label}_least"))
        enforced = {"name": "g", "mode": "enforce", "alert_topic": TOPIC, **GIVEN, **thin.settings}
        parts.append(call(thin.name, enforced, f"{label}_enforce"))
    for way in CONTAINING:
        enforced = {
            "name": "g",
            "mode": "enforce",
            "containment": way,
            "alert_topic": TOPIC,
            **GIVEN,
        }
        parts.append(call("iam-role-guard", enforced, f"contain_{way}"))
    parts.append(call("reaction-member-role", {**MEMBER, "reactions": REACTIONS}, "member"))
    looking = {**MEMBER, "reactions": REACTIONS, "may_act": False, "name": "looking"}
    parts.append(call("reaction-member-role", looking, "looking"))
    return tf.plan("".join(parts))


def one(plan: Plan, name: str, kind: str) -> dict[str, Any]:
    return Called(plan, name).one(kind)


def shown(plan: Plan, name: str) -> dict[str, Any]:
    return Called(plan, name).shown


def label(thin: Thin, case: str) -> str:
    return f"{thin.name.replace('-', '_')}_{case}"


def statements(plan: Plan, thin: Thin, case: str) -> dict[str, dict[str, Any]]:
    policy = json.loads(one(plan, label(thin, case), "aws_iam_role_policy")["policy"])
    return {s["Sid"]: s for s in policy["Statement"] if s["Sid"] not in RUNTIME}


def declared(kind: str, module: str) -> set[str]:
    folder = REPOSITORY / "modules" / module
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.tf")))
    return set(re.findall(rf'^{kind} "(\w+)"', text, re.MULTILINE))


@each
def test_the_function_reads_the_settings_as_they_were_meant(planned: Plan, thin: Thin) -> None:
    for case, expected in (("least", {}), ("enforce", thin.read)):
        function = one(planned, label(thin, case), "aws_lambda_function")
        environment = function["environment"][0]["variables"]
        deployment = Deployment.from_environment(environment, "x")
        settings = parse_settings(thin.python.Settings, deployment.settings)
        assert settings == thin.python.Settings(**expected)
        assert deployment.mode == ("dry_run" if case == "least" else "enforce")
        module, _, name = function["handler"].rpartition(".")
        assert (module, name) == (thin.python.__name__, "handler")


@each
def test_only_enforce_may_act_and_only_as_it_must(planned: Plan, thin: Thin) -> None:
    looking, acting = (statements(planned, thin, case) for case in ("least", "enforce"))
    assert all(
        re.match(r"\w+:(Get|List|Describe)", a) for s in looking.values() for a in s["Action"]
    )
    added = {sid: s["Action"] for sid, s in acting.items() if not sid.startswith("LookAt")}
    assert added == thin.acting


@pytest.mark.parametrize("way", CONTAINING)
def test_a_containment_needs_no_more_than_it_does(planned: Plan, way: str) -> None:
    policy = json.loads(one(planned, f"contain_{way}", "aws_iam_role_policy")["policy"])
    common = {*RUNTIME, "LookAtRoles", "LookAtPolicies"}
    found = {s["Sid"]: s["Action"] for s in policy["Statement"] if s["Sid"] not in common}
    assert ("NeverItselfNorAws" in found) is (way != "none")
    found.pop("NeverItselfNorAws", None)
    assert found == CONTAINING[way]


@each
def test_everything_that_reaction_takes_and_gives_is_taken_and_given(thin: Thin) -> None:
    decided = {
        "description",
        "environment",
        "handler",
        "policy_json",
        "reactor_layer_arn",
        "settings",
    }
    taken = (declared("variable", "reaction") - decided) | thin.own
    assert declared("variable", thin.name) == taken
    more = {"event_pattern"} if thin.event else set()
    more |= {"scp_json"} if thin.name == "iam-role-guard" else set()
    assert declared("output", thin.name) == declared("output", "reaction") | more


@each
def test_its_pattern_takes_calls_but_not_its_own(planned: Plan, thin: Thin) -> None:
    if thin.event is None:
        return
    source, name = thin.event
    pattern = EventPattern(shown(planned, label(thin, "least"))["event_pattern"])
    assert {*thin.python.CALLS} == set(
        json.loads(shown(planned, label(thin, "least"))["event_pattern"])["detail"]["eventName"]
    )
    detail: dict[str, Any] = {
        "eventSource": f"{source}.amazonaws.com",
        "eventName": name,
        "userIdentity": {"type": "IAMUser"},
    }
    event = {
        "source": f"aws.{source}",
        "detail-type": "AWS API Call via CloudTrail",
        "detail": detail,
    }
    assert pattern.matches(event)
    assert not pattern.matches(event | {"source": "mine"})
    assert not pattern.matches(event | {"detail": {**detail, "errorCode": "AccessDenied"}})
    if name == "AuthorizeSecurityGroupIngress":
        return  # it never makes such a call
    own = f"arn:aws:iam::{ACCOUNT}:role/{thin.name}-{REGION}"
    for arn, matches in ((own, False), (own + "x", True)):
        who = {"type": "AssumedRole", "sessionContext": {"sessionIssuer": {"arn": arn}}}
        assert pattern.matches(event | {"detail": {**detail, "userIdentity": who}}) is matches


def test_the_scp_says_what_calls_can_tell(planned: Plan) -> None:
    outputs = shown(planned, "iam_role_guard_enforce")
    policy = json.loads(outputs["scp_json"])
    by_sid = {s["Sid"]: s for s in policy["Statement"]}
    assert {sid.rstrip("0123456789abcdef") for sid in by_sid} == {
        "ForbiddenNames",
        "AllowedPaths",
        "ForbiddenPolicies",
        "RequiredBoundary",
        "KeptBoundary",
        "RequiredTag",
    }
    assert by_sid["ForbiddenNames"]["Resource"] == [
        "arn:*:iam::*:role/admin*",
        "arn:*:iam::*:role/*/admin*",
    ]
    for statement in policy["Statement"]:
        assert statement["Effect"] == "Deny"
        spared = statement["Condition"]["ArnNotLike"]["aws:PrincipalArn"]
        assert spared[-1].endswith(f":role/g-{REGION}")


def test_the_member_role_grants_what_the_modules_grant_at_home(planned: Plan) -> None:
    def granted(name: str) -> set[str]:
        policy = json.loads(one(planned, name, "aws_iam_role_policy")["policy"])
        return {action for s in policy["Statement"] for action in s["Action"]}

    looking = {
        action
        for thin in THIN
        for s in statements(planned, thin, "least").values()
        for action in s["Action"]
    }
    acting = {
        action
        for thin in THIN
        for sid, s in statements(planned, thin, "enforce").items()
        if sid != "NeverItselfNorAws"
        for action in s["Action"]
    }
    ec2 = {"ec2:DescribeInstances", "ec2:DescribeInstanceTypes", "ec2:DescribeVolumes"}
    assert granted("looking") == looking | ec2
    assert granted("member") == acting | looking | ec2 | {"ec2:CreateTags", "ec2:StopInstances"}


def test_the_member_role_trusts_the_hubs_reactions_alone(planned: Plan) -> None:
    role = one(planned, "member", "aws_iam_role")
    (statement,) = json.loads(role["assume_role_policy"])["Statement"]
    assert statement["Principal"] == {"AWS": "arn:aws:iam::111111111111:root"}
    assert statement["Condition"] == {
        "ArnLike": {
            "aws:PrincipalArn": [
                "arn:aws:iam::111111111111:role/guard-*",
                "arn:aws:iam::111111111111:role/security/other",
            ]
        },
        "StringEquals": {"sts:ExternalId": "shared", "aws:PrincipalOrgID": "o-a1b2c3d4e5"},
    }


def test_what_is_wrong_with_a_member_role_is_refused(tf: Planner) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"external_id": "a"}, "external_id must be 2 to 1224 letters"),
        ({"hub_account_id": "1"}, "hub_account_id must be an account id of twelve digits."),
        ({"hub_role_names": ["*"]}, "* alone would admit every role of the hub."),
        ({"organization_id": "acme"}, "organization_id must be the id of an organization"),
        ({"reactions": ["iam-rol-guard"]}, "for a reaction of your own give policy_json."),
        ({"path": "security"}, "path must start and end with a slash"),
        ({"tag_prefix": "*"}, "as ec2-launch-guard's."),
    ]
    assert_refused(
        tf,
        "reaction-member-role",
        [({**MEMBER, **case}, told) for case, told in cases],
    )


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("iam-role-guard", {"containment": "jail"}, "containment must be none, deny_policy"),
    ("iam-role-guard", {"trusted_accounts": ["1"]}, "trusted_accounts may hold account ids"),
    ("bucket-baseline", {"encryption": "kms"}, "encryption must be AES256, aws:kms or none."),
    ("bucket-baseline", {"required_tags": {"aws:a": "b"}}, 'a key that starts with "aws:"'),
    ("trail-guard", {"trails": []}, "trails must hold names of trails"),
    ("trail-guard", {"event_selectors": "{"}, "is not the JSON of a list of event selectors"),
    ("security-group-guard", {"ports": []}, "ports must hold at least one whole number"),
    ("security-group-guard", {"allowed_ports": [70000]}, "allowed_ports may hold whole numbers"),
    ("notify", {"severity": "urgent"}, "severity must be info, low, medium, high or critical."),
    ("notify", {"window_seconds": -1}, "window_seconds must be a whole number from 0 to 86400."),
    ("notify", {"title": ""}, "title must be 1 to 70 characters"),
]


# Seen by two variables together, which Terraform looks at when each by itself is right.
CONTRADICTING: list[tuple[str, dict[str, Any], str]] = [
    ("iam-role-guard", {"mode": "enforce"}, "Alerts would reach nobody: give alert_topic"),
    ("notify", {"mode": "notify"}, "Alerts would reach nobody: give alert_topic"),
    ("bucket-baseline", {"encryption_key_arn": "a"}, "is of use with encryption ="),
]


@pytest.mark.parametrize("wrong", [WRONG, CONTRADICTING], ids=["alone", "together"])
def test_what_is_wrong_is_refused_with_a_sentence(
    tf: Planner, wrong: list[tuple[str, dict[str, Any], str]]
) -> None:
    parts = [
        call(module, {"name": "g", **GIVEN, **settings}, f"case_{number}")
        for number, (module, settings, _) in enumerate(wrong)
    ]
    errors = tf.plan_error("".join(parts))
    for _, _, told in wrong:
        assert told in errors
    assert len(errors.splitlines()) == len(wrong), errors


@pytest.mark.parametrize("module", [thin.name for thin in THIN])
def test_the_readmes_example_is_planned(tf: Planner, module: str) -> None:
    given = """
module "alert_topic" {
  source = "${modules}/alert-topic"
  name   = "alerts"
}
"""
    if module == "trail-guard":
        given += """
module "log_bucket" {
  source     = "${modules}/log-bucket"
  name       = "logs-of-the-readme"
  trail_name = "main"
}

module "trail" {
  source     = "${modules}/trail"
  name       = "main"
  log_bucket = module.log_bucket
}
"""
    plan = tf.plan(given + readme_example(module))
    assert len(plan.of_type("aws_cloudwatch_event_rule")) == 1
