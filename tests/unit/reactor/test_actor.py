"""Who made a call, for every kind of userIdentity."""

from __future__ import annotations

from typing import Any

import pytest
from reactor.actor import read_actor
from reactor.testing import role_session

from tests.unit.reactor.world import (
    ACCOUNT,
    ALICE,
    AUTO_SCALING,
    AUTO_SCALING_AS_ROOT,
    BOB_BY_SSO,
    DEPLOYER,
    KARPENTER,
    ROOT,
    SSO_ROLE,
)

pytestmark = pytest.mark.unit

_ORIGIN = {"type": "IAMUser", "userName": "alice", "arn": f"arn:aws:iam::{ACCOUNT}:user/alice"}
_FEDERATED = {
    "type": "FederatedUser",
    "principalId": f"{ACCOUNT}:carol",
    "arn": f"arn:aws:sts::{ACCOUNT}:federated-user/carol",
    "accountId": ACCOUNT,
    "sessionContext": {"sessionIssuer": _ORIGIN},
}
_WEB = {
    "type": "WebIdentityUser",
    "principalId": "accounts.google.com:app:1234",
    "userName": "1234",
    "identityProvider": "accounts.google.com",
}
_CENTER = {
    "type": "IdentityCenterUser",
    "accountId": ACCOUNT,
    "onBehalfOf": {"userId": "u-1", "identityStoreArn": "arn:aws:identitystore::1:identitystore/d"},
}


@pytest.mark.parametrize(
    ("identity", "kind", "owner", "human", "label"),
    [
        (ALICE, "iam_user", "alice", None, "alice (IAM user)"),
        ({**ALICE, "invokedBy": "signin.amazonaws.com"}, "iam_user", "alice", True, None),
        (ROOT, "root", "root", True, "the root user"),
        ({**ROOT, "invokedBy": "signin.amazonaws.com"}, "root", "root", True, "the root user"),
        (
            AUTO_SCALING_AS_ROOT,
            "service",
            "autoscaling.amazonaws.com",
            False,
            "autoscaling.amazonaws.com (AWS service)",
        ),
        (
            AUTO_SCALING,
            "service_linked_role",
            "AWSServiceRoleForAutoScaling",
            False,
            "AWSServiceRoleForAutoScaling (service-linked role) via autoscaling.amazonaws.com",
        ),
        (DEPLOYER, "role", "deploy/ci-42", None, "ci-42 (role deploy)"),
        (
            KARPENTER,
            "role",
            "karpenter/1700000000",
            None,
            "1700000000 (role karpenter) via ec2fleet.amazonaws.com",
        ),
        (
            BOB_BY_SSO,
            "sso_user",
            "bob@example.com",
            True,
            "bob@example.com (SSO, PowerUserAccess)",
        ),
        (role_session("web", "i-0123456789abcdef0"), "role", None, False, None),
        (
            {"type": "AWSService", "invokedBy": "spot.amazonaws.com"},
            "service",
            "spot.amazonaws.com",
            False,
            "spot.amazonaws.com (AWS service)",
        ),
        (_FEDERATED, "federated_user", "carol", None, "carol (federated user)"),
        (_WEB, "web_identity", "1234", None, "1234 (web identity)"),
        ({"type": "SAMLUser", "userName": "dave"}, "saml_user", "dave", True, None),
        (_CENTER, "identity_center_user", "u-1", True, None),
        (
            {"type": "AWSAccount", "principalId": "AIDAX", "accountId": "210987654321"},
            "account",
            "210987654321",
            None,
            "210987654321 (AWS account)",
        ),
        (None, "unknown", "unknown", None, "unknown (caller of unknown kind)"),
        ({}, "unknown", "unknown", None, None),
    ],
)
def test_kinds(
    identity: dict[str, Any] | None,
    kind: str,
    owner: str | None,
    human: bool | None,
    label: str | None,
) -> None:
    actor = read_actor(identity)
    assert actor.kind == kind
    assert actor.human is human
    assert owner is None or actor.owner == owner
    assert label is None or actor.label == label


def _session(role: str, session: str, path: str = "/", **fields: Any) -> dict[str, Any]:
    return role_session(role, session, path=path, **fields)


def _service(source: str, **fields: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The identity of a service event, and its record."""
    return (
        {"accountId": ACCOUNT, **fields},
        {"eventType": "AwsServiceEvent", "eventSource": f"{source}.amazonaws.com"},
    )


_API: dict[str, Any] = {"eventType": "AwsApiCall", "eventSource": "ec2.amazonaws.com"}
_SSO: dict[str, Any] = {"eventType": "AwsServiceEvent", "eventSource": "sso.amazonaws.com"}
_SIGN_IN: dict[str, Any] = {"eventType": "AwsConsoleSignIn", "eventSource": "signin.amazonaws.com"}
_DIRECTORY: dict[str, Any] = {
    "eventType": "AwsApiCall",
    "eventSource": "sso-directory.amazonaws.com",
}
_NO_ISSUER: dict[str, Any] = {"sessionContext": {"sessionIssuer": {}, "attributes": {}}}
_SSO_PATH = "/aws-reserved/sso.amazonaws.com/"
_STACKSETS = "AWSServiceRoleForCloudFormationStackSetsOrgMember"
_STACKSETS_PATH = "/aws-service-role/member.org.stacksets.cloudformation.amazonaws.com/"

# Identity, record, then by hand: kind, name, session, human, whether AWS acts by itself.
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
SHAPES: dict[str, tuple[Any, dict[str, Any], str, str, str, bool | None, bool]] = {
    "a user": (ALICE, _API, "iam_user", "alice", "", None, False),
    "a user's failed sign-in, without an ARN": (
        {"type": "IAMUser", "accountId": ACCOUNT, "userName": "alice", "principalId": "AIDAX"},
        _SIGN_IN,
        "iam_user",
        "alice",
        "",
        None,
        False,
    ),
    "a user whose name AWS hides": (
        {"type": "IAMUser", "accountId": ACCOUNT, "userName": "HIDDEN_DUE_TO_SECURITY_REASONS"},
        _SIGN_IN,
        "iam_user",
        "HIDDEN_DUE_TO_SECURITY_REASONS",
        "",
        None,
        False,
    ),
    "a user with a session token": (
        {**ALICE, "sessionContext": {"attributes": {"mfaAuthenticated": "true"}}},
        _API,
        "iam_user",
        "alice",
        "",
        None,
        False,
    ),
    "a user through CloudFormation": (
        {**ALICE, "invokedBy": "cloudformation.amazonaws.com"},
        _API,
        "iam_user",
        "alice",
        "",
        None,
        False,
    ),
    "a user in the console": (
        ALICE,
        {**_API, "sessionCredentialFromConsole": "true"},
        "iam_user",
        "alice",
        "",
        True,
        False,
    ),
    "root": (ROOT, _API, "root", "root", "", True, False),
    "root by its sign-in": (
        {**ROOT, "invokedBy": "signin.amazonaws.com"},
        _API,
        "root",
        "root",
        "",
        True,
        False,
    ),
    "root of a member, by AssumeRoot": (
        {**ROOT, "sessionContext": {"assumedRoot": "true", "attributes": {}}},
        _API,
        "root",
        "root",
        "",
        True,
        False,
    ),
    "Auto Scaling, as it was long ago": (
        AUTO_SCALING_AS_ROOT,
        _API,
        "service",
        "autoscaling.amazonaws.com",
        "",
        False,
        False,
    ),
    "a role": (DEPLOYER, _API, "role", "deploy", "ci-42", None, False),
    "a role without an issuer": (
        {**DEPLOYER, **_NO_ISSUER},
        _API,
        "role",
        "deploy",
        "ci-42",
        None,
        False,
    ),
    "a role without an ARN": (
        {"type": "AssumedRole", "principalId": "AROAX:ci-42", "accountId": ACCOUNT},
        _API,
        "role",
        "",
        "ci-42",
        None,
        False,
    ),
    "a role that is named, not assumed": (
        {"type": "Role", "arn": f"arn:aws:iam::{ACCOUNT}:role/ci/deploy", "principalId": "AROAX"},
        _API,
        "role",
        "deploy",
        "",
        None,
        False,
    ),
    "a role of GovCloud": (
        {"type": "AssumedRole", "arn": f"arn:aws-us-gov:sts::{ACCOUNT}:assumed-role/x/y"},
        _API,
        "role",
        "x",
        "y",
        None,
        False,
    ),
    "a role that AWS made for a service, as anybody may": (
        _session(
            "AWSBackupDefaultServiceRole",
            "AWSBackup",
            "/service-role/",
            invokedBy="backup.amazonaws.com",
        ),
        _API,
        "role",
        "AWSBackupDefaultServiceRole",
        "AWSBackup",
        None,
        False,
    ),
    "Control Tower's role, which an administrator may assume": (
        _session("AWSControlTowerExecution", "x", invokedBy="cloudformation.amazonaws.com"),
        _API,
        "role",
        "AWSControlTowerExecution",
        "x",
        None,
        False,
    ),
    "a stack set's role, which does what its template says": (
        _session("stacksets-exec-0123456789abcdef", "x", invokedBy="cloudformation.amazonaws.com"),
        _API,
        "role",
        "stacksets-exec-0123456789abcdef",
        "x",
        None,
        False,
    ),
    "stack sets by themselves": (
        _session(_STACKSETS, "x", _STACKSETS_PATH),
        _API,
        "service_linked_role",
        _STACKSETS,
        "x",
        False,
        True,
    ),
    "Identity Center provisions": (
        _session("AWSServiceRoleForSSO", "x", "/aws-service-role/sso.amazonaws.com/"),
        _API,
        "service_linked_role",
        "AWSServiceRoleForSSO",
        "x",
        False,
        True,
    ),
    "Auto Scaling": (
        AUTO_SCALING,
        _API,
        "service_linked_role",
        "AWSServiceRoleForAutoScaling",
        "AutoScaling",
        False,
        True,
    ),
    "a role with such a name": (
        _session("AWSServiceRoleForSSO", "x"),
        _API,
        "role",
        "AWSServiceRoleForSSO",
        "x",
        None,
        False,
    ),
    "a role with such a name and a service": (
        _session("AWSServiceRoleForAutoScaling", "x", invokedBy="cloudformation.amazonaws.com"),
        _API,
        "role",
        "AWSServiceRoleForAutoScaling",
        "x",
        None,
        False,
    ),
    "a role with such a name, without an issuer": (
        {**_session("AWSServiceRoleForSSO", "x"), **_NO_ISSUER},
        _API,
        "role",
        "AWSServiceRoleForSSO",
        "x",
        None,
        False,
    ),
    "a person by Identity Center": (
        BOB_BY_SSO,
        _API,
        "sso_user",
        SSO_ROLE,
        "bob@example.com",
        True,
        False,
    ),
    "a person by Identity Center, without an issuer": (
        {**BOB_BY_SSO, **_NO_ISSUER},
        _API,
        "sso_user",
        SSO_ROLE,
        "bob@example.com",
        True,
        False,
    ),
    "a role named as one of Identity Center": (
        _session(SSO_ROLE, "eve"),
        _API,
        "role",
        SSO_ROLE,
        "eve",
        None,
        False,
    ),
    "a path that only holds the reserved one": (
        _session(SSO_ROLE, "eve", f"/x{_SSO_PATH}"),
        _API,
        "role",
        SSO_ROLE,
        "eve",
        None,
        False,
    ),
    "an instance": (
        _session("web", "i-0123456789abcdef0"),
        _API,
        "role",
        "web",
        "i-0123456789abcdef0",
        False,
        False,
    ),
    "a pod": (
        _session("pod", "eks-prod-app-1"),
        _API,
        "role",
        "pod",
        "eks-prod-app-1",
        None,
        False,
    ),
    "a federated user": (_FEDERATED, _API, "federated_user", "carol", "", None, False),
    "a web identity": (_WEB, _API, "web_identity", "1234", "", None, False),
    "a workload of GitHub": (
        {
            "type": "WebIdentityUser",
            "principalId": "arn:aws:iam::1:oidc-provider/token.actions.githubusercontent.com:aud:s",
            "userName": "repo:acme/app:ref:refs/heads/main",
        },
        _API,
        "web_identity",
        "repo:acme/app:ref:refs/heads/main",
        "",
        None,
        False,
    ),
    "SAML": ({"type": "SAMLUser", "userName": "dave"}, _API, "saml_user", "dave", "", True, False),
    "a directory's user": (
        {"type": "Directory", "userName": "erin"},
        _API,
        "directory_user",
        "erin",
        "",
        True,
        False,
    ),
    "another account": (
        {"type": "AWSAccount", "principalId": "AROAX:x", "accountId": "210987654321"},
        _API,
        "account",
        "210987654321",
        "",
        None,
        False,
    ),
    "a service": (
        {"type": "AWSService", "invokedBy": "spot.amazonaws.com"},
        _API,
        "service",
        "spot.amazonaws.com",
        "",
        False,
        False,
    ),
    "a service event": (
        *_service("ec2", invokedBy="ec2.amazonaws.com"),
        "service",
        "ec2.amazonaws.com",
        "",
        False,
        False,
    ),
    "a service event of KMS, without more": (
        {**_service("kms")[0], "invokedBy": "AWS Internal"},
        _service("kms")[1],
        "service",
        "AWS Internal",
        "",
        False,
        False,
    ),
    "a service event with nothing but the account": (
        *_service("dms"),
        "service",
        "dms.amazonaws.com",
        "",
        False,
        False,
    ),
    "Identity Center: signed in": (
        {"type": "Unknown", "accountId": ACCOUNT, "principalId": ACCOUNT, "userName": "frank"},
        _SSO,
        "identity_center_user",
        "frank",
        "",
        True,
        False,
    ),
    "Identity Center: an id instead of a name": (
        _CENTER,
        _API,
        "identity_center_user",
        "u-1",
        "",
        True,
        False,
    ),
    "Identity Center: with a credential": (
        {
            "type": "IdentityCenterUser",
            "accountId": ACCOUNT,
            "credentialId": "c",
            "onBehalfOf": {"userId": "u-2", "identityStoreArn": "arn"},
        },
        _SIGN_IN,
        "identity_center_user",
        "u-2",
        "",
        True,
        False,
    ),
    "Identity Center: an unknown type on a user's behalf": (
        {"type": "Unknown", "onBehalfOf": {"userId": "u-3"}},
        _DIRECTORY,
        "identity_center_user",
        "u-3",
        "",
        True,
        False,
    ),
    "a guest of Cognito": (
        {"type": "Unknown"},
        {"eventType": "AwsApiCall", "eventSource": "cognito-identity.amazonaws.com"},
        "unknown",
        "",
        "",
        None,
        False,
    ),
    "anybody, who signed nothing": (
        {"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"},
        _API,
        "account",
        "ANONYMOUS_PRINCIPAL",
        "",
        None,
        False,
    ),
    "a type of tomorrow": (
        {"type": "Robot", "userName": "r2", "arn": f"arn:aws:iam::{ACCOUNT}:robot/r2"},
        _API,
        "unknown",
        "r2",
        "",
        None,
        False,
    ),
    "nothing": (None, {}, "unknown", "", "", None, False),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_that_were_checked_by_hand(shape: str) -> None:
    identity, record, kind, name, session, human, automation = SHAPES[shape]
    actor = read_actor(identity, record)
    assert (actor.kind, actor.name, actor.session) == (kind, name, session)
    assert (actor.human, actor.automation) == (human, automation)
    assert actor.label
    assert len(SHAPES) >= 40


def test_a_role_session_names_the_role_with_its_path() -> None:
    actor = read_actor(DEPLOYER)
    assert actor.principal_arn == f"arn:aws:iam::{ACCOUNT}:role/ci/deploy"
    assert actor.arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/ci-42"
    assert (actor.name, actor.session, actor.account) == ("deploy", "ci-42", ACCOUNT)
    assert actor.mfa is False


def test_a_session_without_issuer_is_read_from_its_own_arn() -> None:
    identity = role_session("deploy", "ci-42")
    identity["sessionContext"]["sessionIssuer"] = {}
    actor = read_actor(identity)
    assert (actor.kind, actor.name, actor.session) == ("role", "deploy", "ci-42")
    assert actor.principal_arn == actor.arn


def test_an_sso_session_without_issuer_is_still_its_person() -> None:
    identity = role_session(SSO_ROLE, "bob@example.com")
    identity["sessionContext"] = {}
    assert read_actor(identity).kind == "sso_user"
    assert read_actor({**identity, "type": "Unknown"}).owner == "bob@example.com"


def test_a_role_that_only_looks_like_sso_is_told_by_its_path() -> None:
    lookalike = role_session("MyAWSReservedSSO_Admin_0123456789abcdef", "eve")
    assert read_actor(lookalike).kind == "role"


def test_the_console_is_no_service() -> None:
    actor = read_actor({**DEPLOYER, "invokedBy": "signin.amazonaws.com"})
    assert (actor.service, actor.console, actor.human) == ("", True, True)


def test_a_session_tells_its_source_identity_and_its_provider() -> None:
    identity = role_session("deploy", "x")
    identity["sessionContext"]["sourceIdentity"] = "alice"
    identity["sessionContext"]["webIdFederationData"] = {
        "federatedProvider": "token.actions.githubusercontent.com"
    }
    actor = read_actor(identity)
    assert actor.source_identity == "alice"
    assert actor.identity_provider == "token.actions.githubusercontent.com"


def test_an_instance_role_is_a_machine() -> None:
    identity = role_session("web", "session")
    identity["sessionContext"]["ec2RoleDelivery"] = "2.0"
    assert read_actor(identity).human is False
