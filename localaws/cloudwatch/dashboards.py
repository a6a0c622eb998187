"""CloudWatch: what PutDashboard refuses. The emulator takes any text.

AWS judges the body by its published structure and names each fault by its path; unknown properties
it lets pass, with a warning, which is not given here.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.errors import need

Fault = tuple[str, str]
"""The path in the body, and AWS's sentence."""

_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
_TYPES = {
    "array": list,
    "boolean": bool,
    "integer": int,
    "object": dict,
    "seconds": int,
    "string": str,
}
_NUMBERS = ("integer", "seconds")
_STAT = r"SampleCount|Average|Sum|Minimum|Maximum|(p|tm|wm|tc|ts)\d{1,2}(\.\d{1,10})?|p100|IQM"
_COLOR = r"#[0-9a-fA-F]{3}([0-9a-fA-F]{3})?"
_SIDES = "left|right"

_Rule = tuple[str, Any, Any]
_NO_ARRAY = (
    'Field "metrics" has to be an array of array of strings, with an optional metricRenderer '
    "object as last element"
)
_NO_SOURCE = (
    "The metric widget should have specified a region and a data source or an alarm annotation"
)

# By property: its type, and the least and most of a number or of the items, or the values.
_BODY: dict[str, _Rule] = {
    "widgets": ("array", 0, 500),
    "variables": ("array", 0, 25),
    "start": ("string", r"-P(T?\d+[MHDW])|\d{4}-\d\d-\d\dT.+", None),
    "end": ("string", r"\d{4}-\d\d-\d\dT.+", None),
    "periodOverride": ("string", "auto|inherit", None),
}
_WIDGET: dict[str, _Rule] = {
    "type": ("string", "metric|text|log|alarm|explorer|chart|custom", None),
    "x": ("integer", 0, 23),
    "y": ("integer", 0, None),
    "width": ("integer", 1, 24),
    "height": ("integer", 1, 1000),
    "properties": ("object", None, None),
}
_PROPERTIES: dict[str, dict[str, _Rule]] = {
    "alarm": {
        "alarms": ("array", 1, 100),
        "sortBy": ("string", "default|stateUpdatedTimestamp|timestamp", None),
        "states": ("array", 0, None),
        "title": ("string", None, None),
    },
    "log": {
        "region": ("string", None, None),
        "query": ("string", None, None),
        "view": ("string", "table|timeSeries|bar|pie", None),
        "title": ("string", None, None),
    },
    "metric": {
        "region": ("string", None, None),
        "metrics": ("array", 0, 500),
        "annotations": ("object", None, None),
        "legend": ("object", None, None),
        "liveData": ("boolean", None, None),
        "period": ("seconds", 60, None),
        "sparkline": ("boolean", None, None),
        "stacked": ("boolean", None, None),
        "stat": ("string", _STAT, None),
        "title": ("string", None, None),
        "view": ("string", "timeSeries|singleValue|gauge|bar|pie|table", None),
        "yAxis": ("object", None, None),
    },
    "text": {
        "markdown": ("string", None, None),
        "background": ("string", "transparent|solid", None),
    },
}
_REQUIRED = {"alarm": ("alarms",), "log": ("region", "query"), "text": ("markdown",)}
_RENDERED: dict[str, _Rule] = {
    "color": ("string", _COLOR, None),
    "expression": ("string", None, None),
    "id": ("string", r"[a-z][A-Za-z0-9_]*", None),
    "label": ("string", None, None),
    "period": ("seconds", 60, None),
    "region": ("string", None, None),
    "stat": ("string", _STAT, None),
    "visible": ("boolean", None, None),
    "yAxis": ("string", _SIDES, None),
}


@gap.refuses("cloudwatch", "PutDashboard")
def _put_dashboard(call: Call) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html"""
    need(
        _NAME.fullmatch(str(call.parameters.get("DashboardName", ""))),
        "InvalidParameterValue",
        "The value for field DashboardName contains invalid characters. It can only contain "
        "alphanumerics, dash (-) and underscore (_).",
    )
    found = [
        {"dataPath": path, "message": message}
        for path, message in faults(str(call.parameters.get("DashboardBody", "")))
    ]
    need(
        not found,
        "InvalidParameterInput",
        f"The dashboard body is invalid, there are {len(found)} validation errors:\n"
        + json.dumps(found, indent=2),
    )


def faults(body: str) -> Iterator[Fault]:
    """What AWS finds wrong with a body, each with its path."""
    try:
        document = json.loads(body)
    except ValueError:
        yield "", "The field DashboardBody must be a valid JSON object"
        return
    if not isinstance(document, dict):
        yield "", "Should be object"
        return
    yield from _object("", document, _BODY, ("widgets",))
    widgets = document.get("widgets")
    for number, widget in enumerate(widgets if isinstance(widgets, list) else ()):
        yield from _widget(f"/widgets/{number}", widget)


def _widget(path: str, widget: object) -> Iterator[Fault]:
    if not isinstance(widget, dict):
        yield path, "Should be object"
        return
    yield from _object(path, widget, _WIDGET, ("type", "properties"))
    for one, other in (("x", "y"), ("y", "x")):
        if one in widget and other not in widget:
            yield path, f"Should have required property '{other}'"
    kind, properties = widget.get("type"), widget.get("properties")
    if not (isinstance(properties, dict) and isinstance(kind, str) and kind in _PROPERTIES):
        return
    path += "/properties"
    yield from _object(path, properties, _PROPERTIES[kind], _REQUIRED.get(kind, ()))
    if kind == "metric":
        yield from _metric_widget(path, properties)
    for number, arn in enumerate(_items(properties, "alarms") if kind == "alarm" else ()):
        if not isinstance(arn, str):
            yield f"{path}/alarms/{number}", "Should be string"


def _metric_widget(path: str, properties: Mapping[str, Any]) -> Iterator[Fault]:
    none = not properties.keys() & {"metrics", "annotations"}
    if none:
        yield path, "Should have required property 'metrics'"
    if none or "region" not in properties:
        yield path, _NO_SOURCE
    if none:
        yield path, "Should have required property 'annotations'"
    for number, metric in enumerate(_items(properties, "metrics")):
        yield from _metric(f"{path}/metrics/{number}", metric)


def _metric(path: str, metric: object) -> Iterator[Fault]:
    if not isinstance(metric, list):
        yield path, "Should be array"
        yield path, _NO_ARRAY
        return
    last = metric[-1] if metric and isinstance(metric[-1], dict) else None
    words = metric if last is None else metric[:-1]
    for number, word in enumerate(words):
        if not isinstance(word, str):
            yield f"{path}/{number}", "Invalid metric field type, only 'String' type is allowed"
    if last is not None:
        yield from _object(f"{path}/{len(words)}", last, _RENDERED, ())
    expression = last is not None and "expression" in last
    # A dimension's name without its value, or a lone namespace.
    if bool(words) is expression or len(words) % 2:
        yield path, f"Should NOT have more than {len(metric) - 1} items"


def _object(
    path: str, given: Mapping[str, Any], rules: Mapping[str, _Rule], required: tuple[str, ...]
) -> Iterator[Fault]:
    for name in required:
        if name not in given:
            yield path, f"Should have required property '{name}'"
    for name, (kind, least, most) in rules.items():
        if name not in given:
            continue
        value = given[name]
        if not _is(value, kind):
            yield f"{path}/{name}", f"Should be {'integer' if kind in _NUMBERS else kind}"
        elif kind == "string" and least and not re.fullmatch(least, value):
            yield f"{path}/{name}", "Should be equal to one of the allowed values"
        elif kind in _NUMBERS and value < least:
            yield f"{path}/{name}", f"Should be >= {least}"
        elif kind in _NUMBERS and most is not None and value > most:
            yield f"{path}/{name}", f"Should be <= {most}"
        elif kind == "seconds" and value % 60:
            yield f"{path}/{name}", "Should be multiple of 60"
        elif kind == "array" and len(value) < least:
            yield f"{path}/{name}", f"Should NOT have less than {least} items"
        elif kind == "array" and most is not None and len(value) > most:
            yield f"{path}/{name}", f"Should NOT have more than {most} items"


def _is(value: object, kind: str) -> bool:
    return isinstance(value, _TYPES[kind]) and not (kind in _NUMBERS and isinstance(value, bool))


def _items(given: Mapping[str, Any], name: str) -> list[Any]:
    value = given.get(name)
    return value if isinstance(value, list) else []
