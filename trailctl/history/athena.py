"""Asks Athena: finds the table, estimates what a query reads, runs it, and hands on its answer."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from itertools import islice
from math import sqrt
from statistics import stdev
from typing import Any, NamedTuple

from trailctl.errors import UsageError
from trailctl.history.layout import TableLayout, from_glue
from trailctl.history.question import FoundFile, Question, read_rows
from trailctl.replay.sources import called, split_s3
from trailctl.session import aws_session, soon

# USD for a TB, which Athena counts in megabytes, 10 at least: https://aws.amazon.com/athena/pricing/
# (looked up on 2026-11-28; a few Regions ask for more).
USD_PER_TB = 5.0
_TB, _LEAST = 1_000_000_000_000, 10_000_000
# Folders that are listed: if there are more, so many of them, by chance. Pages of a listing hold
# 1,000 objects.
_MOST_FOLDERS, _MOST_PAGES = 2_000, 5_000
_AT_ONCE = 16
_SHORTEST, _LONGEST = 0.2, 2.0
_PAGE = 1_000
_OVER = ("SUCCEEDED", "FAILED", "CANCELLED")
# https://docs.aws.amazon.com/athena/latest/ug/querying-glacier.html
_COLD = ("GLACIER", "DEEP_ARCHIVE")


class Estimate(NamedTuple):
    """The bytes that a query reads, by S3's listing.

    `listed` of `folders` were looked at; `error` is what the bytes may be off by where these were
    not all (two standard errors). `more` is True if the listing was cut off.
    """

    bytes: int
    listed: int
    folders: int
    error: int = 0
    more: bool = False

    @property
    def usd(self) -> float:
        """What that costs."""
        return max(self.bytes, _LEAST) / _TB * USD_PER_TB

    def __str__(self) -> str:
        about = "at least " if self.more else "about " if self.error else ""
        off = f" (give or take {size(self.error)})" if self.error else ""
        of = f"{self.listed:,} of " if self.listed < self.folders else ""
        return (
            f"Athena would read {about}{size(self.bytes)}{off}, for {usd(self.usd)} at "
            f"{USD_PER_TB:.0f} USD a TB: by the objects in {of}{self.folders:,} folders"
        )


class Ran(NamedTuple):
    """What a query took: the bytes that Athena read, and the seconds that it worked."""

    id: str
    bytes: int
    seconds: float

    @property
    def usd(self) -> float:
        """What it cost."""
        return max(self.bytes, _LEAST) / _TB * USD_PER_TB


class Athena:
    """Athena, Glue's catalog and S3, in one account and Region; `workgroup` runs the queries."""

    def __init__(self, profile: str | None, region: str | None, workgroup: str) -> None:
        import boto3
        from botocore.config import Config

        session = boto3.Session(botocore_session=aws_session(profile, region))
        # Athena refuses when too many ask at once; S3 when one asks too fast.
        patient = Config(retries={"mode": "adaptive", "max_attempts": 10})
        # The first call is one to Glue: what is wrong with the way to AWS is told within seconds.

        def client(name: str, config: Config) -> Any:
            return called(
                f"no client for {name}",
                lambda: session.client(name, config=config),  # type: ignore[call-overload]
            )

        self._glue = client("glue", soon())
        self._athena, self._s3 = client("athena", patient), client("s3", patient)
        self._workgroup = workgroup

    def layout(self, name: str) -> TableLayout:
        """The layout of `DATABASE.TABLE`. Raises UsageError."""
        database, dot, table = name.partition(".")
        if not dot or not database or not table:
            raise UsageError(f"--athena {name}: write DATABASE.TABLE")
        asked = {"DatabaseName": database, "Name": table}
        found = called(f"{name} can't be read", lambda: self._glue.get_table(**asked))["Table"]
        sample: Sequence[str] = ()
        if found.get("PartitionKeys") and not _projected(found):
            some = called(
                f"the partitions of {name} can't be read",
                lambda: self._glue.get_partitions(
                    DatabaseName=database, TableName=table, MaxResults=1
                ),
            )["Partitions"]
            sample = some[0]["Values"] if some else ()
        return from_glue(found, sample)

    def estimate(
        self, layout: TableLayout, accounts: Sequence[str], regions: Sequence[str],
        begin: datetime, end: datetime,
    ) -> Estimate:  # fmt: skip
        """What a question over these partitions reads. Raises UsageError."""
        number, folders = layout.folders(accounts, regions, begin, end, self._stored(layout))
        chosen = list(folders) if number <= _MOST_FOLDERS else _sample(folders, number)
        pages = _MOST_PAGES // max(len(chosen), 1) + 1
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            found = list(pool.map(lambda each: self._listed(each, pages), chosen))
        sizes = [held for held, _ in found]
        total, more = sum(sizes), any(cut for _, cut in found)
        if number == len(chosen):
            return Estimate(total, number, number, more=more)
        scale = number / len(chosen)
        # Chosen without putting back, from a finite number.
        error = 2 * stdev(sizes) * sqrt(len(sizes)) * scale * sqrt(1 - 1 / scale)
        return Estimate(int(total * scale), len(chosen), number, int(error), more)

    def _stored(self, layout: TableLayout) -> Iterator[tuple[Sequence[str], str]]:
        table = layout.table
        pages = self._glue.get_paginator("get_partitions").paginate(
            DatabaseName=table.database, TableName=table.name
        )
        each = iter(pages)
        what = f"the partitions of {table.database}.{table.name} can't be read"
        while (page := called(what, lambda: next(each, None))) is not None:
            for partition in page["Partitions"]:
                yield partition["Values"], str(partition["StorageDescriptor"]["Location"])

    def _listed(self, address: str, most: int) -> tuple[int, bool]:
        """The bytes of a folder's objects, and whether its listing was cut off."""
        bucket, prefix = split_s3(address)
        pages = iter(
            self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        )
        total = 0
        for _ in range(most):
            page = called(f"{address} can't be listed", lambda: next(pages, None))
            if page is None:
                return total, False
            total += sum(
                each["Size"]
                for each in page.get("Contents", ())
                if each.get("StorageClass") not in _COLD
            )
        return total, page is not None and bool(page.get("IsTruncated"))

    def run(
        self, question: Question, layout: TableLayout, tell: Callable[[str, int], None]
    ) -> tuple[Ran, Iterator[FoundFile]]:
        """The answer to a question, a page of it at a time. Raises UsageError.

        `tell(state, bytes)` is called while the query runs. Ctrl-C stops it in Athena, too.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        athena = self._athena
        started = called(
            "the query can't be started",
            lambda: athena.start_query_execution(
                QueryString=question.sql,
                QueryExecutionContext={"Database": layout.table.database},
                WorkGroup=self._workgroup,
            ),
        )
        id_ = str(started["QueryExecutionId"])
        try:
            execution = self._finished(id_, tell)
        except BaseException:
            # Whatever ends the wait, nobody would take the answer: it must not go on and cost.
            with suppress(BotoCoreError, ClientError):
                athena.stop_query_execution(QueryExecutionId=id_)
            raise
        status, statistics = execution["Status"], execution.get("Statistics") or {}
        if status["State"] != "SUCCEEDED":
            reason = status.get("StateChangeReason") or status["State"].lower()
            raise UsageError(f"Athena's query {id_} {status['State'].lower()}: {reason}")
        ran = Ran(
            id_,
            int(statistics.get("DataScannedInBytes", 0)),
            int(statistics.get("TotalExecutionTimeInMillis", 0)) / 1_000,
        )
        return ran, read_rows(islice(self._rows(id_), 1, None))

    def _finished(self, id_: str, tell: Callable[[str, int], None]) -> dict[str, Any]:
        pause = _SHORTEST
        while True:
            found: dict[str, Any] = called(
                "the query can't be followed",
                lambda: self._athena.get_query_execution(QueryExecutionId=id_),
            )["QueryExecution"]
            state = found["Status"]["State"]
            if state in _OVER:
                return found
            tell(state.lower(), int((found.get("Statistics") or {}).get("DataScannedInBytes", 0)))
            time.sleep(pause)
            pause = min(pause * 1.3, _LONGEST)

    def _rows(self, id_: str) -> Iterator[Sequence[str | None]]:
        pages = iter(
            self._athena.get_paginator("get_query_results").paginate(
                QueryExecutionId=id_, PaginationConfig={"PageSize": _PAGE}
            )
        )
        while (page := called("the answer can't be read", lambda: next(pages, None))) is not None:
            for row in page["ResultSet"]["Rows"]:
                yield [cell.get("VarCharValue") for cell in row["Data"]]


def agreed(estimate: Estimate, most: float) -> None:
    """Ask where a query costs more than `most` USD. Raises UsageError where the answer is no."""
    if estimate.usd <= most:
        return
    limit = f"more than --max-usd {most:g}"
    if not sys.stdin.isatty():
        raise UsageError(f"the query would cost {usd(estimate.usd)}, {limit}: nothing was run")
    print(f"That is {limit}. Run it? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise UsageError("nothing was run")


def size(number: int) -> str:
    """Bytes in the unit that suits them, as Athena counts them."""
    value = float(number)
    for unit in ("bytes", "KB", "MB", "GB"):
        if value < 1_000:
            return f"{value:.3g} {unit}"
        value /= 1_000
    return f"{value:,.3g} TB" if value < 1_000 else f"{value:,.0f} TB"


def usd(value: float) -> str:
    """An amount of money, cents as far as they are worth telling."""
    return f"{value:,.2f} USD" if value >= 0.005 else "less than 0.01 USD"


def _projected(table: dict[str, Any]) -> bool:
    parameters = table.get("Parameters") or {}
    return str(parameters.get("projection.enabled", "")).lower() == "true"


def _sample(folders: Iterator[str], number: int) -> list[str]:
    """Some of the folders, by chance; the same ones for the same question."""
    chosen = {*random.Random(0).sample(range(number), _MOST_FOLDERS)}  # noqa: S311 (no secret)
    return [folder for at, folder in enumerate(folders) if at in chosen]
