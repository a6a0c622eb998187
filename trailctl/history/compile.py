"""Event patterns as one query in Trino's SQL, which misses no file that they match a record of.

Each condition of a pattern becomes one that is true for every record that meets it, and for few
others. What rules share is written once, and first what sorts records into few kinds.

Two things are taken as given. The plain fields at the top of a record hold the text or boolean that
AWS documents, or null, or are absent. No object of a record holds a key twice.

https://docs.aws.amazon.com/athena/latest/ug/functions-env3.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from reactor.patterns import EventPattern
from reactor.patterns.arrays import sort_key
from reactor.patterns.model import Matcher

from trailctl.history.conditions import TRUE, all_of, any_of, may_match
from trailctl.history.fields import KINDS, Fields, json_path
from trailctl.history.question import EventSpan, Question, Table

# A statement's length in bytes.
# https://docs.aws.amazon.com/athena/latest/ug/service-limits.html
LONGEST = 262_144
# Files are delivered soon after their events, and lie under the day of their delivery.
_EARLY, _LATE = timedelta(minutes=15), timedelta(days=1)
_TIME = "%Y-%m-%dT%H:%M:%SZ"
# A condition: a field's path and its matchers.
_Item: TypeAlias = "tuple[str, tuple[Matcher, ...]]"
# It has no field: rules do not get read-only management events.
_NO_READ: _Item = ("", ())
_Branch: TypeAlias = "frozenset[_Item]"


def compile_question(
    patterns: Mapping[str, Any],
    table: Table,
    span: EventSpan | None = None,
    accounts: Sequence[str] = (),
    regions: Sequence[str] = (),
    no_reads: Collection[str] = (),
    decided: Collection[str] = (),
) -> Question:
    """One query for all rules.

    `patterns` maps names to event patterns; `no_reads` are the names of rules that do not get
    read-only management events, `decided` of those on whose matches a function decides. `accounts`
    and `regions` choose partitions; without them, all are read. Raises PatternError.
    """
    compiler = _Compiler(table)
    rules: dict[str, list[_Branch]] = {}
    exact: dict[str, bool] = {}
    for name, each in patterns.items():
        pattern = each if isinstance(each, EventPattern) else EventPattern(each)
        more = (_NO_READ,) if name in no_reads else ()
        branches = [(*branch.items(), *more) for branch in pattern.parsed.branches]
        # Each condition is compiled here, so in the pattern's order.
        sure = [compiler.is_exact(branch) for branch in branches]
        exact[name] = all(sure) and name not in decided
        rules[name] = [frozenset(branch) for branch in branches]
    alone = {name: compiler.either(branches) for name, branches in rules.items()}
    lengths = {name: len(condition.encode()) for name, condition in alone.items()}
    chosen = _partitions(table, span or EventSpan(), accounts, regions)
    coarse: list[str] = []
    while True:
        whole = compiler.either(branch for branches in rules.values() for branch in branches)
        sql = compiler.statement(table, whole, span or EventSpan(), chosen)
        over = len(sql.encode()) - LONGEST
        if over <= 0:
            break
        # The longest rules keep only what sorts records into kinds, and in the end nothing.
        while over > 0 and lengths:
            name = max(lengths, key=lengths.__getitem__)
            over -= lengths.pop(name)
            rules[name] = [frozenset(i for i in b if i[0] in KINDS) for b in rules[name]]
            alone[name], exact[name] = compiler.either(rules[name]), False
            coarse.append(name)
        if over > 0:
            rules = {name: [frozenset()] for name in rules}
            alone, exact = dict.fromkeys(rules, TRUE), dict.fromkeys(rules, False)
    return Question(sql, exact, alone, compiler.source(table), tuple(coarse))


class _Compiler:
    """Conditions on a table's rows."""

    def __init__(self, table: Table) -> None:
        self.fields = Fields(table)
        self._known: dict[_Item, tuple[str, bool]] = {}

    def _sql(self, item: _Item) -> tuple[str, bool]:
        found = self._known.get(item)
        if found is None:
            found = self._no_read() if item == _NO_READ else may_match(self.fields, *item)
            self._known[item] = found
        return found

    def _no_read(self) -> tuple[str, bool]:
        """No call that EventBridge keeps from rules in their usual state, as far as one can tell.

        https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
        """
        told = {"readOnly": "true", "eventType": "AwsApiCall", "eventCategory": "Management"}
        columns = {name: self.fields.plain(name) for name in told}
        if not all(columns.values()):
            return TRUE, False
        return any_of(f"{columns[n]} IS DISTINCT FROM '{told[n]}'" for n in told), True

    def is_exact(self, items: Iterable[_Item]) -> bool:
        """True if no record passes the conditions of a branch that it does not match."""
        found = [self._sql(item)[1] for item in items]
        return all(found)

    def either(self, branches: Iterable[_Branch]) -> str:
        """The condition of some branches: what most have is written once, before the rest."""
        rest = set(branches)
        found = []
        while rest:
            if frozenset() in rest:
                return TRUE
            counts = Counter(item for branch in rest for item in branch)
            item = min(counts, key=lambda each: (-counts[each], self._rank(each)))
            if counts[item] == 1:
                found += [all_of(self._sql(i)[0] for i in self._ordered(b)) for b in rest]
                break
            with_it = {branch for branch in rest if item in branch}
            inner = self.either(branch - {item} for branch in with_it)
            found.append(all_of((self._sql(item)[0], inner)))
            rest -= with_it
        return any_of(sorted(found))

    def _ordered(self, branch: _Branch) -> list[_Item]:
        return sorted(branch, key=self._rank)

    def _rank(self, item: _Item) -> tuple[bool, int, bytes]:
        """A sort key: what sorts records into kinds first, and short conditions before long."""
        text = self._sql(item)[0]
        return item[0] not in KINDS, len(text), sort_key(item[0] + text)

    def source(self, table: Table, where: str = TRUE) -> str:
        """The FROM clause whose rows the conditions are about: records, each with its `$path`."""
        clause = f"FROM {_identifier(table.database)}.{_identifier(table.name)}"
        wanted = f" WHERE {where}" if where != TRUE else ""
        if table.layout == "cloudtrail":
            return clause + wanted
        columns = ['"$path"']
        columns += [
            f"json_extract_scalar(record, '{json_path((name,))}') AS v{number}, "
            f"json_format(json_extract(record, '{json_path((name,))}')) AS t{number}"
            for number, name in enumerate(self.fields.read)
        ]
        split = (
            f'SELECT "$path", record {clause} CROSS JOIN UNNEST(records) AS each(record){wanted}'
        )
        return f"FROM (SELECT {', '.join(columns)} FROM ({split}) AS split) AS records"  # noqa: S608

    def statement(
        self, table: Table, condition: str, span: EventSpan, chosen: Sequence[str]
    ) -> str:
        """The whole query; `chosen` are conditions on partitions."""
        time = self.fields.plain("eventTime") or "CAST(NULL AS varchar)"
        within = []
        if span.begin:
            within.append(f"{time} >= '{span.begin}'")
        if span.end:
            within.append(f"{time} < '{span.end}'")
        if table.layout == "cloudtrail":
            source = self.source(table, all_of([*chosen, *within]))
        else:
            source = self.source(table, all_of(chosen))
            source += f" WHERE {' AND '.join(within)}" if within else ""
        rows = f'SELECT CASE WHEN {condition} THEN "$path" END AS path, {time} AS moment {source}'
        totals = "count(*) AS events, min(moment) AS earliest, max(moment) AS latest"
        # In the order that S3 lists files in: replay shows the first few matches as examples.
        return f"SELECT path, {totals} FROM ({rows}) AS matched GROUP BY path ORDER BY path"  # noqa: S608


def _partitions(
    table: Table, span: EventSpan, accounts: Sequence[str], regions: Sequence[str]
) -> list[str]:
    """Conditions on the columns that partition the table."""
    found = []
    for column, values in ((table.account, accounts), (table.region, regions)):
        if column and values:
            found.append(f"{_identifier(column)} IN ({', '.join(map(_quoted, values))})")
    if table.day and span.begin:
        day = datetime.strptime(span.begin, _TIME) - _EARLY  # noqa: DTZ007 - in UTC as written
        found.append(f"{_identifier(table.day)} >= '{day:%Y/%m/%d}'")
    if table.day and span.end:
        day = datetime.strptime(span.end, _TIME) + _LATE  # noqa: DTZ007
        found.append(f"{_identifier(table.day)} <= '{day:%Y/%m/%d}'")
    return found


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
