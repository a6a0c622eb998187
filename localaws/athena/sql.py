"""Athena's SQL, which is Trino's: its tables, the partitions that it wants, and it in DuckDB's.

sqlglot parses and writes both; nothing here works on the text. What it leaves as Trino says it,
though DuckDB says it otherwise, is changed in the tree.
https://docs.aws.amazon.com/athena/latest/ug/engine-versions-reference-0003.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from localaws.athena.tables import Column, KeyValues

PATH = "$path"


class SqlError(Exception):
    """A text that is no query: what Athena says of it."""


@dataclass(frozen=True)
class Reference:
    """A table that a query reads, as the tree names it; the same table may be read twice."""

    node: exp.Table
    database: str
    name: str


def parse(text: str) -> exp.Query | None:
    """The tree of a query; None for another statement. Raises SqlError for what is none."""
    try:
        tree = sqlglot.parse_one(text, read="athena")
    except SqlglotError as error:
        told = getattr(error, "errors", None) or [{}]
        at = f"line {told[0].get('line', 1)}:{told[0].get('col', 1)}"
        raise SqlError(f"{at}: {told[0].get('description') or error}") from None
    return tree if isinstance(tree, exp.Query) else None


def filled(tree: exp.Query, parameters: Sequence[str]) -> exp.Query:
    """The query with a literal for each `?`, in their order. Raises SqlError.

    https://docs.aws.amazon.com/athena/latest/ug/querying-with-prepared-statements.html
    """
    tree = tree.copy()
    places = [*tree.find_all(exp.Placeholder, bfs=False)]
    if len(places) != len(parameters):
        raise SqlError(
            f"Incorrect number of parameters: expected {len(places)} but found {len(parameters)}"
        )
    for place, text in zip(places, parameters, strict=True):
        try:
            place.replace(sqlglot.parse_one(text, read="trino"))
        except SqlglotError:
            raise SqlError(f"INVALID_PARAMETER_USAGE: {text} is no literal") from None
    return tree


def references(tree: exp.Query, database: str) -> list[Reference]:
    """The tables that a query reads, in its order."""
    named = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    found = []
    for node in tree.find_all(exp.Table, bfs=False):
        if not node.name or (not node.db and node.name.lower() in named):
            continue
        found.append(Reference(node, (node.db or database).lower(), node.name.lower()))
    return found


def names(tree: exp.Query) -> set[str] | None:
    """The names that a query says, in lower case; None if it asks for all columns."""
    if any(not isinstance(star.parent, exp.Count) for star in tree.find_all(exp.Star)):
        return None
    return {each.name.lower() for each in tree.find_all(exp.Identifier)}


class Pruning:
    """What the WHERE beside a table says of its partition keys alone."""

    def __init__(self, reference: Reference, keys: Sequence[Column]) -> None:
        self._types = {key.name: key.type for key in keys}
        select = reference.node.find_ancestor(exp.Select)
        where = select.args.get("where") if select is not None else None
        self._where: exp.Expr | None = where.this if where is not None else None
        sources = [] if select is None else [*select.find_all(exp.Table)]
        self._qualifiers = {reference.node.alias_or_name.lower()}
        if len(sources) == 1:
            self._qualifiers.add("")

    def keep(self, partitions: Sequence[KeyValues]) -> Sequence[KeyValues]:
        """Those of the partitions that the query may want, in order."""
        if not partitions or self._where is None:
            return partitions
        keys = list(partitions[0])
        asked = self._weakened(self._where, set(keys))
        if asked is None:
            return partitions
        rows = exp.select(
            "n",
            *(exp.cast(exp.column(f"_{key}"), self._types[key]).as_(key) for key in keys),
        ).from_("_partitions")
        query = exp.select("n").from_(rows.subquery("t")).where(asked).order_by("n")
        unnested = ", ".join(
            ["unnest(range($n)) AS n", *(f'unnest(${i}) AS "_{k}"' for i, k in _numbered(keys))]
        )
        given = {i: [values[key] for values in partitions] for i, key in _numbered(keys)}
        with duckdb.connect() as connection:
            text = f"CREATE TABLE _partitions AS SELECT {unnested}"
            connection.execute(text, {"n": len(partitions), **given})
            kept = connection.execute(duckdb_text(query)).fetchall()
        return [partitions[number] for (number,) in kept]

    def given(self) -> Mapping[str, list[str]]:
        """The values that the WHERE names for each key, by `=` or IN."""
        found: dict[str, list[str]] = {}
        for each in _conjuncts(self._where):
            if isinstance(each, exp.EQ):
                sides = (each.this, each.expression), (each.expression, each.this)
                pairs = [(key, [value]) for key, value in sides if self._is_key(key)]
            elif isinstance(each, exp.In) and self._is_key(each.this):
                pairs = [(each.this, each.expressions)]
            else:
                continue
            for key, values in pairs:
                if values and all(isinstance(value, exp.Literal) for value in values):
                    found.setdefault(key.name.lower(), []).extend(value.name for value in values)
        return found

    def _is_key(self, node: Any) -> bool:
        return (
            isinstance(node, exp.Column)
            and node.name.lower() in self._types
            and node.table.lower() in self._qualifiers
        )

    def _weakened(self, node: exp.Expr, keys: set[str]) -> exp.Expr | None:
        """What holds wherever the condition holds, of these keys alone; None: anything may."""
        node = node.unnest()
        if isinstance(node, exp.And | exp.Or):
            left, right = (self._weakened(side, keys) for side in (node.left, node.right))
            if isinstance(node, exp.Or):
                return None if left is None or right is None else exp.or_(left, right)
            return (
                exp.and_(left, right) if left is not None and right is not None else left or right
            )
        columns = [*node.find_all(exp.Column)]
        if not columns or node.find(exp.Query) is not None:
            return None
        if not all(self._is_key(column) and column.name.lower() in keys for column in columns):
            return None
        bare = node.copy()
        for column in [*bare.find_all(exp.Column)]:
            column.set("table", None)
        return bare


def _numbered(keys: Sequence[str]) -> Iterator[tuple[str, str]]:
    return ((f"k{number}", key) for number, key in enumerate(keys))


def _conjuncts(node: exp.Expr | None) -> Iterator[exp.Expr]:
    if node is None:
        return
    node = node.unnest()
    if isinstance(node, exp.And):
        yield from _conjuncts(node.left)
        yield from _conjuncts(node.right)
    else:
        yield node


def duckdb_text(tree: exp.Query) -> str:
    """A query as DuckDB says it."""
    tree = tree.copy()
    for node in reversed([*tree.walk()]):  # from the leaves: what is inside is said already
        change = _SAID.get(type(node))
        said = change(node) if change is not None else node
        if said is not node:
            node.replace(said)
    return tree.sql("duckdb")


def named_columns(tree: exp.Query) -> exp.Query:
    """The query with Trino's names for what it gives no name: `_col0`, by its place."""
    select = tree
    while isinstance(select, exp.SetOperation):
        select = select.left
    if not isinstance(select, exp.Select):
        return tree
    for number, each in enumerate([*select.expressions]):
        if not isinstance(each, exp.Column | exp.Dot | exp.Alias | exp.Star):
            each.replace(exp.alias_(each.copy(), f"_col{number}", quoted=True))
    return tree


# ---- what DuckDB says otherwise


def _json_scalar(node: exp.Expr) -> exp.Expr:
    """Null for an object, an array, and a text that is no JSON; DuckDB fails or gives its text."""
    kind = _duckdb("json_type", node.this, node.expression)
    return exp.case().when(
        exp.and_(_duckdb("json_valid", node.this), kind.isin("OBJECT", "ARRAY").not_()),
        node.copy(),
    )


def _json(node: exp.Expr) -> exp.Expr:
    return exp.case().when(_duckdb("json_valid", node.this), node.copy())


def _duckdb(name: str, *arguments: exp.Expr) -> exp.Func:
    return exp.func(name, *(each.copy() for each in arguments), dialect="duckdb")


def _match(node: exp.Expr, empty: bool, how: str) -> exp.Expr:
    """Whether a condition holds of some, all or none of an array's members."""
    array, condition = node.expressions
    answers = _duckdb(how, _duckdb("list_transform", array, condition))
    return exp.case().when(_duckdb("len", array).eq(0), exp.convert(empty)).else_(answers)


def _anonymous(node: exp.Expr) -> exp.Expr:
    match node.name.lower():
        case "any_match":
            return _match(node, False, "list_bool_or")
        case "all_match":
            return _match(node, True, "list_bool_and")
        case "none_match":
            return _match(node, False, "list_bool_or").not_()
    return node


def _unnest(node: exp.Expr) -> exp.Expr:
    """An array of rows that is taken apart into several columns, which DuckDB does in a SELECT."""
    alias = node.args.get("alias")
    if len(node.expressions) != 1 or alias is None or len(alias.args.get("columns") or ()) < 2:
        return node
    inside = sqlglot.parse_one("SELECT unnest(_, recursive := true)", read="duckdb")
    for column in inside.find_all(exp.Column):
        column.replace(node.expressions[0].copy())
    return exp.Lateral(this=exp.Subquery(this=inside), alias=alias.copy())


_SAID: Mapping[type[exp.Expr], Callable[[exp.Expr], exp.Expr]] = {
    exp.JSONExtractScalar: _json_scalar,
    exp.JSONExtract: _json,
    exp.Anonymous: _anonymous,
    exp.Unnest: _unnest,
}
