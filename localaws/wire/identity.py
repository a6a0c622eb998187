"""Who calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

IdentityType = Literal["Root", "IAMUser", "AssumedRole", "WebIdentityUser", "AWSService", "Unknown"]


@dataclass(frozen=True, slots=True)
class Identity:
    """The caller behind an access key, in the terms of CloudTrail's userIdentity.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html

    `arn` is the caller's own ARN (for a role session the `assumed-role` ARN of STS), `issuer_*` the
    role behind a session, `invoked_by` the service that called on the caller's behalf.
    """

    type: IdentityType
    account: str
    arn: str | None = None
    principal_id: str | None = None
    user_name: str | None = None
    access_key: str | None = None
    issuer_arn: str | None = None
    issuer_id: str | None = None
    issuer_name: str | None = None
    session_created: datetime | None = None
    mfa: bool = False
    invoked_by: str | None = None
    web_identity_provider: str | None = None
    web_identity_attributes: dict[str, str] = field(default_factory=dict)
