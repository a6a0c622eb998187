"""Athena as a source of events: what it is asked, how it is waited for, what is said of it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.stub import Stubber

from trailctl.errors import UsageError
from trailctl.history import athena as module
from trailctl.history.asking import Asked
from trailctl.history.athena import Athena, Estimate, Ran, agreed, size, usd
from trailctl.history.layout import TableLayout, from_glue
from trailctl.history.question import FoundFile, Question
from trailctl.replay.sources import S3Object
from trailctl.replay.tally import Tally

pytestmark = pytest.mark.unit

QUESTION = Question("SELECT 1", {}, {}, "")
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
ID = "11111111-2222-3333-4444-555555555555"


def table(days: int = 1, accounts: int = 2) -> TableLayout:
    template = "s3://b/AWSLogs/${account}/CloudTrail/us-east-1/${day}"
    return from_glue(
        {
            "DatabaseName": "db",
            "Name": "log",
            "StorageDescriptor": {"Columns": [{"Name": "eventname", "Type": "string"}]},
            "PartitionKeys": [{"Name": "account"}, {"Name": "day"}],
            "Parameters": {
                "projection.enabled": "true",
                "projection.account.values": ",".join(map(str, range(accounts))),
                "projection.day.format": "yyyy/MM/dd",
                "storage.location.template": template,
            },
        }
    )


@pytest.fixture(scope="module")
def athena() -> Athena:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "x")
        return Athena(None, "us-east-1", "team")


@pytest.fixture
def asked(athena: Athena) -> Iterator[tuple[Athena, Stubber]]:
    with Stubber(athena._athena) as stub:
        yield athena, stub


def told(state: str, scanned: int = 0, reason: str = "") -> dict[str, Any]:
    return {
        "QueryExecution": {
            "Status": {"State": state, **({"StateChangeReason": reason} if reason else {})},
            "Statistics": {"DataScannedInBytes": scanned, "TotalExecutionTimeInMillis": 1_500},
        }
    }


def started(stub: Stubber) -> None:
    stub.add_response(
        "start_query_execution",
        {"QueryExecutionId": ID},
        {
            "QueryString": "SELECT 1",
            "QueryExecutionContext": {"Database": "db"},
            "WorkGroup": "team",
        },
    )


def test_an_answer_comes_page_by_page(
    asked: tuple[Athena, Stubber], sleeping: Callable[[Callable[[float], None]], None]
) -> None:
    athena, stub = asked
    sleeping(lambda seconds: None)
    started(stub)
    for state, scanned in (("QUEUED", 0), ("RUNNING", 7), ("SUCCEEDED", 9)):
        stub.add_response("get_query_execution", told(state, scanned), {"QueryExecutionId": ID})
    rows = [["path", "events", "earliest", "latest"], ["s3://b/k", "2", "t1", "t2"]]
    rows += [[None, "40", "t0", "t3"]]  # type: ignore[list-item]
    for token, some in ((None, rows[:2]), ("more", rows[2:])):
        cells = [{"Data": [{"VarCharValue": v} if v else {} for v in row]} for row in some]
        page: dict[str, Any] = {"ResultSet": {"Rows": cells}}
        expected: dict[str, Any] = {"QueryExecutionId": ID, "MaxResults": 1_000}
        if token:
            expected["NextToken"] = token
        else:
            page["NextToken"] = "more"
        stub.add_response("get_query_results", page, expected)
    seen: list[tuple[str, int]] = []
    ran, found = athena.run(QUESTION, table(), lambda *each: seen.append(each))
    assert seen == [("queued", 0), ("running", 7)]
    assert ran == (ID, 9, 1.5)
    assert list(found) == [("s3://b/k", 2, "t1", "t2"), (None, 40, "t0", "t3")]
    stub.assert_no_pending_responses()


def test_ctrl_c_stops_the_query_in_athena(
    asked: tuple[Athena, Stubber], sleeping: Callable[[Callable[[float], None]], None]
) -> None:
    athena, stub = asked

    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    sleeping(interrupt)
    started(stub)
    stub.add_response("get_query_execution", told("RUNNING"), {"QueryExecutionId": ID})
    stub.add_response("stop_query_execution", {}, {"QueryExecutionId": ID})
    with pytest.raises(KeyboardInterrupt):
        athena.run(QUESTION, table(), lambda *each: None)
    stub.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("state", "reason", "words"),
    [
        ("FAILED", "TABLE_NOT_FOUND: x", f"Athena's query {ID} failed: TABLE_NOT_FOUND: x"),
        ("CANCELLED", "Bytes scanned limit was exceeded", "cancelled: Bytes scanned limit was"),
    ],
)
def test_a_query_that_does_not_succeed(
    asked: tuple[Athena, Stubber], state: str, reason: str, words: str
) -> None:
    athena, stub = asked
    started(stub)
    stub.add_response("get_query_execution", told(state, 0, reason), {"QueryExecutionId": ID})
    with pytest.raises(UsageError, match=words):
        athena.run(QUESTION, table(), lambda *each: None)


def test_expired_credentials_are_one_line(asked: tuple[Athena, Stubber]) -> None:
    athena, stub = asked
    stub.add_client_error(
        "start_query_execution", "ExpiredTokenException", "The security token is expired"
    )
    with pytest.raises(UsageError, match="started: the AWS credentials have expired"):
        athena.run(QUESTION, table(), lambda *each: None)


def test_a_source_knows_what_its_files_do_not() -> None:
    rows = [FoundFile("s3://b/k/1", 2, "t1", "t2"), FoundFile(None, 40, "t0", "t3")]
    source = Asked(Ran(ID, 12_000_000, 1.5), iter(rows))
    assert list(source.logs()) == [S3Object("b", "k/1", 0)]
    tally = Tally(events=5, files=1, first="t1", last="t2")
    [note] = source.finish(tally)
    assert (tally.events, tally.files, tally.first, tally.last) == (42, 1, "t0", "t3")
    assert note.startswith("Athena read 12 MB for less than 0.01 USD in 1.5 s (query 1111")
    assert "; 1 file holds what may match" in note


# ---- estimates


class Listing:
    """S3's listing: so many bytes in the folder of each account."""

    def __init__(self, sizes: dict[str, list[int]]) -> None:
        self.sizes, self.asked = sizes, 0

    def get_paginator(self, name: str) -> Listing:
        assert name == "list_objects_v2"
        return self

    def paginate(self, Bucket: str, Prefix: str) -> list[dict[str, Any]]:  # noqa: N803
        self.asked += 1
        found = self.sizes.get(Prefix.split("/")[1], [])
        cold = {"Size": 1_000_000, "StorageClass": "GLACIER"}
        return [{"Contents": [{"Size": each}, cold], "IsTruncated": False} for each in found]


def estimated(athena: Athena, listing: Listing, layout: TableLayout, days: int) -> Estimate:
    athena._s3 = listing
    return athena.estimate(layout, [], [], BEGIN, BEGIN + timedelta(days=days))


def test_an_estimate_is_the_objects_sizes(asked: tuple[Athena, Stubber]) -> None:
    listing = Listing({"0": [100, 20], "1": [3]})
    found = estimated(asked[0], listing, table(), 1)
    # From the day before, for late deliveries, to the day after the last.
    assert found == Estimate(123 * 4, 8, 8)
    assert str(found) == (
        "Athena would read 492 bytes, for less than 0.01 USD at 5 USD a TB: by the objects in "
        "8 folders"
    )


def test_of_very_many_folders_some_are_looked_at_and_it_says_so(
    asked: tuple[Athena, Stubber],
) -> None:
    accounts = 400
    listing = Listing({str(number): [number % 10 * 1_000_000] for number in range(accounts)})
    found = estimated(asked[0], listing, table(accounts=accounts), 100)
    exact = sum(number % 10 for number in range(accounts)) * 1_000_000 * 103
    assert listing.asked == found.listed == 2_000
    assert found.folders == accounts * 103
    assert abs(found.bytes - exact) < 2 * found.error
    assert 0 < found.error < exact / 10
    assert "Athena would read about 1" in str(found)
    assert "(give or take " in str(found)
    assert "2,000 of 41,200 folders" in str(found)


def test_a_listing_that_is_cut_off_is_a_lower_bound(
    asked: tuple[Athena, Stubber], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_PAGES", 1)

    class Endless(Listing):
        def paginate(self, Bucket: str, Prefix: str) -> list[dict[str, Any]]:  # noqa: N803
            return [{"Contents": [{"Size": 5}], "IsTruncated": True}] * 3

    found = estimated(asked[0], Endless({}), table(), 1)
    assert found.more
    assert str(found).startswith("Athena would read at least ")


def test_above_the_limit_it_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    dear = Estimate(2_000_000_000_000, 1, 1)
    assert dear.usd == 10
    agreed(dear, 10)
    with pytest.raises(UsageError, match=r"cost 10.00 USD, more than --max-usd 9.5: nothing was"):
        agreed(dear, 9.5)

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    agreed(dear, 9.5)
    monkeypatch.setattr("sys.stdin", Terminal("\n"))
    with pytest.raises(UsageError, match="nothing was run"):
        agreed(dear, 9.5)


def test_amounts() -> None:
    assert [size(n) for n in (0, 999, 1_000, 1_234_000, 10**10, 7.7e12, 10**16)] == [  # type: ignore[arg-type]
        *("0 bytes", "999 bytes", "1 KB", "1.23 MB", "10 GB", "7.7 TB", "10,000 TB"),
    ]
    assert (usd(0.001), usd(1234.5)) == ("less than 0.01 USD", "1,234.50 USD")
