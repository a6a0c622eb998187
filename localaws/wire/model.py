"""What passes between the parts of the local AWS: who called what, with which outcome."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from botocore.model import OperationModel

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


@dataclass(frozen=True, slots=True)
class ApiError:
    """An error answer as the client saw it: AWS's code (`AccessDenied`), sentence, HTTP status."""

    code: str
    message: str
    status: int


@dataclass(frozen=True, slots=True)
class Call:
    """One API call and its outcome.

    `service` is botocore's service name (`ec2`, `s3`, `events`), `operation` the API's name
    (`RunInstances`), `parameters` and `result` are decoded with botocore's model and use its member
    names (`result` is None where the call failed), `region` is the Region that was called and
    `account` the account whose resources it touched.
    """

    service: str
    operation: str
    model: OperationModel
    account: str
    region: str
    identity: Identity
    parameters: dict[str, Any]
    result: dict[str, Any] | None
    error: ApiError | None
    time: datetime
    request_id: str
    source_ip: str
    user_agent: str
    host: str
