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


def test_what_the_session_says_of_its_source() -> None:
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
