"""The `userIdentity` element.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
"""

from __future__ import annotations

from typing import Any

from localaws.cloudtrail.recorder.dates import iso_seconds
from localaws.wire.identity import Identity


def user_identity(identity: Identity) -> dict[str, Any]:
    """Who called, as CloudTrail writes it; a member that is not known is left out.

    A role session has `sessionContext` with its `sessionIssuer`; a user or root has one only while
    it acts with temporary credentials (`session_created`). An AWS service that acts by itself is
    just `type` and `invokedBy`.
    """
    if identity.type == "AWSService":
        return {"type": "AWSService", "invokedBy": identity.invoked_by or "AWS Internal"}
    if identity.type == "WebIdentityUser":
        return _web_identity(identity)
    element: dict[str, Any] = {"type": identity.type}
    _put(element, "principalId", identity.principal_id or _principal(identity))
    _put(element, "arn", identity.arn)
    element["accountId"] = identity.account
    _put(element, "accessKeyId", identity.access_key)
    if identity.type == "IAMUser":
        _put(element, "userName", identity.user_name)
    context = _session_context(identity)
    if context:
        element["sessionContext"] = context
    _put(element, "invokedBy", identity.invoked_by)
    return element


def _principal(identity: Identity) -> str | None:
    return identity.account if identity.type == "Root" else None


def _web_identity(identity: Identity) -> dict[str, Any]:
    element: dict[str, Any] = {"type": "WebIdentityUser"}
    _put(element, "principalId", identity.principal_id)
    _put(element, "userName", identity.user_name)
    _put(element, "identityProvider", identity.web_identity_provider)
    return element


def _session_context(identity: Identity) -> dict[str, Any] | None:
    context: dict[str, Any] = {}
    if identity.issuer_arn is not None:
        issuer: dict[str, Any] = {"type": "Role" if ":role/" in identity.issuer_arn else "IAMUser"}
        _put(issuer, "principalId", identity.issuer_id)
        issuer["arn"] = identity.issuer_arn
        issuer["accountId"] = _account_of(identity.issuer_arn) or identity.account
        _put(issuer, "userName", identity.issuer_name)
        context["sessionIssuer"] = issuer
    if identity.web_identity_provider is not None:
        context["webIdFederationData"] = {
            "federatedProvider": identity.web_identity_provider,
            "attributes": dict(identity.web_identity_attributes),
        }
    if identity.session_created is not None:
        context["attributes"] = {
            "creationDate": iso_seconds(identity.session_created),
            "mfaAuthenticated": "true" if identity.mfa else "false",
        }
    return context or None


def _account_of(arn: str) -> str | None:
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == 6 else None


def _put(element: dict[str, Any], name: str, value: str | None) -> None:
    if value is not None:
        element[name] = value
