"""The definition of a detection, as its rule's target hands it over beside the event.

modules/detections writes it (output `rules`, `detection_input`), so that one function serves the
whole catalogue. What is misspelt or mistyped is refused: a detection must not fall silent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from types import UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from reactor.actions import SEVERITIES

T = TypeVar("T")
_NAME = re.compile(r"\{([a-z_]+)\}")


class DefinitionError(Exception):
    """The definition can't be read; the message says what is wrong."""


@dataclass(frozen=True)
class Summary:
    """The alert's sentence: `template` with `{name}` where the value at a path of the event goes.

    `input_paths` are EventBridge's, as `$.detail.eventName`, by that name.
    """

    input_paths: Mapping[str, str]
    template: str

    def __post_init__(self) -> None:
        unknown = {*_NAME.findall(self.template)} - {*self.input_paths}
        if unknown:
            raise ValueError(f"summary has no path for {', '.join(sorted(unknown))}")


@dataclass(frozen=True)
class Definition:
    """One entry of the catalogue: what an alert says, and what is asked before there is one.

    `decision`: the decision of that id (reactor.detections) is asked. `failures`: failed calls
    count, too. `exclusions` are read by their own module.
    """

    id: str
    title: str
    severity: str
    summary: Summary
    why: str = ""
    runbook: str = ""
    attack: tuple[str, ...] = ()
    decision: bool = False
    failures: bool = False
    exclusions: tuple[Mapping[str, Any], ...] = field(default=())

    def __post_init__(self) -> None:
        if not self.id:
            raise ValueError("id is empty")
        if self.severity not in SEVERITIES:
            raise ValueError(f"severity is {self.severity!r}; use one of {', '.join(SEVERITIES)}")


def read_definition(given: object) -> Definition:
    """The definition in JSON as it came. Raises DefinitionError."""
    return read_as(Definition, given, "detection")


def read_as(kind: type[T], given: object, where: str) -> T:
    """JSON as an instance of a dataclass, whose fields may be dataclasses, tuples and mappings.

    Raises DefinitionError for an unknown or missing name, a wrong type, and what `__post_init__`
    refuses; `where` is the name of `given` in the message.
    """
    return cast("T", _read(kind, given, where))


def _read(hint: Any, given: object, where: str) -> object:
    origin, arguments = get_origin(hint), get_args(hint)
    if is_dataclass(hint):
        return _object(cast("type[Any]", hint), given, where)
    if origin in (Union, UnionType):
        if given is None and type(None) in arguments:
            return None
        return _read(next(each for each in arguments if each is not type(None)), given, where)
    if origin is tuple and isinstance(given, list):
        return tuple(_read(arguments[0], each, f"{where}[{n}]") for n, each in enumerate(given))
    if origin is not None and origin is not tuple and isinstance(given, dict):
        return {key: _read(arguments[1], each, f"{where}.{key}") for key, each in given.items()}
    plain = hint is Any or (
        origin is None and isinstance(given, hint) and isinstance(given, bool) == (hint is bool)
    )
    if not plain:
        raise DefinitionError(f"{where} is {given!r:.80}, which it must not be")
    return given


def _object(kind: type[Any], given: object, where: str) -> object:
    if not isinstance(given, dict):
        raise DefinitionError(f"{where} is {given!r:.80}; it must be an object")
    known = {each.name: each for each in fields(kind)}
    unknown = sorted({*map(str, given)} - {*known})
    if unknown:
        raise DefinitionError(f"{where} has {', '.join(unknown)}, which it does not know")
    missing = [
        name
        for name, each in known.items()
        if name not in given and each.default is MISSING and each.default_factory is MISSING
    ]
    if missing:
        raise DefinitionError(f"{where} lacks {', '.join(missing)}")
    hints = get_type_hints(kind)
    values = {name: _read(hints[name], each, f"{where}.{name}") for name, each in given.items()}
    try:
        return kind(**values)
    except ValueError as error:
        raise DefinitionError(f"{where}: {error}") from None
