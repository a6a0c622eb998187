"""Calls to record, made with botocore's models, and cases of what their records must be."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

import botocore.session
from botocore.model import OperationModel, ServiceModel
from botocore.validate import ParamValidator

from localaws.wire.call import Call, Scope
from localaws.wire.errors import ApiError
from localaws.wire.http import Request
from localaws.wire.identity import Identity
from localaws.wire.parts import Parts

ACCOUNT = "111122223333"
REGION = "eu-west-1"
TIME = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)
REQUEST_ID = "7f1c9a52-5d0e-4c1e-9b1a-0a52ea0e3f11"
EVENT_ID = "0d9bd16e-3f4b-4b7e-9d4a-2f0f3f6f3c11"
USER = Identity(
    type="IAMUser",
    account=ACCOUNT,
    arn=f"arn:aws:iam::{ACCOUNT}:user/mira",
    principal_id="AIDAEXAMPLEMIRA00001",
    user_name="mira",
    access_key="AKIAEXAMPLE000000001",
)
USER_IDENTITY = {
    "type": "IAMUser",
    "principalId": "AIDAEXAMPLEMIRA00001",
    "arn": f"arn:aws:iam::{ACCOUNT}:user/mira",
    "accountId": ACCOUNT,
    "accessKeyId": "AKIAEXAMPLE000000001",
    "userName": "mira",
}


@cache
def operation_model(service: str, operation: str) -> OperationModel:
    return service_model(service).operation_model(operation)


@cache
def service_model(service: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(service)


def make_call(
    service: str,
    operation: str,
    parameters: dict[str, Any] | None = None,
    result: dict[str, Any] | None = None,
    *,
    error: ApiError | None = None,
    identity: Identity = USER,
    region: str = REGION,
    host: str = "127.0.0.1:4599",
) -> Call:
    """A call whose parameters and result botocore's model accepts."""
    model = operation_model(service, operation)
    check(model.input_shape, parameters or {})
    if result is not None:
        check(model.output_shape, result, required=False)
    headers = {"host": host, "user-agent": "Boto3/1.43.106"}
    call = Call(
        Request(
            "POST",
            b"/",
            b"",
            [(name.encode(), value.encode()) for name, value in headers.items()],
            b"",
            client=("198.51.100.7", 40_000),
        ),
        Parts(),
        Scope("AKIAEXAMPLE000000001", region, service),
        service,
        model,
        str(model.service_model.protocol),
        identity=identity,
        time=TIME,
        request_id=REQUEST_ID,
    )
    call.parameters = parameters or {}
    call.outcome = (None if error else (result or {}), error)
    return call


def check(shape: Any, values: dict[str, Any], *, required: bool = True) -> None:
    """Fail for a parameter or result that the operation does not have."""
    if shape is None:
        assert not values
        return
    unknown = [name for name in values if name not in shape.members]
    assert not unknown, f"{shape.name} has no {unknown}"
    report = ParamValidator().validate(values, shape)
    errors = report.generate_report()
    if not required:
        # A result here is a part of what the service answers, with short names of things.
        lax = ("Missing required", "Invalid length")
        errors = "\n".join(line for line in errors.splitlines() if not line.startswith(lax))
    assert not errors, errors


@dataclass(frozen=True)
class Case:
    """A call and what is special in its record; the rest is the same for every call."""

    service: str
    operation: str
    host: str
    parameters: dict[str, Any] = field(default_factory=dict)
    result: dict[str, Any] | None = None
    error: ApiError | None = None
    request: Any = None
    response: Any = None
    read_only: bool = False
    name: str | None = None
    source: str | None = None
    region: str = REGION
    data: bool = False
    fields: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        outcome = f"-{self.error.code}" if self.error else ""
        return f"{self.service}-{self.operation}{outcome}"

    def call(self) -> Call:
        return make_call(
            self.service, self.operation, self.parameters, self.result, error=self.error
        )

    def record(self) -> dict[str, Any]:
        expected: dict[str, Any] = {
            "eventVersion": "1.11",
            "userIdentity": USER_IDENTITY,
            "eventTime": "2026-11-22T10:00:00Z",
            "eventSource": self.source or f"{self.service}.amazonaws.com",
            "eventName": self.name or self.operation,
            "awsRegion": self.region,
            "sourceIPAddress": "198.51.100.7",
            "userAgent": "[Boto3/1.43.106]" if self.service == "s3" else "Boto3/1.43.106",
            "requestParameters": self.request,
            "responseElements": self.response,
            "requestID": REQUEST_ID,
            "eventID": EVENT_ID,
            "readOnly": self.read_only,
            "eventType": "AwsApiCall",
            "managementEvent": not self.data,
            "recipientAccountId": ACCOUNT,
            "eventCategory": "Data" if self.data else "Management",
            "tlsDetails": {
                "tlsVersion": "TLSv1.3",
                "cipherSuite": "TLS_AES_128_GCM_SHA256",
                "clientProvidedHostHeader": self.host,
            },
        }
        return {**expected, **self.fields}


def denied(action: str) -> ApiError:
    """A refusal as the services of one's own account word it."""
    return ApiError("AccessDenied", refusal(action), 403)


def refusal(action: str) -> str:
    return (
        f"User: {USER.arn} is not authorized to perform: {action} "
        f"because no identity-based policy allows the {action} action"
    )
