"""Sigma rules of entries whose pattern alone decides; what Sigma can't say exactly is refused.

`meaning` says how Sigma is read here, and what was written comes back through it.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml
from reactor.patterns import EventPattern
from sigma.rule import SigmaRule

from trailctl.replay.catalogue import CatalogueEntry
from trailctl.sigma import fields
from trailctl.sigma.meaning import UnsaidError

# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
KINDS = {
    "AWS API Call via CloudTrail": "AwsApiCall",
    "AWS Console Action via CloudTrail": "AwsConsoleAction",
    "AWS Console Sign In via CloudTrail": "AwsConsoleSignIn",
    "AWS Console Signin via CloudTrail": "AwsConsoleSignIn",
    "AWS Network Activity Event via CloudTrail": "AwsVpceEvent",
    "AWS Service Event via CloudTrail": "AwsServiceEvent",
}
_LEVELS = {"info": "informational"}
_AUTHOR, _LICENSE = "terraform-aws-cloudtrail-reactor", "Apache-2.0"
_IDS = uuid.UUID("6f2a8a52-6f0c-5f0e-9d57-0c1c4f6f7a11")
_SIGNS = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}

Item = tuple[str, list[Any]]  # a key of a detection, with its modifiers, and its values


def rule(entry: CatalogueEntry) -> dict[str, Any]:
    """The rule as its YAML holds it. Raises UnsaidError."""
    if entry.decision:
        raise UnsaidError("decision", "a function decides, and Sigma has only conditions")
    if entry.count is not None:
        raise UnsaidError("count", "it counts findings")
    required = [name for name, each in entry.placeholders.items() if each.required]
    if required:
        raise UnsaidError("placeholder", f"only a deployment knows its {', '.join(required)}")
    writing = _Writing()
    patterns = entry.rules()
    conditions = [writing.pattern(pattern) for pattern in patterns.values()]
    source = entry.source
    given = {
        "title": source.title if source else entry.title,
        "id": source.id if source and source.id else str(uuid.uuid5(_IDS, entry.id)),
        "status": "stable",
        "description": entry.why,
        "author": source.author if source else _AUTHOR,
        "license": source.license if source else _LICENSE,
        "tags": [f"attack.{technique.lower()}" for technique in entry.attack],
        "logsource": {"product": "aws", "service": "cloudtrail"},
        "detection": {
            **writing.detections,
            "condition": conditions[0]
            if len(conditions) == 1
            else " or ".join(f"({each})" for each in conditions),
        },
        "level": _LEVELS.get(entry.severity, entry.severity),
    }
    if not given["tags"]:
        del given["tags"]
    SigmaRule.from_dict(given)  # what pySigma does not take raises here
    return given


def text(given: Mapping[str, Any]) -> str:
    """The rule as YAML."""
    dumped: str = yaml.safe_dump(dict(given), sort_keys=False, allow_unicode=True, width=100)
    return dumped


@dataclass
class _Writing:
    """Detections by name, and the words of a condition about them."""

    detections: dict[str, Any] = field(default_factory=dict)

    def pattern(self, pattern: Mapping[str, Any]) -> str:
        asked = EventPattern({"eventType": pattern["detail"].get("eventType", [{"exists": True}])})
        types = [each for each in _types(pattern) if asked.matches({"eventType": each})]
        if not types:
            raise UnsaidError("contradiction", "no event has its detail-type and its eventType")
        return self._object({**pattern["detail"], "eventType": types}, "", ())

    def _object(self, node: Mapping[str, Any], path: str, outer: Sequence[str]) -> str:
        """The condition of an object of fields, beside those that have been asked about."""
        words: list[str] = []
        plain: dict[str, Any] = {}
        flat = _flat(node, path)
        names = [key for key, _ in flat if not key.endswith("$or")]
        _separate([*outer, *names])
        for key, value in flat:
            if key.endswith("$or"):
                beside = (*outer, *names)
                inner = [self._object(each, key[: -len("$or")], beside) for each in value]
                words.append("(" + " or ".join(f"({each})" for each in inner) + ")")
                continue
            if not fields.known(key):
                raise UnsaidError("unknown field", f"{key} is no field of a CloudTrail record")
            items, absent, excluded = _said(key, value)
            if excluded:
                words += [f"not {self._add('filter', dict([each]))}" for each in excluded]
                if not absent:
                    plain[f"{key}|exists"] = True
                continue
            if absent:
                items.append((f"{key}|exists", [False]))
            if len(items) == 1:
                plain |= dict([items[0]])
            else:
                words.append(self._add("any", [{k: _bare(v)} for k, v in items]))
        if plain:
            words.insert(0, self._add("selection", {k: _bare(v) for k, v in plain.items()}))
        return " and ".join(words)

    def _add(self, kind: str, body: Any) -> str:
        if isinstance(body, dict):
            body = {key: _bare(value) for key, value in body.items()}
        for name, before in self.detections.items():
            if before == body:
                return name
        name = f"{kind}_{sum(each.startswith(kind) for each in self.detections) + 1}"
        self.detections[name] = body
        return name


def _separate(names: Sequence[str]) -> None:
    for one in names:
        for other in names:
            if one < other and fields.may_share_a_list(one, other):
                raise UnsaidError(
                    "fields of one list", f"{one} and {other} have to be in the same element"
                )


def _types(pattern: Mapping[str, Any]) -> list[str]:
    kinds = pattern.get("detail-type", [{"suffix": " via CloudTrail"}])
    if kinds == [{"suffix": " via CloudTrail"}]:
        return sorted(set(KINDS.values()))
    unknown = [kind for kind in kinds if not isinstance(kind, str) or kind not in KINDS]
    if unknown:
        raise UnsaidError("other events", f"{unknown[0]} is no record of a trail's log")
    return sorted({KINDS[kind] for kind in kinds})


def _flat(node: Mapping[str, Any], path: str) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in node.items():
        here = f"{path}{key}"
        found += _flat(value, f"{here}.") if isinstance(value, Mapping) else [(here, value)]
    return found


def _bare(values: Any) -> Any:
    return values[0] if isinstance(values, list) and len(values) == 1 else values


def _said(key: str, matchers: Sequence[Any]) -> tuple[list[Item], bool, list[Item]]:
    """What any value of the field must pass, whether it may be missing, what none must pass."""
    items: dict[str, list[Any]] = {}
    excluded: list[Item] = []
    absent = False
    for matcher in matchers:
        if matcher == {"exists": False}:
            absent = True
        elif isinstance(matcher, Mapping) and "anything-but" in matcher:
            if key not in fields.SINGLE:
                raise UnsaidError("negation of what may be a list", f"anything-but of {key}")
            inner = matcher["anything-but"]
            for operator, values in inner.items() if isinstance(inner, Mapping) else [("", inner)]:
                for value in values if isinstance(values, list) else [values]:
                    excluded.append(_item(key, {operator: value} if operator else value))
        else:
            name, values = _item(key, matcher)
            items.setdefault(name, []).extend(values)
    if excluded and items:
        raise UnsaidError("negation", f"{key} may be one thing or not another")
    if absent and None in items.get(key, []):
        absent = False
    elif None in items.get(key, []):
        raise UnsaidError("null", f"{key}: Sigma's null is a missing field, too")
    return list(items.items()), absent, _gathered(excluded)


def _gathered(items: Sequence[Item]) -> list[Item]:
    found: dict[str, list[Any]] = {}
    for name, values in items:
        found.setdefault(name, []).extend(values)
    return list(found.items())


def _item(key: str, matcher: Any) -> Item:
    if matcher is None:
        return key, [None]
    if isinstance(matcher, bool):
        if key not in fields.BOOLEANS:
            raise UnsaidError("boolean", f"{key}: Sigma's boolean is the text that spells it, too")
        return key, [matcher]
    if isinstance(matcher, int | float):
        raise UnsaidError("number", f"{key}: Sigma's number is the text that spells it, too")
    if isinstance(matcher, str):
        return f"{key}|cased", [_escaped(_spells_nothing(key, matcher))]
    ((operator, operand),) = matcher.items()
    if operator == "exists":
        return f"{key}|exists", [True]
    if operator == "cidr":
        return f"{key}|cidr", [operand]
    if operator == "equals-ignore-case":
        return key, [_escaped(_spells_nothing(key, operand))]
    if operator == "wildcard":
        # `\\*` and `\\\\` mean the same there; a question mark means itself here.
        return f"{key}|cased", [operand.replace("?", "\\?")]
    if operator in ("prefix", "suffix"):
        name = f"{key}|{'startswith' if operator == 'prefix' else 'endswith'}"
        if isinstance(operand, Mapping):
            return name, [_escaped(operand["equals-ignore-case"])]
        return f"{name}|cased", [_escaped(operand)]
    if operator == "numeric" and len(operand) == 2 and operand[0] in _SIGNS:
        return f"{key}|{_SIGNS[operand[0]]}", [operand[1]]
    raise UnsaidError("operator", f"{key}: {json.dumps(matcher)}")


def _spells_nothing(key: str, value: str) -> str:
    """The text, unless Sigma takes it for a number or a boolean as well."""
    if key not in fields.TEXTS:
        try:
            json.loads(value.lower())
        except ValueError:
            return value
        raise UnsaidError("number", f"{key}: Sigma's {value!r} is what it spells, too")
    return value


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("*", "\\*").replace("?", "\\?")
