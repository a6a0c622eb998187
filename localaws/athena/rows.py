"""The rows of a file, by the table's SerDe, as JSON lines that DuckDB reads.

The judge is Trino's own reader, which Athena's engine version 3 is built on: CloudTrail's input
format turns four fields to text and leaves out those that are null; Hive's SerDe refuses an object
in any other column of text, OpenX's writes it as JSON.
https://github.com/trinodb/trino/tree/master/lib/trino-hive-formats/src/main/java/io/trino/hive/formats/line
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
from sqlglot import exp

from localaws.athena.tables import GlueTable, TableError

_AS_TEXT = ("requestParameters", "responseElements", "additionalEventData", "serviceEventDetails")
# Trino adds the whole identity as text, for a column that asks for it.
_IDENTITY, _IDENTITY_TEXT = "userIdentity", "userIdentity_as_string"
_encode = msgspec.json.encode
_Decode = Callable[[Any], Any]


class RowReader:
    """Turns the bytes of a table's files to rows."""

    def __init__(self, table: GlueTable) -> None:
        self._table = table
        self._columns = {
            table.paths.get(column.name, column.name).lower(): (
                column.name,
                _decoder(column.type, table.lenient),
            )
            for column in table.columns
        }

    def rows(self, name: str, data: bytes) -> Iterator[Mapping[str, Any]]:
        """The rows of one file; a column that a record lacks is missing. Raises TableError."""
        try:
            text = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
        except (OSError, EOFError, zlib.error) as error:
            raise TableError(f"HIVE_CURSOR_ERROR: {name}: {error}") from None
        for record in self._records(name, text):
            row = {}
            for key, value in record.items():
                found = self._columns.get(key.lower())
                if found is None or value is None:
                    continue
                column, decode = found
                try:
                    row[column] = decode(value)
                except TypeError as error:
                    raise TableError(f"HIVE_BAD_DATA: {name}: {error}") from None
            yield row

    def _records(self, name: str, text: bytes) -> Iterator[Mapping[str, Any]]:
        for line in text.splitlines():
            if not line.strip():
                continue
            try:
                value = msgspec.json.decode(line)
            except (msgspec.DecodeError, RecursionError):
                if self._table.cloudtrail:
                    continue  # Trino's reader goes on with what it can read
                raise TableError(
                    f"HIVE_CURSOR_ERROR: Row is not a valid JSON Object: {name}"
                ) from None
            if not self._table.cloudtrail:
                if isinstance(value, dict):
                    yield value
                continue
            found = value.get("Records") if isinstance(value, dict) else None
            for record in found if isinstance(found, list) else ():
                yield _flat(record)


def _flat(record: dict[str, Any]) -> Mapping[str, Any]:
    for name in _AS_TEXT:
        value = record.get(name)
        if value is not None:
            record[name] = _encode(value).decode()
    identity = record.get(_IDENTITY)
    if identity is not None:
        record[_IDENTITY_TEXT] = _encode(identity).decode()
    return record


def _decoder(type_: exp.DataType, lenient: bool) -> _Decode:
    kind = type_.this
    if kind == exp.DataType.Type.STRUCT:
        fields = {
            field.name.lower(): (field.name.lower(), _decoder(field.args["kind"], lenient))
            for field in type_.expressions
        }
        return lambda value: _struct(value, fields)
    if kind == exp.DataType.Type.ARRAY:
        inner = _decoder(type_.expressions[0], lenient)
        return lambda value: _list(value, inner, lenient)
    if kind == exp.DataType.Type.MAP:
        of_value = _decoder(type_.expressions[1], lenient)
        return lambda value: {str(k): _known(v, of_value) for k, v in _object(value).items()}
    if kind in exp.DataType.TEXT_TYPES:
        return _lenient_text if lenient else _text
    if kind == exp.DataType.Type.BOOLEAN:
        return lambda value: value if isinstance(value, bool) else str(value).lower() == "true"
    return _scalar


def _known(value: Any, decode: _Decode) -> Any:
    return None if value is None else decode(value)


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("a JSON object is expected")
    return value


def _struct(value: Any, fields: Mapping[str, tuple[str, _Decode]]) -> Any:
    found: dict[str, Any] = {}
    for key, inner in _object(value).items():
        field = fields.get(key.lower())
        if field is not None:
            found[field[0]] = _known(inner, field[1])
    return found


def _list(value: Any, inner: _Decode, lenient: bool) -> Any:
    if not isinstance(value, list):
        if not lenient:
            raise TypeError("a JSON array is expected")
        value = [value]
    return [_known(each, inner) for each in value]


def _scalar(value: Any) -> Any:
    if isinstance(value, dict | list):
        raise TypeError("Invalid JSON: the value must be a scalar json value")
    return value


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return _lenient_text(_scalar(value))


def _lenient_text(value: Any) -> str:
    return value if isinstance(value, str) else _encode(value).decode()
