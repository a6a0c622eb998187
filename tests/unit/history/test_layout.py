"""Tables of anybody's: which columns partition them, what a question reads, what they lack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from trailctl.errors import UsageError
from trailctl.history.layout import TableLayout, from_glue
from trailctl.history.question import CLOUDTRAIL_COLUMNS

pytestmark = pytest.mark.unit

BEGIN, END = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)
DAYS = ["2026/02/28", "2026/03/01", "2026/03/02", "2026/03/03"]
LOG = "s3://b/AWSLogs"
TYPES = {"projection.enabled": "true"}
ENUM = {
    **TYPES,
    "projection.account.type": "enum",
    "projection.account.values": "1,2",
    "projection.region.type": "enum",
    "projection.region.values": "us-east-1, eu-west-1",
    "projection.day.type": "date",
    "projection.day.format": "yyyy/MM/dd",
    "storage.location.template": f"{LOG}/${{account}}/CloudTrail/${{region}}/${{day}}",
}


def layout(
    keys: Sequence[str] = (), parameters: Mapping[str, str] | None = None, location: str = LOG,
    columns: Mapping[str, str] = CLOUDTRAIL_COLUMNS, sample: Sequence[str] = (),
) -> TableLayout:  # fmt: skip
    found: dict[str, Any] = {
        "DatabaseName": "db",
        "Name": "log",
        "StorageDescriptor": {
            "Location": location,
            "Columns": [{"Name": name, "Type": type_} for name, type_ in columns.items()],
        },
        "PartitionKeys": [{"Name": key, "Type": "string"} for key in keys],
        "Parameters": dict(parameters or {}),
    }
    return from_glue(found, sample)


def folders(
    found: TableLayout, accounts: Sequence[str] = (), regions: Sequence[str] = (),
    stored: Sequence[tuple[Sequence[str], str]] = (),
) -> list[str]:  # fmt: skip
    number, each = found.folders(accounts, regions, BEGIN, END, iter(stored))
    listed = list(each)
    assert len(listed) == number
    return listed


def roles(found: TableLayout) -> tuple[str | None, str | None, str | None]:
    return found.table.account, found.table.region, found.table.day


def test_a_table_of_the_module() -> None:
    found = layout(("account", "region", "day"), ENUM)
    assert roles(found) == ("account", "region", "day")
    assert found.unpruned == ""
    assert len(folders(found)) == 2 * 2 * 4
    assert folders(found, ["2"], ["eu-west-1"]) == [
        f"{LOG}/2/CloudTrail/eu-west-1/{day}/" for day in DAYS
    ]


def test_a_table_of_the_console_has_no_partitions() -> None:
    found = layout(location=f"{LOG}/1/CloudTrail")
    assert roles(found) == (None, None, None)
    assert folders(found) == [f"{LOG}/1/CloudTrail/"]
    assert found.unpruned.startswith(
        "db.log can't be narrowed to an account, region or day (it has no partitions), so that"
    )
    with pytest.raises(UsageError, match="not partitioned by account, so that --account could not"):
        found.check(["1"], [])


def test_a_table_of_the_manual_is_projected_by_day_alone() -> None:
    """https://docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table-partition-projection.html"""
    where = f"{LOG}/1/CloudTrail/us-east-1"
    found = layout(
        ("timestamp",),
        {
            **TYPES,
            "projection.timestamp.type": "date",
            "projection.timestamp.format": "yyyy/MM/dd",
            "storage.location.template": f"{where}/${{timestamp}}",
        },
        where,
    )
    assert roles(found) == (None, None, "timestamp")
    assert folders(found) == [f"{where}/{day}/" for day in DAYS]
    assert "can't be narrowed to an account or region (its partitions are by timestamp)" in (
        found.unpruned
    )


def test_names_of_columns_are_told_by_their_folders() -> None:
    found = layout(
        ("member", "where", "when"),
        {
            **TYPES,
            "projection.member.type": "injected",
            "projection.where.type": "injected",
            "projection.when.type": "date",
            "projection.when.format": "yyyy/MM/dd",
            "storage.location.template": f"{LOG}/o-1/${{member}}/CloudTrail/${{where}}/${{when}}",
        },
    )
    assert roles(found) == ("member", "where", "when")
    with pytest.raises(UsageError, match=r"wants to be told each account .* give --account"):
        found.check([], ["eu-west-1"])
    with pytest.raises(UsageError, match=r"wants to be told each region .* give --event-region"):
        found.check(["1"], [])
    found.check(["1"], ["eu-west-1"])


def test_below_a_part_that_is_not_known_all_is_read() -> None:
    """Years, months and days apart, as older tables have them."""
    template = f"{LOG}/${{account}}/CloudTrail/${{region}}/${{year}}/${{month}}"
    parameters = {k: v for k, v in ENUM.items() if not k.startswith("projection.day")}
    found = layout(
        ("account", "region", "year", "month"),
        {**parameters, "storage.location.template": template},
    )
    assert roles(found) == ("account", "region", None)
    assert folders(found, ["1"], ["us-east-1"]) == [f"{LOG}/1/CloudTrail/us-east-1/"]
    assert "can't be narrowed to an day" not in found.unpruned
    assert "can't be narrowed to a day (its partitions are by account, region, year, month)" in (
        found.unpruned
    )


@pytest.mark.parametrize(("written", "day"), [("2026/03/01", "date"), ("2026-03-01", None)])
def test_partitions_of_the_catalog(written: str, day: str | None) -> None:
    found = layout(("account_id", "date"), sample=("1", written))
    assert roles(found) == ("account_id", None, day)
    stored = [
        ((account, each), f"s3://b/{account}/{each}")
        for account in ("1", "2")
        for each in ("2026/01/01", "2026/03/01")
    ]
    wanted = ["2026/03/01"] if day else ["2026/01/01", "2026/03/01"]
    assert folders(found, ["1"], stored=stored) == [f"s3://b/1/{each}" for each in wanted]


def test_what_cannot_be_asked() -> None:
    with pytest.raises(UsageError, match="has neither a column eventname nor records"):
        layout(columns={"line": "string"})
    found = layout(("account", "region", "day"), ENUM)
    with pytest.raises(UsageError, match=r"db\.log: there is no account 3"):
        found.check(["3"], [])
    odd = layout(("tenant",), {**TYPES, "projection.tenant.type": "injected"})
    with pytest.raises(UsageError, match="wants tenant to be named, which can't be done here"):
        odd.check([], [])
