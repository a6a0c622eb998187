"""Calls of the reaction itself, which it must not react to."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from reactor.shapes import dig, text

if TYPE_CHECKING:
    from reactor.event import Event
    from reactor.run import InvocationContext
    from reactor.settings import Deployment

# The role may write there to the reaction's own table, topic, bus, schedules and findings alone.
_ENGINE = frozenset(
    f"{name}.amazonaws.com"
    for name in ("dynamodb", "events", "kms", "scheduler", "securityhub", "sns", "sqs")
)


def is_own(
    event: Event, invocation: InvocationContext, calls: Mapping[str, Collection[str]] | None
) -> bool:
    """True if the function itself made a call, at home or through its member role.

    `calls` are those that the reaction is for.

    Account, role and session say that it may be so. Somebody else may have assumed the role,
    under the same name; so the call must be one that the ledger has, by its request's id. What
    the engine reads, and what it writes for itself, is not written down: nobody gains by it.
    """
    if not may_be_own(event, invocation.deployment):
        return False
    if calls is None or event.read_only or event.source in _ENGINE:
        return True
    if invocation.ledger is None:
        return True
    return bool(invocation.ledger().recall("call", event.request_id))


def may_be_own(event: Event, deployment: Deployment) -> bool:
    """True if account, role with its path, session and, where told, function are the own ones.

    Lambda names the sessions of a function's role as the function.
    """
    who = event.actor
    if who.kind != "role":
        return False
    function = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")
    # https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
    issued = text(dig(event.detail, "userIdentity", "inScopeOf", "credentialsIssuedTo"))
    if deployment.role_arn and not (issued and not issued.endswith(f":function:{function}")):
        account, name = deployment.role_arn.split(":")[4], deployment.role_arn.rpartition("/")[2]
        if (
            who.issuer in (deployment.role_arn, "")
            and (who.account, who.name) == (account, name)
            and (not function or who.session == function)
        ):
            return True
    if not deployment.member_role:
        return False
    role, name = deployment.member_role, deployment.member_role.rpartition("/")[2]
    return (
        (not who.issuer or who.issuer.endswith(f":{event.account}:role/{role}"))
        and (who.account, who.name) == (event.account, name)
        and who.session == deployment.session_name
    )
