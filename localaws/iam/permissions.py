"""What an identity may do, from the policies that the emulated IAM holds for it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from localaws.iam.policy import (
    ContextValue,
    Decision,
    Effect,
    PolicyError,
    Principal,
    evaluate,
    strongest,
)
from localaws.wire.clients import InProcessClients
from localaws.wire.identity import Identity

Context = Mapping[str, ContextValue]
Document = Mapping[str, Any] | str


@dataclass(frozen=True, slots=True)
class Held:
    """The policies of a user or role, its boundary if it has one, and its tags."""

    documents: tuple[Document, ...]
    boundary: Document | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


class Permissions:
    """Identity policies by their holder, read once and kept until IAM changes (`forget`).

    The root user may do anything; an identity that is gone, nothing. A session's own policies
    (`limit_session`) narrow what its role or user may.
    """

    def __init__(self, aws: InProcessClients) -> None:
        self._aws = aws
        self._held: dict[tuple[str, str], Held | None] = {}
        self._sessions: dict[str, tuple[Document, ...]] = {}
        self._generation = 0
        self._lock = threading.Lock()

    def forget(self) -> None:
        """IAM has changed: read all policies anew."""
        with self._lock:
            self._held.clear()
            self._generation += 1

    def reset(self) -> None:
        self.forget()
        with self._lock:
            self._sessions.clear()

    def limit_session(self, access_key: str, documents: tuple[Document, ...]) -> None:
        """What AssumeRole's Policy and PolicyArns (their ARNs) say of the session with a key."""
        with self._lock:
            self._sessions[access_key] = documents

    def held(self, identity: Identity) -> Held | None:
        """What the identity holds, or None where there is no such user or role (blocking)."""
        key = (identity.account, str(identity.user_name or identity.issuer_name))
        key = (key[0], f"{identity.type}/{key[1]}")
        with self._lock:
            if key in self._held:
                return self._held[key]
            generation = self._generation
        held = _read(self._aws, identity)
        with self._lock:
            if generation == self._generation:
                self._held[key] = held
        return held

    def mention(self, identity: Identity, text: str) -> bool:
        """Whether any of the identity's policies holds that (lower-case) text."""
        held = None if identity.type == "Root" else self.held(identity)
        if held is None:
            return False
        documents = [*held.documents, *self._session(identity)]
        if held.boundary is not None:
            documents.append(held.boundary)
        return any(text in json.dumps(d).lower() for d in documents)

    def decide(self, identity: Identity, action: str, resource: str, context: Context) -> Decision:
        """What the caller's own policies say: identity policies within boundary and session.

        Resource policies are not asked: inside one account the identity's own Allow is enough.
        """
        if identity.type == "Root":
            return Decision(Effect.ALLOW)
        held = self.held(identity)
        if held is None:
            return Decision(Effect.IMPLICIT)
        return _decide(held, self._session(identity), identity, action, resource, context)

    def role_may(self, role_arn: str, action: str, resource: str) -> bool:
        """Whether a role's own policies let a service do the action in its name."""
        return self.decide(_role(role_arn), action, resource, {}).allowed

    def _session(self, identity: Identity) -> tuple[Document, ...]:
        with self._lock:
            limits = self._sessions.get(identity.access_key or "", ())
        iam = self._aws.client("iam", identity.account, "us-east-1") if limits else None
        return tuple(
            managed_policy(iam, d) if isinstance(d, str) and d.startswith("arn:") else d
            for d in limits
        )


def role_allows(aws: InProcessClients, role_arn: str, action: str, resource: str) -> bool:
    """Whether a role's own policies let AWS do the action in its name."""
    role = _role(role_arn)
    held = _read(aws, role)
    return held is not None and _decide(held, (), role, action, resource, {}).allowed


def _role(arn: str) -> Identity:
    return Identity(
        type="AssumedRole",
        account=arn.split(":")[4],
        issuer_arn=arn,
        issuer_name=arn.rpartition("/")[2],
    )


def _decide(
    held: Held,
    session: tuple[Document, ...],
    identity: Identity,
    action: str,
    resource: str,
    context: Context,
) -> Decision:
    caller = Principal.aws(*filter(None, (identity.arn, identity.issuer_arn)))

    def answer(document: Document) -> Decision:
        try:
            return evaluate(
                document, principal=caller, action=action, resource=resource, context=context
            )
        except PolicyError:
            # The emulated IAM took a document that AWS's would not: it allows nothing.
            return Decision(Effect.IMPLICIT)

    decision = strongest(answer(d) for d in held.documents)
    limits = []
    if held.boundary is not None:
        limits.append(answer(held.boundary))
    if session:
        limits.append(strongest(answer(d) for d in session))
    for limit in limits:
        if limit.denied or (decision.allowed and not limit.allowed):
            decision = limit
    return decision


def _read(aws: InProcessClients, identity: Identity) -> Held | None:
    iam = aws.client("iam", identity.account, "us-east-1")
    try:
        if identity.type == "IAMUser":
            documents = tuple(_user_documents(iam, str(identity.user_name)))
            holder = iam.get_user(UserName=identity.user_name)["User"]
        else:
            documents = tuple(_documents(iam, "role", "RoleName", str(identity.issuer_name)))
            holder = iam.get_role(RoleName=identity.issuer_name)["Role"]
        boundary = holder.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        return Held(
            documents,
            managed_policy(iam, boundary) if boundary else None,
            {t["Key"]: t["Value"] for t in holder.get("Tags") or ()},
        )
    except ClientError:
        return None


def _user_documents(iam: Any, name: str) -> Iterator[Document]:
    yield from _documents(iam, "user", "UserName", name)
    for group in iam.list_groups_for_user(UserName=name)["Groups"]:
        yield from _documents(iam, "group", "GroupName", group["GroupName"])


def _documents(iam: Any, kind: str, parameter: str, name: str) -> Iterator[Document]:
    holder = {parameter: name}
    for page in iam.get_paginator(f"list_{kind}_policies").paginate(**holder):
        for policy in page["PolicyNames"]:
            get = getattr(iam, f"get_{kind}_policy")
            yield get(**holder, PolicyName=policy)["PolicyDocument"]
    for page in iam.get_paginator(f"list_attached_{kind}_policies").paginate(**holder):
        for attached in page["AttachedPolicies"]:
            yield managed_policy(iam, attached["PolicyArn"])


def managed_policy(iam: Any, arn: str) -> Document:
    """The default version of a managed policy, as boto3 gives it."""
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document: Document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"][
        "Document"
    ]
    return document
