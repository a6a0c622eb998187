"""Runs one query: reads what the partitions that it wants hold, and lets DuckDB answer."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import duckdb
import msgspec
from sqlglot import exp

from localaws.athena import sql
from localaws.athena.rows import RowReader
from localaws.athena.tables import Column, GlueTable, Partition, TableError

_LINES = 5_000
_BIGGEST_LINE = 64_000_000
_READ = (
    "SELECT * FROM read_json($path, format = 'newline_delimited', columns = $types, "
    "maximum_object_size = $most)"
)
_TEXT = exp.DataType.build("varchar")
# https://docs.aws.amazon.com/athena/latest/APIReference/API_ColumnInfo.html
_TYPES = {
    "BIGINT": "bigint",
    "BLOB": "varbinary",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "DECIMAL": "decimal",
    "DOUBLE": "double",
    "FLOAT": "real",
    "HUGEINT": "bigint",
    "INTEGER": "integer",
    "JSON": "json",
    "LIST": "array",
    "MAP": "map",
    "SMALLINT": "smallint",
    "STRUCT": "row",
    "TIME": "time",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
    "TINYINT": "tinyint",
    "VARCHAR": "varchar",
}


class QueryError(Exception):
    """Why a query failed, in Athena's words."""


class StoppedError(Exception):
    """The query is stopped, or has read more than it may; with the reason, if there is one."""


class Object(NamedTuple):
    """An object that a table's partition holds; `size` in bytes."""

    bucket: str
    key: str
    size: int
    partition: Partition


class Catalog(Protocol):
    """Where tables and their objects come from; a query asks it on its own thread."""

    def table(self, database: str, name: str) -> GlueTable | None:
        """A table of the catalog. Raises QueryError, as everything here, where that is refused."""
        ...

    def stored(self, table: GlueTable) -> Sequence[Mapping[str, Any]]:
        """The partitions of a table, as GetPartitions lists them."""
        ...

    def objects(self, partitions: Sequence[Partition]) -> Iterable[Object]:
        """The objects of partitions."""
        ...

    def read(self, each: Object) -> bytes:
        """The bytes of an object."""
        ...


class ResultColumn(NamedTuple):
    """A column of the answer, and its type by Athena's name."""

    name: str
    type: str


@dataclass
class Scan:
    """How far a query is: the bytes that it has read, and whether it has to stop."""

    most: int | None = None
    scanned: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    def read(self, size: int) -> None:
        """Count bytes before they are read. Raises StoppedError."""
        if self.stop.is_set():
            raise StoppedError
        self.scanned += size
        if self.most is not None and self.scanned > self.most:
            raise StoppedError("Bytes scanned limit was exceeded")


class ResultSet(NamedTuple):
    """The answer: its columns, and its rows as texts, None for null, as they come."""

    columns: Sequence[ResultColumn]
    rows: Iterator[Sequence[str | None]]


def run(
    tree: exp.Query, database: str, source: Catalog, scan: Scan, now: datetime,
    done: Callable[[ResultSet], None],
) -> None:  # fmt: skip
    """Answers a query; the answer's rows are read inside `done`.

    Raises QueryError, and StoppedError.
    """
    tree = tree.copy()
    with tempfile.TemporaryDirectory(prefix="athena-") as folder, duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        interrupted = threading.Event()
        watch = threading.Thread(target=_watch, args=(scan, connection, interrupted), daemon=True)
        watch.start()
        try:
            said = sql.names(tree)
            for number, reference in enumerate(sql.references(tree, database)):
                table = _resolved(reference, source)
                _load(table, reference, said, source, scan, now,
                      connection, f"_t{number}", Path(folder))  # fmt: skip
            text = sql.duckdb_text(sql.named_columns(tree))
            try:
                answer = connection.execute(text)
                described = answer.description or []
                columns = [ResultColumn(str(name), _type(kind)) for name, kind, *_ in described]
                done(ResultSet(columns, _rows(answer)))
            except duckdb.Error as error:
                if scan.stop.is_set():
                    raise StoppedError from None
                raise QueryError(_reason(error)) from None
        finally:
            interrupted.set()
            watch.join()


def _watch(scan: Scan, connection: duckdb.DuckDBPyConnection, over: threading.Event) -> None:
    while not over.wait(0.05):
        if scan.stop.is_set():
            connection.interrupt()


def _resolved(reference: sql.Reference, source: Catalog) -> GlueTable:
    try:
        table = source.table(reference.database, reference.name)
    except TableError as error:
        raise QueryError(str(error)) from None
    if table is None:
        raise QueryError(
            "TABLE_NOT_FOUND: line 1:1: Table "
            f"'awsdatacatalog.{reference.database}.{reference.name}' does not exist"
        )
    return table


def _load(
    table: GlueTable, reference: sql.Reference, said: set[str] | None, source: Catalog, scan: Scan,
    now: datetime, connection: duckdb.DuckDBPyConnection, name: str, folder: Path,
) -> None:  # fmt: skip
    """Puts the rows that a query may want into a table of DuckDB, which the tree then names."""
    pruning = sql.Pruning(reference, table.keys)
    columns = [c for c in (*table.columns, *table.keys) if said is None or c.name in said]
    if said is not None and sql.PATH in said:
        columns.append(Column(sql.PATH, _TEXT))
    # A table without any column asked for is counted: one column stands for the rows.
    columns = columns or [*table.columns[:1]]
    wanted = {column.name for column in columns}
    types = {column.name: column.type.sql("duckdb", identify=True) for column in columns}
    try:
        partitions = table.partitions(
            pruning.keep, pruning.given(), lambda: source.stored(table), now
        )
        connection.execute(
            exp.Create(
                this=exp.Schema(
                    this=exp.to_table(name),
                    expressions=[
                        exp.ColumnDef(this=exp.to_identifier(c.name, quoted=True), kind=c.type)
                        for c in columns
                    ],
                ),
                kind="TABLE",
            ).sql("duckdb")
        )
        path = folder / f"{name}.json"
        for lines in _pieces(_lines(table, source, scan, partitions, wanted)):
            path.write_bytes(lines)
            connection.from_query(
                _READ, params={"path": str(path), "types": types, "most": _BIGGEST_LINE}
            ).insert_into(name)
    except TableError as error:
        raise QueryError(str(error)) from None
    node = exp.to_table(name)
    alias = reference.node.args.get("alias") or exp.TableAlias(
        this=exp.to_identifier(reference.name, quoted=True)
    )
    node.set("alias", alias.copy())
    for key in ("joins", "laterals", "sample"):
        if reference.node.args.get(key):
            node.set(key, reference.node.args[key])
    reference.node.replace(node)


def _lines(
    table: GlueTable, source: Catalog, scan: Scan, partitions: Sequence[Partition], wanted: set[str]
) -> Iterator[bytes]:
    reader = RowReader(table)
    encode = msgspec.json.Encoder().encode
    for each in source.objects(partitions):
        scan.read(each.size)
        where = f"s3://{each.bucket}/{each.key}"
        keys = {name: value for name, value in each.partition.values.items() if name in wanted}
        if sql.PATH in wanted:
            keys[sql.PATH] = where
        for row in reader.rows(where, source.read(each)):
            yield encode({k: v for k, v in row.items() if k in wanted} | keys)


def _pieces(lines: Iterator[bytes]) -> Iterator[bytes]:
    piece: list[bytes] = []
    for line in lines:
        piece.append(line)
        if len(piece) >= _LINES:
            yield b"\n".join(piece)
            piece = []
    if piece:
        yield b"\n".join(piece)


def _rows(answer: duckdb.DuckDBPyConnection) -> Iterator[Sequence[str | None]]:
    while rows := answer.fetchmany(1_000):
        yield from ([_written(value) for value in row] for row in rows)


def _written(value: Any) -> str | None:
    """A value as Athena writes it into its results."""
    match value:
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case datetime():
            text = value.replace(tzinfo=None).isoformat(" ", "milliseconds")
            return f"{text} UTC" if value.tzinfo else text
        case date():
            return value.isoformat()
        case bytes():
            return value.hex(" ")
        case list() | tuple():
            return f"[{', '.join(_inside(each) for each in value)}]"
        case dict():
            return f"{{{', '.join(f'{k}={_inside(v)}' for k, v in value.items())}}}"
    return str(value)


def _inside(value: Any) -> str:
    written = _written(value)
    return "null" if written is None else written


def _type(kind: Any) -> str:
    name = str(kind)
    if name.endswith("[]"):
        return "array"
    return _TYPES.get(name.partition("(")[0], "varchar")


def _reason(error: duckdb.Error) -> str:
    """DuckDB's sentence behind the name that Athena gives to such a failure."""
    told = str(error).partition("\n")[0]
    kinds = {
        duckdb.BinderException: "COLUMN_NOT_FOUND" if "column" in told else "TYPE_MISMATCH",
        duckdb.CatalogException: "FUNCTION_NOT_FOUND",
        duckdb.ConversionException: "INVALID_CAST_ARGUMENT",
        duckdb.ParserException: "SYNTAX_ERROR",
    }
    name = next((n for kind, n in kinds.items() if isinstance(error, kind)), "GENERIC_USER_ERROR")
    return f"{name}: {told}"
