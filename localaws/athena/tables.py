"""A table of Glue's catalog: its columns, its format, and its partitions, looked up or projected.

https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlglot import exp
from sqlglot.errors import SqlglotError

CLOUDTRAIL_FORMAT = "com.amazon.emr.cloudtrail.CloudTrailInputFormat"
_TEXT_FORMAT = "org.apache.hadoop.mapred.TextInputFormat"
_HIVE_JSON = frozenset(
    {"org.apache.hive.hcatalog.data.JsonSerDe", "com.amazon.emr.hive.serde.CloudTrailSerde"}
)
_OPENX_JSON = frozenset({"org.openx.data.jsonserde.JsonSerDe"})
# More would be a mistake of the table: AWS's own planner gives up, too.
_MOST_PARTITIONS = 1_000_000
_PLACEHOLDER = re.compile(r"\$\{([^}]+)\}")
_NOW = re.compile(
    r"^NOW(?:\s*([+-])\s*(\d+)\s*(YEAR|MONTH|WEEK|DAY|HOUR|MINUTE|SECOND)S?)?$", re.IGNORECASE
)
# Java's letters of a date's format: https://docs.oracle.com/javase/8/docs/api/java/time/format/DateTimeFormatter.html
_LETTERS = re.compile(r"'([^']*)'|(y+|M+|d+|H+|m+|s+)|([^A-Za-z'])")
_CODES = {"y": "%Y", "M": "%m", "d": "%d", "H": "%H", "m": "%M", "s": "%S"}
_SECONDS = {"SECOND": 1, "MINUTE": 60, "HOUR": 3_600, "DAY": 86_400, "WEEK": 604_800}
_MONTHS = {"MONTH": 1, "YEAR": 12}

KeyValues = Mapping[str, str]
Keep = Callable[[Sequence[KeyValues]], Sequence[KeyValues]]
"""The partitions, by their keys' values, that a query may want; all have the same keys, which may
be some of the table's."""


class TableError(Exception):
    """What Athena says of a table that it can't read, as the reason of a failed query."""


class Column(NamedTuple):
    """A column by its name, in lower case, and its type."""

    name: str
    type: exp.DataType


class Partition(NamedTuple):
    """The values of the keys, and where their objects lie: `s3://bucket/prefix/`."""

    values: KeyValues
    location: str


@dataclass(frozen=True)
class GlueTable:
    """What a query needs to know of a table.

    `lenient`: an object in a column of text is that object's JSON, as OpenX's SerDe has it; for
    Hive's that is an error, but for the four fields that CloudTrail's input format turns to text.
    """

    database: str
    name: str
    columns: tuple[Column, ...]
    keys: tuple[Column, ...]
    location: str
    parameters: Mapping[str, str]
    cloudtrail: bool
    lenient: bool
    paths: Mapping[str, str]

    @property
    def projected(self) -> bool:
        """Whether partitions are calculated rather than looked up."""
        return self.parameters.get("projection.enabled", "").lower() == "true"

    @property
    def injected(self) -> list[str]:
        """The keys whose values a query has to name."""
        return [k.name for k in self.keys if self._projection(k.name, "type") == "injected"]

    def partitions(
        self,
        keep: Keep,
        given: Mapping[str, Sequence[str]],
        stored: Callable[[], Sequence[Mapping[str, Any]]],
        now: datetime,
    ) -> list[Partition]:
        """The partitions that a query may want.

        `given` holds the values that the query names for injected keys; `stored` are those of
        GetPartitions, for a table without projection. Raises TableError.
        """
        names = [key.name for key in self.keys]
        if not names:
            return [Partition({}, _folder(self.location))]
        if self.projected:
            return [
                Partition(values, self._location(values))
                for values in self._calculated(names, keep, given, now)
            ]
        # A partition's own values are the last word: two may lie in one folder.
        known = {
            tuple(map(str, each["Values"])): str(each["StorageDescriptor"]["Location"])
            for each in stored()
        }
        kept = keep([dict(zip(names, values, strict=True)) for values in known])
        return [Partition(v, _folder(known[tuple(v[name] for name in names)])) for v in kept]

    def _calculated(
        self, names: Sequence[str], keep: Keep, given: Mapping[str, Sequence[str]], now: datetime
    ) -> Sequence[KeyValues]:
        # Each key's own values first: of 400 accounts, 30 Regions and 1,000 days one of each may be
        # left over.
        wanted: list[list[str]] = []
        number = 1
        for name in names:
            kept = keep([{name: value} for value in self._values(name, given, now)])
            wanted.append([values[name] for values in kept])
            number *= len(kept)
        if number > _MOST_PARTITIONS:
            raise TableError(
                f"CONSTRAINT_VIOLATION: the query wants {number:,} partitions of "
                f"{self.database}.{self.name}: name accounts, Regions or days in its WHERE"
            )
        return keep([dict(zip(names, row, strict=True)) for row in itertools.product(*wanted)])

    def _values(self, name: str, given: Mapping[str, Sequence[str]], now: datetime) -> list[str]:
        match self._projection(name, "type"):
            case "enum":
                return self._needed(name, "values").split(",")
            case "injected":
                if not given.get(name):
                    raise TableError(
                        "CONSTRAINT_VIOLATION: For the injected projected partition column "
                        f"{name}, the WHERE clause must contain only static equality conditions, "
                        "and at least one such condition must be present."
                    )
                return list(dict.fromkeys(given[name]))
            case "integer":
                return self._integers(name)
            case "date":
                return self._dates(name, now)
            case other:
                raise self._invalid(f"projection.{name}.type", other or "")

    def _integers(self, name: str) -> list[str]:
        text = self._needed(name, "range")
        try:
            low, high = (int(part) for part in text.split(","))
            step = int(self._projection(name, "interval") or 1)
            digits = int(self._projection(name, "digits") or 0)
        except ValueError:
            raise self._invalid(f"projection.{name}.range", text) from None
        return [str(each).zfill(digits) for each in range(low, high + 1, step)]

    def _dates(self, name: str, now: datetime) -> list[str]:
        text, format_ = self._needed(name, "range"), self._needed(name, "format")
        written = "".join(
            literal or other or _CODES[letters[0]]
            for literal, letters, other in _LETTERS.findall(format_)
        )
        ends = text.split(",")
        if len(ends) != 2:
            raise self._invalid(f"projection.{name}.range", text)
        now = now.replace(tzinfo=None)
        try:
            first, last = (_moment(end.strip(), written, now) for end in ends)
            step = int(self._projection(name, "interval") or 1)
        except ValueError:
            raise self._invalid(f"projection.{name}.range", text) from None
        unit = (self._projection(name, "interval.unit") or _smallest(format_)).upper().rstrip("S")
        found = []
        while first <= last:
            found.append(first.strftime(written))
            first = _later(first, step, unit)
        return list(dict.fromkeys(found))

    def _location(self, values: Mapping[str, str]) -> str:
        template = self.parameters.get("storage.location.template")
        if template is None:
            hive = "/".join(f"{name}={value}" for name, value in values.items())
            return _folder(f"{_folder(self.location)}{hive}")
        return _folder(_PLACEHOLDER.sub(lambda found: values[found[1].lower()], template))

    def _projection(self, name: str, what: str) -> str | None:
        return self.parameters.get(f"projection.{name}.{what}")

    def _needed(self, name: str, what: str) -> str:
        found = self._projection(name, what)
        if not found:
            raise self._invalid(f"projection.{name}.{what}", "")
        return found

    def _invalid(self, parameter: str, value: str) -> TableError:
        return TableError(
            f"INVALID_TABLE_PROPERTY: {self.database}.{self.name}: {parameter} is missing or can't "
            f"be read: {value!r}"
        )


def from_glue(table: Mapping[str, Any]) -> GlueTable:
    """A table as GetTable answers it. Raises TableError."""
    name, storage = f"{table['DatabaseName']}.{table['Name']}", table.get("StorageDescriptor") or {}
    serde = (storage.get("SerdeInfo") or {}).get("SerializationLibrary", "")
    format_ = storage.get("InputFormat", "")
    lenient = serde in _OPENX_JSON
    if not lenient and serde not in _HIVE_JSON:
        raise TableError(f"HIVE_INVALID_METADATA: {name}: the local AWS has no SerDe {serde!r}")
    if format_ not in (CLOUDTRAIL_FORMAT, _TEXT_FORMAT):
        raise TableError(f"HIVE_INVALID_METADATA: {name}: the local AWS can't read {format_!r}")
    settings = (storage.get("SerdeInfo") or {}).get("Parameters") or {}
    paths = {
        key.removeprefix("mapping."): value
        for key, value in settings.items()
        if lenient and key.startswith("mapping.")
    }
    return GlueTable(
        database=str(table["DatabaseName"]),
        name=str(table["Name"]),
        columns=tuple(_columns(name, storage.get("Columns") or ())),
        keys=tuple(_columns(name, table.get("PartitionKeys") or ())),
        location=str(storage.get("Location", "")),
        parameters=table.get("Parameters") or {},
        cloudtrail=format_ == CLOUDTRAIL_FORMAT,
        lenient=lenient,
        paths=paths,
    )


def _columns(table: str, columns: Sequence[Mapping[str, Any]]) -> Iterator[Column]:
    for column in columns:
        try:
            type_ = exp.DataType.build(str(column["Type"]).lower(), dialect="hive")
        except SqlglotError:
            raise TableError(
                f"HIVE_INVALID_METADATA: Glue table '{table}' column '{column['Name']}' has "
                f"invalid data type: {column['Type']}"
            ) from None
        yield Column(str(column["Name"]).lower(), type_)


def _folder(location: str) -> str:
    return location if location.endswith("/") else f"{location}/"


def _moment(text: str, written: str, now: datetime) -> datetime:
    found = _NOW.match(text)
    if found is None:
        return datetime.strptime(text, written)  # noqa: DTZ007 (the format has no zone)
    if found[1] is None:
        return now
    number = int(found[2]) if found[1] == "+" else -int(found[2])
    return _later(now, number, found[3].upper())


def _later(moment: datetime, number: int, unit: str) -> datetime:
    if unit in _SECONDS:
        return moment + timedelta(seconds=number * _SECONDS[unit])
    if unit not in _MONTHS:
        raise ValueError(unit)
    months = moment.year * 12 + moment.month - 1 + number * _MONTHS[unit]
    return moment.replace(year=months // 12, month=months % 12 + 1, day=min(moment.day, 28))


def _smallest(format_: str) -> str:
    for letter, unit in (("s", "SECOND"), ("m", "MINUTE"), ("H", "HOUR"), ("d", "DAY")):
        if letter in format_:
            return unit
    return "MONTH" if "M" in format_ else "YEAR"
