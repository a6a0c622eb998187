"""Log files, decoded only as far as rules read them.

A record is decoded in two steps. The first takes its few plain fields and leaves its objects as
bytes; these fields alone mostly tell which rules can match at all. If one can, the second step
decodes the objects, and of them only the fields that rules read.

CloudTrail's own top-level names have no dots. So a key such as `"userIdentity.type"` at the top of
a record is not looked for, although `{"a.b": 1}` and `{"a": {"b": 1}}` are one field to a pattern.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import partial
from operator import attrgetter
from typing import Any, TypedDict, Union

import msgspec
from reactor.patterns.digits import read_float
from reactor.patterns.document import load_event
from reactor.patterns.envelope import detail_type, envelope, source_of
from reactor.patterns.paths import RawEvent

# Objects of a record; everything else at its top is a plain value.
_OBJECTS = frozenset(
    {
        *("additionalEventData", "addendum", "edgeDeviceDetails", "eventContext"),
        *("insightDetails", "requestParameters", "resources", "responseElements"),
        *("serviceEventDetails", "tlsDetails", "userIdentity"),
    }
)
# The fields of the record that make an envelope's fields.
_ENVELOPE = {
    "account": ("recipientAccountId",),
    "detail-type": ("eventType",),
    "id": ("eventID",),
    "region": ("awsRegion",),
    "source": ("eventSource", "eventType"),
    "time": ("eventTime",),
    "version": (),
}
# The fields that sort records into few kinds.
KINDS = (
    *("eventSource", "eventName", "eventType", "errorCode"),
    *("readOnly", "eventCategory", "managementEvent"),
)
# What a match is told by, and known again by in another file.
_TOLD = ("awsRegion", "eventID", "recipientAccountId")
ABSENT = msgspec.Raw(b"")
UNSET = msgspec.UNSET
_TEXT = str | None | msgspec.UnsetType
_TRUTH = bool | str | None | msgspec.UnsetType
# The types that CloudTrail writes there.
_USUAL: dict[str, Any] = {
    **dict.fromkeys(("eventTime", *KINDS), _TEXT),
    "readOnly": _TRUTH,
    "managementEvent": _TRUTH,
}
_SCALARS = str | int | float | bool | None


# Called by another name, as these are not types that a checker could know.
_typed_dict: Any = TypedDict


class _Tree:
    """The fields below one key. `whole` is True if the value itself is read, too."""

    __slots__ = ("below", "whole")

    def __init__(self) -> None:
        self.below: dict[str, _Tree] = {}
        self.whole = False

    def add(self, steps: list[str]) -> None:
        if not steps:
            self.whole = True
            return
        # A key with dots may stand for several steps.
        for size in range(1, len(steps) + 1):
            key = ".".join(steps[:size])
            self.below.setdefault(key, _Tree()).add(steps[size:])

    def type(self) -> Any:
        """The type for msgspec to decode: dicts of these keys, without the others."""
        # Keys of typed dicts that are not ASCII are never found.
        if self.whole or not self.below or not all(map(str.isascii, self.below)):
            return Any
        fields = {key: tree.type() for key, tree in self.below.items()}
        shape: Any = _typed_dict("shape", fields, total=False)
        return Union[shape, list[Union[shape, list[Any], _SCALARS]], _SCALARS]  # noqa: UP007


class Projection:
    """Reads what rules need of a log file's bytes.

    `fields` are the dotted paths that rules read; with `states`, also those that tell read-only
    management events. `kind(head)` are the values of `kinds`, those of KINDS that are read, which
    decide for most rules; `reader(fields)` gives a function from a head to its event.
    """

    def __init__(self, fields: Iterable[str], states: bool = True) -> None:
        trees, made = _grown(fields)
        read = {*trees, *(each for name in made for each in _ENVELOPE[name])}
        if states:
            read.update(("eventType", "readOnly", "eventCategory", "managementEvent"))
        self.kinds = tuple(name for name in KINDS if name in read) or KINDS[:2]
        self._plain = {"eventTime", "readOnly", *_TOLD, *self.kinds}
        for name in made:
            self._plain.update(_ENVELOPE[name])
        for name, tree in trees.items():
            if tree.whole and not tree.below and name not in _OBJECTS:
                self._plain.add(name)
        names = sorted({"userIdentity", *self._plain, *trees})
        self._names = {name: f"f{number}" for number, name in enumerate(names)}
        self._decode = self._decoder(_USUAL)
        self._decode_odd = self._decoder({})
        # Values of these are all that fall into kinds: a tuple of them where there are several.
        self.kind: Callable[[Any], Hashable] = self.getter(*self.kinds)
        self.time: Callable[[Any], Any] = self.getter("eventTime")
        self.told: Callable[[Any], Any] = self.getter(*_TOLD)
        self.read_only: Callable[[Any], Any] = self.getter("readOnly")
        self.identity: Callable[[Any], Any] = self.getter("userIdentity")

    def _decoder(self, types: Mapping[str, Any]) -> Callable[[bytes], Any]:
        members: list[Any] = [
            (attribute, types.get(name, Any), UNSET)
            if name in self._plain
            else (attribute, msgspec.Raw, ABSENT)
            for name, attribute in self._names.items()
        ]
        renamed = {attribute: name for name, attribute in self._names.items()}
        head: Any = msgspec.defstruct("Head", members, rename=renamed, gc=False, frozen=True)
        records: list[Any] = [("records", list[head])]
        body: Any = msgspec.defstruct("Body", records, rename={"records": "Records"})
        return msgspec.json.Decoder(body, float_hook=read_float).decode

    def getter(self, *names: str) -> Callable[[Any], Any]:
        """A function from a head to the value of a member, to a tuple where several are named."""
        return attrgetter(*(self._names[name] for name in names))

    def is_raw(self, name: str) -> bool:
        """True if heads hold the member of a record as its bytes."""
        return name in self._names and name not in self._plain

    def heads(self, text: bytes) -> tuple[list[Any], bool]:
        """The records of a log file, and whether each value has the type that CloudTrail gives it.

        Where one has another, its kind may be no key of a dictionary, or that of another kind: 0
        and false are one. Raises msgspec.DecodeError for what is no log file.
        """
        try:
            return self._decode(text).records, True
        except msgspec.ValidationError:
            return self._decode_odd(text).records, False

    def plain_event(self, head: Any) -> RawEvent:
        """The part of the event that its kind tells."""
        values = ((name, getattr(head, self._names[name])) for name in self.kinds)
        detail = {name: value for name, value in values if value is not UNSET}
        kind = detail.get("eventType")
        return {
            "source": source_of(detail.get("eventSource"), kind),
            "detail-type": detail_type(kind),
            "detail": detail,
        }

    def reader(self, fields: Iterable[str]) -> Callable[[Any], RawEvent]:
        """A function from a record's head to its event, as far as these fields go."""
        trees, made = _grown(fields)
        plain = [(name, self._names[name]) for name in trees if name in self._plain]
        raw: list[tuple[str, str, Callable[[Any], Any]]] = [
            (
                name,
                self._names[name],
                msgspec.json.Decoder(tree.type(), float_hook=read_float).decode,
            )
            for name, tree in trees.items()
            if name not in self._plain
        ]

        def read(head: Any) -> RawEvent:
            detail: RawEvent = {}
            for name, attribute in plain:
                value = getattr(head, attribute)
                if value is not UNSET:
                    detail[name] = value
            for name, attribute, decode in raw:
                value = getattr(head, attribute)
                if value is not ABSENT:
                    detail[name] = decode(value)
            return {"detail": detail}

        return partial(self._within_envelope, made, read) if made else read

    def _within_envelope(
        self, made: list[str], read: Callable[[Any], RawEvent], head: Any
    ) -> RawEvent:
        event = read(head)
        needed = {n: getattr(head, self._names[n]) for name in made for n in _ENVELOPE[name]}
        whole = envelope({n: value for n, value in needed.items() if value is not UNSET})
        return {**event, **{name: whole[name] for name in made}}


def _grown(fields: Iterable[str]) -> tuple[dict[str, _Tree], list[str]]:
    """The fields of a record that dotted paths ask for, and those of the envelope."""
    trees: dict[str, _Tree] = {}
    made = []
    for path in sorted(set(fields)):
        first, *rest = path.split(".")
        if first == "detail" and rest:
            trees.setdefault(rest[0], _Tree()).add(rest[1:])
        elif first in _ENVELOPE and not rest:
            made.append(first)
    return trees, made


class _Whole(msgspec.Struct):
    records: list[msgspec.Raw] = msgspec.field(name="Records")


_split = msgspec.json.Decoder(_Whole).decode


def whole_records(text: bytes) -> list[msgspec.Raw]:
    """The bytes of each record of a log file."""
    return _split(text).records


def whole_record(raw: msgspec.Raw) -> RawEvent:
    """The whole record."""
    return load_event(bytes(raw))
