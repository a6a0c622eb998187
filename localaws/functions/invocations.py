"""Asynchronous invocations: what AWS refuses of their settings.

https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.errors import RefusalError, need
from localaws.wire.parts import Json

_INVALID = "InvalidParameterValueException"
_MEMBERS = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds")
_RANGES = (("MaximumRetryAttempts", 0, 2), ("MaximumEventAgeInSeconds", 60, 21_600))


@gap.refuses("lambda", "PutFunctionEventInvokeConfig", "UpdateFunctionEventInvokeConfig")
def _settings(call: Call) -> None:
    p = call.parameters
    for member, low, high in _RANGES:
        value = p.get(member)
        if value is not None and not low <= int(value) <= high:
            bound = (
                f"less than or equal to {high}"
                if int(value) > high
                else f"greater than or equal to {low}"
            )
            name = f"{member[0].lower()}{member[1:]}"
            raise RefusalError(
                "ValidationException",
                f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy "
                f"constraint: Member must have value {bound}",
            )
    destinations = p.get("DestinationConfig")
    given = (*(p.get(member) for member, _, _ in _RANGES), destinations)
    need(
        any(value is not None for value in given),
        _INVALID,
        "You must specify at least one of error handling or destination setting.",
    )
    for kind in ("OnSuccess", "OnFailure"):
        arn = ((destinations or {}).get(kind) or {}).get("Destination")
        if arn:
            _destination(call, str(arn))


@gap.answers("lambda", "UpdateFunctionEventInvokeConfig", alone=True)
def _update(call: Call) -> Json:
    """What is not given stays as it is; the emulator takes the call for another."""
    functions, p = call.client("lambda"), dict(call.parameters)
    try:
        current = functions.get_function_event_invoke_config(FunctionName=p["FunctionName"])
    except ClientError:
        raise RefusalError(
            "ResourceNotFoundException",
            f"The function {p['FunctionName']} doesn't have an EventInvokeConfig",
            404,
        ) from None
    kept = {m: current[m] for m in (*_MEMBERS, "DestinationConfig") if m in current}
    answer: Json = functions.put_function_event_invoke_config(**{**kept, **p})
    answer.pop("ResponseMetadata", None)
    return answer


def _destination(call: Call, arn: str) -> None:
    parts = arn.split(":", 5)
    reachable = _KINDS.get(parts[2]) if len(parts) == 6 and parts[0] == "arn" else None
    need(reachable, _INVALID, f"The destination ARN {arn} is invalid.")
    function = str(call.parameters.get("FunctionName", ""))
    need(
        parts[2] != "lambda" or parts[5].split(":")[1] != function.rpartition(":")[2],
        _INVALID,
        "You can't specify the function as a destination for itself.",
    )
    try:
        if reachable is not None:
            reachable(call.client(parts[2], parts[4], parts[3]), parts[5], arn)
    except ClientError:
        raise RefusalError(_INVALID, f"The destination ARN {arn} is invalid.") from None


_KINDS: dict[str, Callable[[Any, str, str], Json | None]] = {
    "events": lambda client, name, _: client.describe_event_bus(Name=name.partition("/")[2]),
    "lambda": lambda client, name, _: client.get_function_configuration(
        FunctionName=name.split(":")[1]
    ),
    "s3": lambda *_: None,
    "sns": lambda client, _, arn: client.get_topic_attributes(TopicArn=arn),
    "sqs": lambda client, name, _: client.get_queue_url(QueueName=name),
}
