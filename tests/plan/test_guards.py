"""The guards: settings as the function reads them, policies by mode, patterns, the member role."""

from __future__ import annotations

import importlib
import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest
from reactor.detections import decisions
from reactor.patterns import EventPattern
from reactor.reactions import notify
from reactor.settings import Deployment, parse_settings

from tests.harness.local_aws import ACCOUNT, REGION, REPOSITORY
from tests.harness.plans import Plan, Planner
from tests.plan.calls import Called, Raw, assert_refused, call, react, readme_example

pytestmark = pytest.mark.plan

TOPIC = {"arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"}
OWN_STATEMENT = {
    "Sid": "Own",
    "Effect": "Allow",
    "Action": "s3:GetObject",
    "Resource": ["arn:{{partition}}:x:{{region}}:{{account_id}}:y", "{{role_arn}}"],
}
OWN = {"policy_json": json.dumps({"Statement": OWN_STATEMENT})}
GIVEN = {
    "powertools_layer_arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:powertools:7",
    "public_powertools_layer": False,
}
RUNTIME = {
    "WriteOwnLog", "KeepFailedEvents", "KeepLedger", "PublishAlerts", "ScheduleLater",
    "LetSchedulesStart",
}  # fmt: skip
SELECTORS = [{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}]

BASELINE = [
    "s3:PutBucketLogging",
    "s3:PutBucketOwnershipControls",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketTagging",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
]


@dataclass(frozen=True)
class Guard:
    """A guard's module: settings to give it, what they are in Python, and what enforce adds."""

    name: str
    settings: dict[str, Any]
    read: dict[str, Any]
    acting: dict[str, list[str]]
    own: set[str]
    event: tuple[str, str] | None

    @property
    def python(self) -> Any:
        return importlib.import_module(f"reactor.reactions.{self.name.replace('-', '_')}")


GUARDS = [
    Guard(
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
            "trusted_organizations": ["o-abcdefghij"],
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
            "trusted_organizations": ("o-abcdefghij",),
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
            "trusted_organizations",
        },
        ("iam", "CreateRole"),
    ),
    Guard(
        "bucket-baseline",
        {
            "encryption": "aws:kms",
            "key_accounts": ["210987654321"],
            "kms_key_arn": "arn:aws:kms:us-east-1:123456789012:key/1",
            "log_bucket": "logs",
            "log_prefix": "access/",
            "required_tags": {"team": "unknown"},
            "skip_buckets": ["*-site"],
        },
        {
            "encryption": "aws:kms",
            "key_accounts": ("210987654321",),
            "kms_key_arn": "arn:aws:kms:us-east-1:123456789012:key/1",
            "log_bucket": "logs",
            "log_prefix": "access/",
            "tags": ("team=unknown",),
            "skip_buckets": ("*-site",),
        },
        {
            "SetTheBaseline": BASELINE,
            "LeaveSkippedBucketsAlone": BASELINE,
        },
        {
            "block_public_access",
            "encryption",
            "key_accounts",
            "kms_key_arn",
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
    Guard(
        "trail-guard",
        {
            "bucket": "logs",
            "event_selectors": json.dumps(SELECTORS),
            "key_prefix": "p",
            "kms_key_arn": "arn:aws:kms:us-east-1:123456789012:key/1",
            "organization": True,
            "trails": ["main"],
        },
        {
            "bucket": "logs",
            "event_selectors": json.dumps(SELECTORS),
            "key_prefix": "p",
            "kms_key_arn": "arn:aws:kms:us-east-1:123456789012:key/1",
            "organization": True,
            "trails": ("main",),
        },
        {
            "BringTrailsBack": [
                "cloudtrail:PutEventSelectors",
                "cloudtrail:StartLogging",
                "cloudtrail:UpdateTrail",
            ],
            "AskTheOrganization": ["organizations:ListAWSServiceAccessForOrganization"],
            "UseTheServiceLinkedRole": ["iam:CreateServiceLinkedRole", "iam:GetRole"],
        },
        {
            "bucket",
            "event_selectors",
            "global_events",
            "key_prefix",
            "multi_region",
            "organization",
            "restore",
            "kms_key_arn",
            "trails",
            "validation",
        },
        ("cloudtrail", "StopLogging"),
    ),
    Guard(
        "security-group-guard",
        {
            "allowed_groups": ["bastion-*"],
            "allowed_ports": [22],
            "ports": [22, 3389],
            "world_prefix": 10,
        },
        {
            "allowed_groups": ("bastion-*",),
            "allowed_ports": (22,),
            "ports": (22, 3389),
            "world_prefix": 10,
        },
        {"RevokeRules": ["ec2:RevokeSecurityGroupIngress"]},
        {"allowed_groups", "allowed_ports", "ports", "world_prefix"},
        ("ec2", "AuthorizeSecurityGroupIngress"),
    ),
    Guard(
        "notify",
        {
            "detection": "sg-open",
            "event_pattern": '{"source": ["aws.iam"]}',
            "failures": True,
            "severity": "high",
            "summary": "{actor}: {reason}",
            "title": "open",
            "trusted_accounts": ["123456789012"],
            "trusted_organizations": ["o-a1b2c3d4e5"],
            "window_seconds": 60,
        },
        {
            "detection": "sg-open",
            "failures": True,
            "severity": "high",
            "summary": "{actor}: {reason}",
            "title": "open",
            "trusted_accounts": ("123456789012",),
            "trusted_organizations": ("o-a1b2c3d4e5",),
            "window_seconds": 60,
        },
        {},
        {
            "detection",
            "event_pattern",
            "failures",
            "severity",
            "summary",
            "title",
            "trusted_accounts",
            "trusted_organizations",
            "window_seconds",
        },
        None,
    ),
]
MEMBER: dict[str, Any] = {
    "external_id": "shared",
    "hub_account_id": "111111111111",
    "hub_role_names": ["guard-*", "security/other"],
    "organization_id": "o-a1b2c3d4e5",
}
# What every guard puts out; reaction takes it.
OUTPUTS = {
    "actions_per_hour", "alerts", "description", "event_pattern", "handler", "mode", "policy_json",
    "settings",
}  # fmt: skip
each = pytest.mark.parametrize("guard", GUARDS, ids=[guard.name for guard in GUARDS])


MUCH = {
    "forbidden_names": ["admin*"],
    "required_boundary": "arn:*:iam::*:policy/developer-boundary",
    "required_tags": ["owner", "team", "cost-center", "environment", "service"],
}
EXEMPT: dict[str, Any] = {
    "exempt_accounts": {"210987654321": "2098-01-01"},
    "exempt_principals": {
        f"arn:aws:iam::*:role/team-{number}-deployment": "2097-06-30" for number in range(8)
    },
    "exempt_role_paths": {"/ci/": "2097-06-30"},
    "iac_principals": ["arn:aws:iam::*:role/terraform-*"],
    "member_role": {"name": "member", "path": "/security/", "external_id": "shared"},
}


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
    """One plan with each guard and its reaction, at its least and in enforce with its settings."""
    parts = []
    for guard in GUARDS:
        parts.append(react(guard.name, {}, {**GIVEN, "name": guard.name}, label(guard, "least")))
        enforced = {"mode": "enforce", **guard.settings}
        more = {**GIVEN, "alert_topic": TOPIC}
        parts.append(react(guard.name, enforced, more, label(guard, "enforce")))
    for way in CONTAINING:
        enforced = {"mode": "enforce", "containment": way}
        more = {**GIVEN, "alert_topic": TOPIC}
        parts.append(react("iam-role-guard", enforced, more, f"contain_{way}"))
    launches = {"mode": "enforce", "stop_flagged": True, "alert_on_accelerators": True}
    parts.append(call("ec2-launch-guard", launches, "launches"))
    for case, beside in (("enforce", {"launches": Raw("module.launches")}), ("least", {})):
        given = {
            "guards": {
                guard.name: Raw(f"module.{label(guard, case)}_guard") for guard in GUARDS
            } | beside,
            "name": case,
        }  # fmt: skip
        parts.append(call("reaction-member-role", {**MEMBER, **given}, f"member_{case}"))
    parts.append(call("reaction-member-role", {**MEMBER, "guards": {"own": OWN}}, "member_own"))
    for way in ("deny_policy", "delete"):
        given = {"guards": {"roles": Raw(f"module.contain_{way}_guard")}, "name": way}
        parts.append(call("reaction-member-role", {**MEMBER, **given}, f"member_{way}"))
    parts.append(call("ec2-launch-guard", {"mode": "enforce"}, "tagging"))
    given = {"guards": {"launches": Raw("module.tagging")}, "name": "tagging"}
    parts.append(call("reaction-member-role", {**MEMBER, **given}, "member_tagging"))
    for case, settings in (("trails_any", {}), ("trails_own", {"organization": False})):
        parts.append(call("trail-guard", {"mode": "enforce", **settings}, f"{case}_guard"))
    parts.append(react("iam-role-guard", MUCH, {**GIVEN, **EXEMPT}, "exempting"))
    return tf.plan("".join(parts))


def one(plan: Plan, name: str, kind: str) -> dict[str, Any]:
    """The only one of a kind, the role aside that starts the reaction later."""
    found = Called(plan, name).of_type(kind)
    (values,) = (v for address, v in found.items() if ".schedule[" not in address)
    return values


def shown(plan: Plan, name: str) -> dict[str, Any]:
    return Called(plan, name).shown


def label(guard: Guard, case: str) -> str:
    return f"{guard.name.replace('-', '_')}_{case}"


def statements(plan: Plan, guard: Guard, case: str) -> dict[str, dict[str, Any]]:
    policy = json.loads(one(plan, label(guard, case), "aws_iam_role_policy")["policy"])
    return {s["Sid"]: s for s in policy["Statement"] if s["Sid"] not in RUNTIME}


def declared(kind: str, module: str) -> set[str]:
    folder = REPOSITORY / "modules" / module
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.tf")))
    return set(re.findall(rf'^{kind} "(\w+)"', text, re.MULTILINE))


@each
def test_the_function_reads_the_settings_as_they_were_meant(planned: Plan, guard: Guard) -> None:
    for case, expected in (("least", {}), ("enforce", guard.read)):
        function = one(planned, label(guard, case), "aws_lambda_function")
        environment = function["environment"][0]["variables"]
        deployment = Deployment.from_environment(environment, "x")
        settings = parse_settings(guard.python.Settings, deployment.settings)
        assert settings == guard.python.Settings(**expected)
        assert deployment.mode == ("dry_run" if case == "least" else "enforce")
        module, _, name = function["handler"].rpartition(".")
        assert (module, name) == (guard.python.__name__, "handler")


@each
def test_only_enforce_may_act_and_only_as_it_must(planned: Plan, guard: Guard) -> None:
    looking, acting = (statements(planned, guard, case) for case in ("least", "enforce"))
    assert all(
        re.match(r"\w+:(Get|List|Describe)", a) for s in looking.values() for a in s["Action"]
    )
    added = {sid: s["Action"] for sid, s in acting.items() if not sid.startswith("LookAt")}
    assert added == guard.acting


@pytest.mark.parametrize("way", CONTAINING)
def test_a_containment_needs_no_more_than_it_does(planned: Plan, way: str) -> None:
    policy = json.loads(one(planned, f"contain_{way}", "aws_iam_role_policy")["policy"])
    common = {*RUNTIME, "LookAtRoles", "LookAtPolicies"}
    found = {s["Sid"]: s["Action"] for s in policy["Statement"] if s["Sid"] not in common}
    assert ("NeverItselfNorAws" in found) is (way != "none")
    found.pop("NeverItselfNorAws", None)
    assert found == CONTAINING[way]


@each
def test_a_guard_has_its_settings_and_its_mode(guard: Guard) -> None:
    assert declared("variable", guard.name) == guard.own | {"mode"}


def test_guards_make_nothing_and_put_out_what_a_reaction_takes() -> None:
    """No resource, no lookup: nothing of a guard waits for a provider or a depends_on."""
    for name in (*[guard.name for guard in GUARDS], "ec2-launch-guard"):
        folder = REPOSITORY / "modules" / name
        text = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.tf"))
        assert re.findall(r"^(resource|data|module) ", text, re.MULTILINE) == []
        assert declared("output", name) - {"scp_json"} == OUTPUTS


@each
def test_its_pattern_takes_calls_but_not_its_own(planned: Plan, guard: Guard) -> None:
    if guard.event is None:
        given = shown(planned, label(guard, "enforce"))["rule"]["pattern"]
        assert given == guard.settings["event_pattern"]
        assert shown(planned, label(guard, "least"))["rule"]["pattern"] is None
        return
    source, name = guard.event
    text = shown(planned, label(guard, "least"))["rule"]["pattern"]
    pattern = EventPattern(text)
    assert {*guard.python.handler.calls[f"{source}.amazonaws.com"]} == set(
        json.loads(text)["detail"]["eventName"]
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
    acts = {action.partition(":")[2] for sid in guard.acting.values() for action in sid}
    if not acts & set(json.loads(text)["detail"]["eventName"]):
        return  # it never makes such a call
    role = f"{guard.name}-{REGION}"
    # Somebody else's function, or a person, in the same role is not the guard.
    for session, matches in ((guard.name, False), ("evil", True), (f"{guard.name}x", True)):
        arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{session}"
        issuer = {"sessionIssuer": {"arn": f"arn:aws:iam::{ACCOUNT}:role/{role}"}}
        who = {"type": "AssumedRole", "arn": arn, "sessionContext": issuer}
        assert pattern.matches(event | {"detail": {**detail, "userIdentity": who}}) is matches


def scps(outputs: dict[str, Any]) -> list[dict[str, Any]]:
    """The statements of the service control policies, each of which fits."""
    policies = outputs["service_control_policies"].values()
    assert all(len(policy) <= 5120 for policy in policies)
    return [s for policy in policies for s in json.loads(policy)["Statement"]]


def test_the_scp_has_the_rules_that_a_call_can_tell(planned: Plan) -> None:
    by_sid = {s["Sid"]: s for s in scps(shown(planned, "iam_role_guard_enforce"))}
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
    for statement in by_sid.values():
        assert statement["Effect"] == "Deny"
        spared = statement["Condition"]["ArnNotLike"]["aws:PrincipalArn"]
        assert spared[-1].endswith(f":role/guard-{REGION}")
    assert by_sid["ForbiddenPolicies"]["Condition"]["ArnLike"] == {
        "iam:PolicyARN": [
            "arn:*:iam::aws:policy/AdministratorAccess",
            "arn:*:iam::aws:policy/IAMFullAccess",
        ]
    }
    assert by_sid["RequiredBoundary"]["Condition"]["ArnNotLike"]["iam:PermissionsBoundary"] == [
        "arn:*:policy/b"
    ]
    assert shown(planned, "trail_guard_enforce")["service_control_policies"] == {}


@each
def test_the_member_role_grants_what_the_home_role_does(planned: Plan, guard: Guard) -> None:
    """The same statements, of its own account and any Region, and itself in place of home."""
    member = f"arn:aws:iam::{ACCOUNT}:role/"
    for case in ("least", "enforce"):
        granted = json.loads(one(planned, f"member_{case}", "aws_iam_role_policy")["policy"])
        text = json.dumps(list(statements(planned, guard, case).values()))
        name = guard.name if case == "least" else "guard"
        text = text.replace(f"{member}{name}-{REGION}", f"{member}{case}")
        for expected in json.loads(text.replace(f":{REGION}:", ":*:")):
            expected.pop("Sid")
            assert expected in granted["Statement"]


def test_the_member_role_has_nothing_beside(planned: Plan) -> None:
    for case, more in (("least", 0), ("enforce", 3)):
        granted = json.loads(one(planned, f"member_{case}", "aws_iam_role_policy")["policy"])
        of_guards = sum(len(statements(planned, guard, case)) for guard in GUARDS)
        assert len(granted["Statement"]) == of_guards + more
    own = json.loads(one(planned, "member_own", "aws_iam_role_policy")["policy"])
    (statement,) = own["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": [
            f"arn:aws:x:*:{ACCOUNT}:y",
            f"arn:aws:iam::{ACCOUNT}:role/cloudtrail-reactor-member",
        ],
    }


def test_the_member_role_trusts_the_hubs_reactions_alone(planned: Plan) -> None:
    role = one(planned, "member_enforce", "aws_iam_role")
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


def test_wrong_member_roles_are_refused(tf: Planner) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"external_id": "a"}, "external_id must be 2 to 1224 letters"),
        ({"hub_account_id": "1"}, "hub_account_id must be an account id of twelve digits."),
        ({"hub_role_names": ["*"]}, "* alone would admit every role of the hub."),
        ({"organization_id": "acme"}, "organization_id must be the id of an organization"),
        ({"guards": {}}, "name at least one, as in { launches = m"),
        ({"guards": {"own": {"policy_json": None}}}, "name at least one, as in { launches = m"),
        ({"guards": {"own": {"policy_json": "{}"}}}, "of a guard is not an IAM policy document"),
        (
            {"guards": {"own": {"policy_json": '{"Statement": {"Effect": "{{account}}"}}'}}},
            "policy_json of a guard has a placeholder that is not filled in",
        ),
        ({"path": "security"}, "path must start and end with a slash"),
    ]
    assert_refused(
        tf,
        "reaction-member-role",
        [({**MEMBER, "guards": {"own": OWN}, **case}, told) for case, told in cases],
    )


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("iam-role-guard", {"containment": "jail"}, "containment must be none, deny_policy"),
    ("iam-role-guard", {"trusted_accounts": ["1"]}, "trusted_accounts may hold account ids"),
    ("bucket-baseline", {"encryption": "kms"}, "encryption must be AES256, aws:kms or none."),
    ("bucket-baseline", {"key_accounts": ["1"]}, "key_accounts may hold ids of accounts only"),
    ("bucket-baseline", {"required_tags": {"aws:a": "b"}}, 'a key that starts with "aws:"'),
    ("trail-guard", {"trails": []}, "trails must hold names of trails"),
    ("trail-guard", {"event_selectors": "{"}, "is not the JSON of a list of event selectors"),
    ("security-group-guard", {"ports": []}, "ports must hold at least one whole number"),
    ("security-group-guard", {"allowed_ports": [70000]}, "allowed_ports may hold whole numbers"),
    ("security-group-guard", {"world_prefix": 0}, "world_prefix must be a whole number from 1"),
    ("iam-role-guard", {"allowed_paths": ["/a/", "apps/*"]}, "no role's path is like apps/*."),
    ("iam-role-guard", {"allowed_paths": ["apps"]}, "no role's path is like apps."),
    ("iam-role-guard", {"forbidden_policies": ["Admin"]}, "no policy's ARN is like Admin."),
    ("iam-role-guard", {"required_boundary": "b"}, "required_boundary must be the ARN of a policy"),
    ("notify", {"detection": "sg-opn"}, "detection must be the id of an entry whose decision"),
    ("notify", {"detection": "root-login"}, "detection must be the id of an entry whose decision"),
    *(
        ("notify", {"summary": bad}, "summary may hold {account}, {actor}, {event}, {ip}, {reason}")
        for bad in ("{actr} called", "{actor called", "{actor!r}", "{} called", "{time:%H} x", "}")
    ),
    ("notify", {"trusted_accounts": ["1"]}, "trusted_accounts must hold account ids of twelve"),
    ("notify", {"severity": "urgent"}, "severity must be info, low, medium, high or critical."),
    ("notify", {"trusted_organizations": ["acme"]}, "trusted_organizations must hold ids of"),
    ("notify", {"window_seconds": -1}, "window_seconds must be a whole number from 0 to 86400."),
    ("notify", {"title": ""}, "title must be 1 to 70 characters"),
    ("notify", {"event_pattern": "[]"}, "event_pattern is not a JSON object: give it as"),
    *((guard.name, {"mode": "on"}, "mode must be dry_run, notify or enforce") for guard in GUARDS),
]


# Seen by two variables together, which Terraform looks at when each by itself is right.
CONTRADICTING: list[tuple[str, dict[str, Any], str]] = [
    (
        "bucket-baseline",
        {"kms_key_arn": "arn:aws:kms:us-east-1:123456789012:key/1"},
        "is of use with encryption =",
    ),
]


@pytest.mark.parametrize("mode", ["notify", "enforce"])
def test_alerts_that_would_reach_nobody_are_refused(tf: Planner, mode: str) -> None:
    said = tf.plan_error(
        "".join(
            react(guard.name, {"mode": mode}, {"name": guard.name}, label(guard, mode))
            for guard in GUARDS
        )
    )
    for guard, alerts in {
        "iam-role-guard": "roles that break a rule",
        "bucket-baseline": "buckets below the baseline",
        "trail-guard": "trails that are stopped, changed or deleted",
        "security-group-guard": "rules that open risky ports to the world",
        "notify": "whatever it is told of",
    }.items():
        assert (
            f"The alerts of {guard} would reach nobody: in mode {mode} its guard alerts on "
            f"{alerts}. Give alert_topic, or leave the guard's mode at dry_run."
        ) in said
    assert len(said.splitlines()) == len(GUARDS)


@pytest.mark.parametrize("wrong", [WRONG, CONTRADICTING], ids=["alone", "together"])
def test_wrong_settings_are_refused_with_a_sentence(
    tf: Planner, wrong: list[tuple[str, dict[str, Any], str]]
) -> None:
    parts = [
        call(module, settings, f"case_{number}")
        for number, (module, settings, _) in enumerate(wrong)
    ]
    errors = tf.plan_error("".join(parts))
    for told, number in Counter(told for _, _, told in wrong).items():
        assert errors.count(told) == number
    assert len(errors.splitlines()) == len(wrong), errors


def test_only_an_organizations_trail_needs_the_organization(planned: Plan) -> None:
    """The actions that UpdateTrail, StartLogging and PutEventSelectors depend on there."""
    asked = {"AskTheOrganization", "UseTheServiceLinkedRole"}
    for case, expected in (("trails_any", asked), ("trails_own", set())):
        granted = json.loads(shown(planned, f"{case}_guard")["policy_json"])["Statement"]
        by_sid = {s["Sid"]: s for s in granted}
        assert by_sid.keys() & asked == expected
        if expected:
            assert by_sid["UseTheServiceLinkedRole"]["Resource"] == [
                "arn:{{partition}}:iam::{{account_id}}:role/aws-service-role/"
                "cloudtrail.amazonaws.com/AWSServiceRoleForCloudTrail"
            ]


def test_its_role_cant_change_skipped_buckets(planned: Plan) -> None:
    guard = next(guard for guard in GUARDS if guard.name == "bucket-baseline")
    denied = statements(planned, guard, "enforce")["LeaveSkippedBucketsAlone"]
    assert (denied["Effect"], denied["Resource"]) == ("Deny", ["arn:aws:s3:::*-site"])
    member = json.loads(one(planned, "member_enforce", "aws_iam_role_policy")["policy"])
    assert {k: v for k, v in denied.items() if k != "Sid"} in member["Statement"]


def test_no_role_of_a_guard_can_change_itself_or_the_entrances_of_aws(planned: Plan) -> None:
    """At home and in a member account, with every containment that writes to roles."""
    roles = f"arn:aws:iam::{ACCOUNT}:role/"
    entrances = {
        f"{roles}aws-reserved/*",
        f"{roles}aws-service-role/*",
        f"{roles}AWSControlTower*",
        f"{roles}OrganizationAccountAccessRole",
        f"{roles}aws-controltower-*",
        f"{roles}service-role/AWSControlTower*",
    }
    for way in ("deny_policy", "delete"):
        for name, own in ((f"contain_{way}", f"guard-{REGION}"), (f"member_{way}", way)):
            policy = json.loads(one(planned, name, "aws_iam_role_policy")["policy"])
            (denied,) = [s for s in policy["Statement"] if s["Effect"] == "Deny"]
            assert {*denied["Resource"]} == {f"{roles}{own}", *entrances}
            written = [
                action
                for s in policy["Statement"]
                if s["Effect"] == "Allow"
                for action in s["Action"]
                if re.match("iam:(Put|Delete|Detach)", action)
            ]
            assert written
            assert {*written} <= {*denied["Action"]}


def test_a_member_role_contains_as_the_hub_does_by_default(planned: Plan) -> None:
    policy = json.loads(one(planned, "member_deny_policy", "aws_iam_role_policy")["policy"])
    allowed = [s for s in policy["Statement"] if s["Effect"] == "Allow"]
    assert {
        "Effect": "Allow",
        "Action": ["iam:PutRolePolicy"],
        "Resource": [f"arn:aws:iam::{ACCOUNT}:role/*"],
    } in allowed


def test_a_member_role_may_stop_instances_only_where_the_guard_does(planned: Plan) -> None:
    for name, expected in (("member_enforce", True), ("member_tagging", False)):
        policy = one(planned, name, "aws_iam_role_policy")["policy"]
        assert "ec2:CreateTags" in policy
        assert ("ec2:StopInstances" in policy) is expected


def test_an_scp_spares_the_guard_everywhere_and_exemptions_end(planned: Plan) -> None:
    """Also with 8 principals and 5 tags: 10,003 characters in one policy, which AWS refuses."""
    outputs = shown(planned, "exempting")
    assert len(outputs["service_control_policies"]) > 1
    found = scps(outputs)
    for_good = [
        "arn:aws:iam::*:role/terraform-*",
        f"arn:aws:iam::{ACCOUNT}:role/guard-{REGION}",
        "arn:aws:iam::*:role/security/member",
    ]
    path, account = "arn:*:iam::*:role/ci/*", "arn:*:iam::210987654321:*"
    principals = [f"arn:aws:iam::*:role/team-{number}-deployment" for number in range(8)]
    rules = {s["Sid"] for s in found if "DateGreaterThan" not in s["Condition"]}
    assert len([sid for sid in rules if sid.startswith("RequiredTag")]) == 5
    for sid in rules:
        spared = {
            s["Condition"].get("DateGreaterThan", {}).get("aws:CurrentTime", ""): s["Condition"][
                "ArnNotLike"
            ]["aws:PrincipalArn"]
            for s in found
            if re.fullmatch(f"{sid}(Since[0-9]{{8}})?", s["Sid"])
        }
        assert spared == {
            "": [*sorted([account, path, *principals]), *for_good],
            "2097-06-30T23:59:59Z": [account, *for_good],
            "2098-01-01T23:59:59Z": for_good,
        }
    # What a statement asks beside stays in each of them.
    bounds = [s for s in found if s["Sid"].startswith("RequiredBoundary")]
    assert len(bounds) == 3
    assert all("iam:PermissionsBoundary" in s["Condition"]["ArnNotLike"] for s in bounds)


@pytest.mark.parametrize(
    "module", [*(guard.name for guard in GUARDS), "ec2-launch-guard", "reaction-member-role"]
)
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
    if module == "reaction-member-role":
        given = ""
    plan = tf.plan(given + readme_example(module))
    assert plan.warnings == ()
    if module != "reaction-member-role":
        assert len(plan.of_type("aws_cloudwatch_event_rule")) == 1


def test_the_plan_knows_the_words_of_a_summary_and_the_decisions_as_the_function_does() -> None:
    text = (REPOSITORY / "modules" / "notify" / "main.tf").read_text(encoding="utf-8")
    (words,) = re.findall(r"_words = (\[.+\])", text)
    entries = (REPOSITORY / "modules" / "detections" / "catalogue").glob("*.json")

    assert tuple(json.loads(words)) == notify._WORDS
    assert {e.stem for e in entries if json.loads(e.read_text())["decision"]} == {*decisions()}
