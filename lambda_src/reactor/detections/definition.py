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
from reactor.correlation import KEYS, MOST, Correlation

T = TypeVar("T")
_LONGEST = 1440  # minutes; the ledger keeps a window for days
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
class Count:
    """`at_least` findings of one key (a name of reactor.correlation.KEYS) within `minutes`."""

    by: str
    at_least: int
    minutes: int

    def __post_init__(self) -> None:
        _check(self.by, self.at_least)
        if self.at_least < 2 or not 1 <= self.minutes <= _LONGEST:
            raise ValueError(f"count: use 2 or more within 1 to {_LONGEST} minutes")

    def correlation(self, id_: str) -> Correlation:
        """The count as a correlation of one step."""
        return Correlation(id_, 60 * self.minutes, (self.at_least,))


@dataclass(frozen=True)
class SequenceStep:
    """A step of a sequence: findings of `any` of some detections, put together `by` a key."""

    any: tuple[str, ...]
    by: str
    at_least: int = 1

    def __post_init__(self) -> None:
        _check(self.by, self.at_least)
        if not self.any:
            raise ValueError("any names no detection")


@dataclass(frozen=True)
class DetectionSequence:
    """A sequence of the catalogue: steps, one after the other, within `minutes`."""

    id: str
    title: str
    severity: str
    minutes: int
    steps: tuple[SequenceStep, ...]
    why: str = ""
    runbook: str = ""
    attack: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.severity not in SEVERITIES:
            raise ValueError(f"severity is {self.severity!r}; use one of {', '.join(SEVERITIES)}")
        if not 2 <= len(self.steps) <= 3 or not 1 <= self.minutes <= _LONGEST:
            raise ValueError(f"a sequence has two or three steps within 1 to {_LONGEST} minutes")

    @property
    def correlation(self) -> Correlation:
        """The sequence as a correlation."""
        return Correlation(self.id, 60 * self.minutes, tuple(s.at_least for s in self.steps))


def _check(by: str, at_least: int) -> None:
    if by not in KEYS:
        raise ValueError(f"by is {by!r}; use one of {', '.join(KEYS)}")
    if not 1 <= at_least <= MOST:
        raise ValueError(f"at_least is {at_least}; use 1 to {MOST}")


@dataclass(frozen=True)
class Definition:
    """One entry of the catalogue: what an alert says, and what is asked before there is one.

    `decision`: the decision of that id (reactor.detections) is asked. `failures`: failed calls
    count, too. `count`: so many findings make one alert. `sequences` are those of which this is a
    step. `exclusions` are read by their own module.
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
    count: Count | None = None
    sequences: tuple[DetectionSequence, ...] = ()
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
