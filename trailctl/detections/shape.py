"""What is wrong about the form of a JSON document: all of it at once, each fault in words.

A fault names the place, the value and what is allowed there. The types' own JSON schemas judge, so
that an editor and the command line refuse the same. What a schema's `pattern` allows is in its
`patternErrorMessage`, in words, which editors show, too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import msgspec
from reactor.wording import several

from trailctl.errors import UsageError

_LONGEST = 60  # characters of a value that is shown
_KINDS = {
    "array": ("a list", list),
    "boolean": ("true or false", bool),
    "integer": ("a whole number", int),
    "null": ("null", type(None)),
    "object": ("an object", dict),
    "string": ("a text", str),
}
Schema = Mapping[str, Any]


def read(path: Path, kind: Any, what: str) -> Any:
    """A file as a `kind` of msgspec; `what` is what a sound one is. Raises UsageError that tells
    all that is wrong.
    """
    try:
        data = path.read_bytes()
        try:
            return msgspec.json.decode(data, type=kind)
        except msgspec.ValidationError as error:
            whole = msgspec.json.decode(data)  # what is wrong may come before what is no JSON
            found = faults(whole, msgspec.json.schema(kind)) or [str(error)]
        raise UsageError(f"{path} is not {what}: {together(found)}")
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is no JSON ({error})") from None
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror or error}") from None


def together(found: Sequence[str]) -> str:
    """Faults as one text: one in the same line, or several, each in a line of its own."""
    if len(found) == 1:
        return found[0]
    return "\n".join([f"{several(len(found), 'fault')}:", *(f"  {each}" for each in found)])


def faults(value: Any, schema: Schema) -> list[str]:
    """A sentence on each place where a document is not as its schema says."""
    return [*_faults(value, schema, "", schema.get("$defs", {}))]


def _faults(value: Any, schema: Schema, place: str, known: Schema) -> Iterator[str]:
    schema = _whole(schema, known)
    if "anyOf" in schema:
        fitting = [each for each in schema["anyOf"] if _is_of(value, _whole(each, known))]
        found = [[*_faults(value, each, place, known)] for each in fitting]
        if len(found) == 1:
            yield from found[0]
        elif all(found):
            yield _wrong(value, schema, place, known)
        return
    if not _is_of(value, schema) or _is_other(value, schema):
        yield _wrong(value, schema, place, known)
    elif isinstance(value, dict):
        yield from _inside(value, schema, place, known)
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _faults(each, schema.get("items", {}), f"{place}[{number}]", known)


def _inside(value: Mapping[str, Any], schema: Schema, place: str, known: Schema) -> Iterator[str]:
    named = schema.get("properties", {})
    others = schema.get("additionalProperties", True)
    for name, each in value.items():
        where = f"{place}.{name}" if place else name
        if name in named:
            yield from _faults(each, named[name], where, known)
        elif others is False:
            close = get_close_matches(name, named, 1)
            meant = f"did you mean {close[0]}?" if close else f"use {_listed(named)}"
            yield f"{where} is not known: {meant}"
        else:
            rule = schema.get("propertyNames", {})
            if _is_other(name, rule):
                yield f"{where} is named {_shown(name)}: write {_allowed(rule, known)}"
            if isinstance(others, Mapping):
                yield from _faults(each, others, where, known)
    for name in schema.get("required", ()):
        if name not in value:
            where = f"{place}.{name}" if place else name
            yield f"{where} is missing: write {_allowed(named.get(name, {}), known)}"


def _whole(schema: Schema, known: Schema) -> Schema:
    """A schema with what it refers to."""
    if "$ref" not in schema:
        return schema
    more = {key: each for key, each in schema.items() if key != "$ref"}
    return {**known[schema["$ref"].rpartition("/")[2]], **more}


def _is_of(value: Any, schema: Schema) -> bool:
    """True if a value is of the schema's type, or equal to what it wants."""
    if "enum" in schema:
        return bool(value in schema["enum"])
    if "const" in schema:
        return bool(value == schema["const"])
    kind = schema.get("type")
    if kind is None:
        return True
    return isinstance(value, _KINDS[kind][1]) and (kind != "integer" or value is not bool(value))


def _is_other(value: Any, schema: Schema) -> bool:
    """True if a text, a number, a list or an object is not as the schema says of its own."""
    size = len(value) if isinstance(value, str | list | dict) else 0
    if isinstance(value, str):
        least, most = schema.get("minLength", 0), schema.get("maxLength", size)
        return size < least or size > most or not re.search(schema.get("pattern", ""), value)
    if isinstance(value, list):
        return size < int(schema.get("minItems", 0))
    if isinstance(value, dict):
        return size < int(schema.get("minProperties", 0))
    if isinstance(value, int) and "minimum" in schema:
        return value not in range(schema["minimum"], schema.get("maximum", value) + 1)
    return False


def _wrong(value: Any, schema: Schema, place: str, known: Schema) -> str:
    return f"{place or 'it'} is {_shown(value)}: write {_allowed(schema, known)}"


def _allowed(schema: Schema, known: Schema) -> str:
    """What a schema wants, in words."""
    schema = _whole(schema, known)
    if "enum" in schema:
        return _listed([json.dumps(each) for each in schema["enum"]])
    if "const" in schema:
        return json.dumps(schema["const"])
    if "anyOf" in schema:
        return " or ".join(_allowed(each, known) for each in schema["anyOf"])
    kind = schema.get("type", "string")
    told: str = schema.get("patternErrorMessage", _KINDS[kind][0])
    least, most = schema.get("minLength"), schema.get("maxLength")
    if most:
        told += f", of {least} to {most} characters"
    elif least:
        told += " that is not empty"
    if "minimum" in schema:
        told += f" from {schema['minimum']} to {schema['maximum']}"
    if kind == "array" and schema.get("minItems"):
        told += " that is not empty"
    needs = schema.get("required", ())
    if kind == "object" and needs:
        told += f" with {_listed(needs, 'and')}"
    elif kind == "object" and schema.get("minProperties"):
        some = schema.get("properties")
        told += f" with one or more of {_listed(some)}" if some else " that is not empty"
    items = _whole(schema.get("items", {}), known)
    if kind == "array" and items.get("patternErrorMessage"):
        told += f", each {items['patternErrorMessage']}"
    return told


def _shown(value: Any) -> str:
    """A value as JSON, if it is short; otherwise what it is."""
    text = json.dumps(value, ensure_ascii=False)
    if len(text) <= _LONGEST:
        return text
    if isinstance(value, str):
        return f"{text[:_LONGEST]}… ({len(value):,} characters)"
    return "a list" if isinstance(value, list) else "an object"


def _listed(names: Any, last: str = "or") -> str:
    *most, end = names
    return f"{', '.join(most)} {last} {end}" if most else str(end)
