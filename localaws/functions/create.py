"""Lambda functions: what CreateFunction and UpdateFunctionConfiguration refuse.

https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from botocore.exceptions import ClientError

from localaws.iam.needs import passing
from localaws.iam.permissions import Permissions
from localaws.iam.policy import PolicyError, Principal, evaluate
from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.codec import service_model
from localaws.wire.errors import RefusalError, need

_ENVIRONMENT_BYTES = 4096
_LAYERS = 5
_NAME = re.compile(
    r"(?:arn:[a-z-]+:lambda:)?(?:[a-z]{2}(?:-[a-z]+)+-\d:)?(?:\d{12}:)?(?:function:)?"
    r"[a-zA-Z0-9-_]+(?::(?:\$LATEST|[a-zA-Z0-9-_]+))?"
)
_NAME_PATTERN = (
    "(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?"
    "(\\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?"
)
_ROLE = re.compile(r"arn:[a-z-]+:iam::(\d{12}):role/(?:[\w+=,.@/-]+/)?([\w+=,.@-]+)")
_VARIABLE = re.compile(r"[a-zA-Z](?:[a-zA-Z0-9_])+")
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
_RESERVED = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
    }
)
_INVALID = "InvalidParameterValueException"


def _constraint(member: str, value: Any, constraint: str) -> RefusalError:
    return RefusalError(
        "ValidationException",
        f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy "
        f"constraint: {constraint}",
    )


@cache
def _runtimes() -> frozenset[str]:
    shape: Any = service_model("lambda").shape_for("Runtime")
    return frozenset(shape.enum)


@gap.refuses("lambda", "CreateFunction", "UpdateFunctionConfiguration")
def _shape(call: Call) -> None:
    """Names, numbers and the environment: what is wrong with the request by itself."""
    p = call.parameters
    name = str(p.get("FunctionName", ""))
    if not _NAME.fullmatch(name):
        raise _constraint(
            "functionName", name, f"Member must satisfy regular expression pattern: {_NAME_PATTERN}"
        )
    if len(name.rpartition(":")[2]) > 64:
        raise _constraint("functionName", name, "Member must have length less than or equal to 64")
    runtime = p.get("Runtime")
    need(
        runtime is None or runtime in _runtimes(),
        _INVALID,
        f"Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum "
        f"value set: [{', '.join(sorted(_runtimes()))}] or be a valid ARN",
    )
    for member, low, high in (("MemorySize", 128, 10_240), ("Timeout", 1, 900)):
        value = p.get(member)
        if value is not None and not low <= int(value) <= high:
            bound = (
                f"less than or equal to {high}"
                if int(value) > high
                else (f"greater than or equal to {low}")
            )
            raise _constraint(
                f"{member[0].lower()}{member[1:]}", value, f"Member must have value {bound}"
            )
    need(
        len(p.get("Layers") or ()) <= _LAYERS,
        _INVALID,
        f"Cannot reference more than {_LAYERS} layers.",
    )
    _environment((p.get("Environment") or {}).get("Variables") or {})


def _environment(variables: Mapping[str, str]) -> None:
    for name in variables:
        if not _VARIABLE.fullmatch(name):
            raise _constraint(
                "environment.variables",
                json.dumps(variables),
                "Map keys must satisfy constraint: [Member must satisfy regular expression "
                "pattern: [a-zA-Z]([a-zA-Z0-9_])+]",
            )
    reserved = sorted(_RESERVED & variables.keys())
    need(
        not reserved,
        _INVALID,
        "Lambda was unable to configure your environment variables because the environment "
        "variables you have provided contains reserved keys that are currently not supported for "
        f"modification. Reserved keys used in this request: {', '.join(reserved)}",
    )
    measured = json.dumps(variables, separators=(",", ":"), ensure_ascii=False)
    need(
        not variables or len(measured.encode()) <= _ENVIRONMENT_BYTES,
        _INVALID,
        "Lambda was unable to configure your environment variables because the environment "
        f"variables you have provided exceeded the 4KB limit. String measured: {measured}",
    )


@gap.refuses("lambda", "CreateFunction", "UpdateFunctionConfiguration")
def _role(call: Call) -> None:
    role = call.parameters.get("Role")
    if role is None:
        return
    named = _ROLE.fullmatch(str(role))
    if not named:
        raise _constraint(
            "role",
            role,
            "Member must satisfy regular expression pattern: "
            "arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+",
        )
    need(
        named[1] == call.account,
        "AccessDeniedException",
        "Cross-account pass role is not allowed.",
        403,
    )
    cannot = "The role defined for the function cannot be assumed by Lambda."
    try:
        found = call.client("iam").get_role(RoleName=named[2])["Role"]
        decision = evaluate(
            found["AssumeRolePolicyDocument"],
            principal=Principal.service("lambda.amazonaws.com"),
            action="sts:AssumeRole",
            resource=str(role),
            context={"aws:PrincipalIsAWSService": "true", "aws:SourceAccount": call.account},
        )
    except (ClientError, PolicyError):
        raise RefusalError(_INVALID, cannot) from None
    need(found["Arn"] == role and decision.allowed, _INVALID, cannot)


@gap.refuses("lambda", "CreateFunction", "UpdateFunctionConfiguration")
def _dead_letters(call: Call) -> None:
    """The function's own dead-letter queue or topic: there, and its role may write to it."""
    p = call.parameters
    target = (p.get("DeadLetterConfig") or {}).get("TargetArn")
    role = p.get("Role")
    if not target:
        return
    action = "SendMessage" if ":sqs:" in target else "Publish"
    service = "SQS" if ":sqs:" in target else "SNS"
    if role is None:
        try:
            name = p.get("FunctionName")
            role = call.client("lambda").get_function_configuration(FunctionName=name)["Role"]
        except ClientError:
            return  # no such function: the emulator says so
    need(
        call.of(Permissions).role_may(str(role), f"{service.lower()}:{action}", target),
        _INVALID,
        f"The provided execution role does not have permissions to call {action} on {service}",
    )


@gap.needs("lambda", "CreateFunction", "UpdateFunctionConfiguration", besides=True)
def _pass_role(call: Call) -> Iterator[gap.Need]:
    if call.parameters.get("Role"):
        yield passing(str(call.parameters["Role"]), "lambda.amazonaws.com")
