"""What a target is sent: the event, a constant, a part of it, or a template filled from it.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html

Where the page is silent, what AWS was seen to do is followed: a template that is one or more quoted
strings keeps its quotes in the output; objects and arrays inside a string lose their own quotes
(`{id:7}`, `[a,b]`); a JSON template that is not JSON once filled is not delivered; a variable whose
path finds nothing is empty (`""` where it stands alone in a JSON template); `<aws.events.event>`
has no `detail` and spells `detailType`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

_MISSING: Any = object()


class InputError(ValueError):
    """A target's settings and an event that make no input, with EventBridge's code for it."""

    def __init__(self, code: Literal["INVALID_JSON", "INVALID_PARAMETER"], reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def compact(value: Any) -> str:
    """JSON without spaces, as EventBridge writes it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def target_input(
    settings: Mapping[str, Any], event: Mapping[str, Any], rule_arn: str, ingested: datetime
) -> str:
    """The text that a target gets for an event that EventBridge received at `ingested`.

    `settings` is the target as PutTargets takes it: of Input, InputPath and InputTransformer it has
    one or none. Raises InputError where they and this event don't make one.
    """
    constant = settings.get("Input")
    if constant:
        return str(constant)
    path = settings.get("InputPath")
    if path:
        value = select(path, event)
        if value is _MISSING:
            raise InputError("INVALID_PARAMETER", f"InputPath {path} finds nothing in the event")
        return compact(value)
    transformer = settings.get("InputTransformer")
    if transformer:
        return fill(
            transformer["InputTemplate"],
            transformer.get("InputPathsMap") or {},
            event,
            rule_arn,
            ingested,
        )
    return compact(event)


# A boto3 call: service, operation, parameters.
Call = tuple[str, str, dict[str, Any]]


def invocation(function: str, text: str) -> Call:
    """The call that gives a function, by its name or ARN, an input as EventBridge does."""
    given = {"FunctionName": function, "InvocationType": "Event", "Payload": text.encode()}
    return "lambda", "invoke", given


def direct_call(arn: str, settings: Mapping[str, Any], text: str) -> Call | None:
    """The call that gives a target its input directly.

    None for a target of a kind that EventBridge alone can give an event. A queue's call lacks its
    QueueUrl, which an ARN does not tell.
    """
    service = arn.split(":")[2] if arn.count(":") > 4 else ""
    if service == "lambda":
        return invocation(arn, text)
    if service == "sns":
        return service, "publish", {"TopicArn": arn, "Message": text}
    if service == "sqs":
        group = (settings.get("SqsParameters") or {}).get("MessageGroupId")
        more = {"MessageGroupId": group} if group else {}
        return service, "send_message", {"MessageBody": text, **more}
    return None


# --- paths -------------------------------------------------------------------------------------

_STEP = re.compile(r"\.([A-Za-z0-9_/\-]+|\*)|\[(\d+|\*)\]")


def select(path: str, event: Any) -> Any:
    """What a path such as `$.detail.items[0].id` finds, or a marker that no JSON value equals.

    EventBridge knows dots, names with dashes, underscores and slashes, indices and `*`, and nothing
    more; any other path finds nothing. With a `*` the result is a list.
    """
    if not path.startswith("$"):
        return _MISSING
    found, many, place = [event], False, 1
    while place < len(path):
        step = _STEP.match(path, place)
        if step is None:
            return _MISSING
        place = step.end()
        name, index = step.groups()
        if name == "*" or index == "*":
            many = True
            found = [child for value in found for child in _children(value, index == "*")]
        elif name is not None:
            found = [value[name] for value in found if isinstance(value, Mapping) and name in value]
        else:
            at = int(index)
            found = [value[at] for value in found if isinstance(value, list) and at < len(value)]
    if many:
        return found
    return found[0] if found else _MISSING


def find(path: str, event: Any) -> Any:
    """As `select`; None for what is not there."""
    value = select(path, event)
    return None if value is _MISSING else value


def _children(value: Any, array_only: bool) -> list[Any]:
    if isinstance(value, list):
        return value
    if isinstance(value, Mapping) and not array_only:
        return list(value.values())
    return []


# --- templates ---------------------------------------------------------------------------------

_TOKEN = re.compile(r"\\.|\"|<([A-Za-z0-9_.\-]+)>", re.DOTALL)
_STRING_OR_SPACE = re.compile(r"(\"(?:[^\"\\]|\\.)*\")|\s+", re.DOTALL)


def fill(
    template: str,
    paths: Mapping[str, str],
    event: Mapping[str, Any],
    rule_arn: str,
    ingested: datetime,
) -> str:
    """The template with each `<name>` replaced by what its path finds."""
    reserved = _reserved(event, rule_arn, ingested)
    is_text = template.lstrip().startswith('"')
    in_string = False

    def replace(token: re.Match[str]) -> str:
        nonlocal in_string
        name = token.group(1)
        if name is None:
            if token.group() == '"':
                in_string = not in_string
            return token.group()
        if name in reserved:
            value = reserved[name]
        elif name in paths:
            value = select(paths[name], event)
        else:
            # PutTargets refuses a template with a name that it does not know.
            raise InputError(
                "INVALID_PARAMETER", f"the input template has no path for <{name}>: add one"
            )
        if value is _MISSING or value is None:
            return "" if in_string else '""'
        if not in_string:
            return compact(value)
        if isinstance(value, str):
            return value
        text = compact(value)
        return text.replace('"', "") if is_text else text

    filled = _TOKEN.sub(replace, template)
    return filled if is_text else _minified(filled)


def _minified(text: str) -> str:
    try:
        json.loads(text)
    except ValueError:
        raise InputError(
            "INVALID_JSON",
            "the filled input template is not valid JSON: a variable inside quotes must be text "
            f"without quotes of its own, an object or a list stands without quotes: {text[:200]}",
        ) from None
    return _STRING_OR_SPACE.sub(lambda found: found.group(1) or "", text)


def _reserved(event: Mapping[str, Any], rule_arn: str, ingested: datetime) -> dict[str, Any]:
    return {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_arn.rpartition("/")[2],
        "aws.events.event.ingestion-time": ingested.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws.events.event": {
            "detailType" if key == "detail-type" else key: value
            for key, value in event.items()
            if key != "detail"
        },
        "aws.events.event.json": event,
    }
