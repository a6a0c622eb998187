"""`errorCode` and `errorMessage` of failed calls, and what a failure leaves of the request.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from __future__ import annotations

from botocore.model import OperationModel

from localaws.cloudtrail.recorder import tables
from localaws.cloudtrail.recorder.values import family
from localaws.wire.call import Call
from localaws.wire.errors import ApiError

# Services that record the code of the wire as it is.
_AS_ANSWERED = frozenset({"s3", "s3control", "sqs"})


def error_code(call: Call, error: ApiError) -> str:
    """The code as CloudTrail spells it.

    EC2's codes say whose fault it was (`Client.UnauthorizedOperation`); other services' are the
    names of exceptions (IAM's `NoSuchEntity` is `NoSuchEntityException`), except that a refusal
    is `AccessDenied` everywhere.
    """
    code = error.code.rpartition("#")[2]
    if call.service == "ec2":
        side = "Server" if error.status >= 500 else "Client"
        return code if code.startswith(("Client.", "Server.")) else f"{side}.{code}"
    if call.service in _AS_ANSWERED:
        return tables.ERROR_CODES.get(code, code)
    code = _exceptions(call.model).get(code, code)
    return tables.ERROR_CODES.get(code, code)


_EXCEPTIONS: dict[str, dict[str, str]] = {}


def _exceptions(model: OperationModel) -> dict[str, str]:
    """Exception names of a service by the codes that its query protocol answers with."""
    service = model.service_model
    known = _EXCEPTIONS.get(service.service_name)
    if known is None:
        known = {}
        for shape in service.error_shapes:
            code = shape.metadata.get("error", {}).get("code")
            if code:
                known[str(code)] = str(shape.name)
        _EXCEPTIONS[service.service_name] = known
    return known


def keeps_parameters(call: Call, code: str) -> bool:
    """Whether the record of a failed call still shows what was asked for.

    A service of the Java family does not look at the parameters of a call it refuses at the door.
    """
    if call.service in ("ec2", "s3", "s3control") or family(call.model) == "wire":
        return True
    if call.service in tables.NO_PARAMETERS_ON_FAILURE:
        codes = tables.NO_PARAMETERS_ON_FAILURE[call.service]
        if codes is None or code in codes:
            return False
    return code not in tables.REFUSED_AT_THE_DOOR
