"""Who is behind an access key, learnt from the calls that gave the key out."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from localaws.wire.clients import InProcessClients
from localaws.wire.identity import Identity


class Identities:
    """Access keys and the identities that hold them; `session` knows those of the emulator."""

    def __init__(
        self,
        session: Callable[[str], Identity | None],
        aws: InProcessClients,
        partition: str = "aws",
    ) -> None:
        self._session_of = session
        self._aws = aws
        self._partition = partition
        self._known: dict[str, Identity] = {}
        self._inactive: set[str] = set()
        self._lock = threading.Lock()

    def reset(self) -> None:
        with self._lock:
            self._known.clear()
            self._inactive.clear()

    def of(self, access_key: str) -> Identity | None:
        """The identity behind a key, without its unique ids; None for a key nobody gave out.

        A key of twelve digits is the root user of the account of that number.
        """
        if len(access_key) == 12 and access_key.isdigit():
            return Identity(
                type="Root",
                account=access_key,
                arn=f"arn:{self._partition}:iam::{access_key}:root",
                principal_id=access_key,
                access_key=access_key,
            )
        with self._lock:
            if access_key in self._inactive:
                return None
            known = self._known.get(access_key)
        return known or self._session_of(access_key)

    def complete(self, identity: Identity) -> Identity:
        """The identity with the unique ids that IAM gave its user or role (blocking look-up)."""
        if identity.principal_id is not None:
            return identity
        iam = self._aws.client("iam", identity.account, "us-east-1")
        with contextlib.suppress(ClientError, BotoCoreError, KeyError):
            if identity.type == "IAMUser":
                user = iam.get_user(UserName=identity.user_name)["User"]
                identity = replace(identity, principal_id=user["UserId"], arn=user["Arn"])
            elif identity.type == "AssumedRole":
                role = iam.get_role(RoleName=identity.issuer_name)["Role"]
                session = (identity.arn or "").rpartition("/")[2]
                identity = replace(
                    identity,
                    principal_id=f"{role['RoleId']}:{session}",
                    issuer_id=role["RoleId"],
                    issuer_arn=role["Arn"],
                )
        if identity.access_key and identity.principal_id is not None:
            with self._lock:
                self._known[identity.access_key] = identity
        return identity

    def switch(self, access_key: str, *, active: bool) -> None:
        """A key that is not active is nobody's."""
        with self._lock:
            if active:
                self._inactive.discard(access_key)
            else:
                self._inactive.add(access_key)

    def learn(
        self,
        operation: str,
        caller: Identity,
        parameters: Mapping[str, Any],
        result: Mapping[str, Any],
        now: datetime,
    ) -> None:
        """Remember the credentials in the answer of a call that gives them."""
        if operation == "CreateAccessKey":
            key = result["AccessKey"]
            name = key["UserName"]
            learnt = Identity(
                type="IAMUser",
                account=caller.account,
                arn=f"arn:{self._partition}:iam::{caller.account}:user/{name}",
                user_name=name,
                access_key=key["AccessKeyId"],
            )
        else:
            key = result["Credentials"]
            learnt = self._session(operation, caller, parameters, result, key["AccessKeyId"], now)
        with self._lock:
            self._known[key["AccessKeyId"]] = learnt

    def _session(
        self,
        operation: str,
        caller: Identity,
        parameters: Mapping[str, Any],
        result: Mapping[str, Any],
        access_key: str,
        now: datetime,
    ) -> Identity:
        if operation == "GetSessionToken":
            mfa = "SerialNumber" in parameters
            return replace(caller, access_key=access_key, session_created=now, mfa=mfa)
        if operation == "GetFederationToken":
            user = result["FederatedUser"]
            return replace(
                caller,
                access_key=access_key,
                session_created=now,
                arn=user["Arn"],
                principal_id=user["FederatedUserId"],
            )
        role_arn = str(parameters["RoleArn"])
        assumed = result["AssumedRoleUser"]
        role_id = str(assumed["AssumedRoleId"]).partition(":")[0]
        return Identity(
            type="AssumedRole",
            account=role_arn.split(":")[4],
            arn=assumed["Arn"],
            principal_id=assumed["AssumedRoleId"],
            access_key=access_key,
            issuer_arn=role_arn,
            issuer_id=role_id,
            issuer_name=role_arn.rpartition("/")[2],
            session_created=now,
            mfa="SerialNumber" in parameters,
        )
