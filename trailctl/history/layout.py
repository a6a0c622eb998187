"""How a table of anybody's lies over a log: its columns, its partitions, its folders.

A table made by CloudTrail's console has no partitions, one by AWS's manual has them by day alone,
Control Tower's by account, Region and day, by other names. What partitions is told by the folders:
CloudTrail's keys are `AWSLogs/[o-.../]ACCOUNT/CloudTrail/REGION/yyyy/MM/dd/`.
https://docs.aws.amazon.com/athena/latest/ug/cloudtrail-logs.html
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import prod
from typing import Any

from trailctl.errors import UsageError
from trailctl.history.question import Table
from trailctl.names import unknown

# Names that people give to these columns, where no folder tells.
_NAMES = {
    "account": {"account", "accountid", "account_id", "aws_account", "aws_account_id"},
    "region": {"region", "awsregion", "aws_region", "region_name"},
    "day": {"day", "date", "dt", "timestamp", "event_date", "eventdate", "partition_date"},
}
_PLACEHOLDER = re.compile(r"\$\{([^}]+)\}")
_DAYS_FORMAT = "yyyy/MM/dd"
_DAY = re.compile(r"\d{4}/\d\d/\d\d")


@dataclass(frozen=True)
class TableLayout:
    """A table as a question needs it, and where its objects lie.

    `values` are those of the columns that partition, by role, where the table enumerates them.
    `template` is the address of a partition's folder (`s3://bucket/.../${account}/...`), None where
    the partitions are in the catalog. `unpruned` says in a sentence what the table lacks.
    """

    table: Table
    location: str
    template: str | None
    keys: tuple[str, ...]
    values: Mapping[str, tuple[str, ...]]
    injected: tuple[str, ...]
    unpruned: str

    def check(self, accounts: Sequence[str], regions: Sequence[str]) -> None:
        """Raise UsageError where the question can't be asked of this table."""
        name = f"{self.table.database}.{self.table.name}"
        for role, option, given in (
            ("account", "--account", accounts),
            ("region", "--event-region", regions),
        ):
            column = getattr(self.table, role)
            if column is None and given:
                raise UsageError(
                    f"{name} is not partitioned by {role}, so that {option} could not choose: "
                    "leave it out"
                )
            if column in self.injected and not given:
                raise UsageError(
                    f"{name} wants to be told each {role} that is asked about: give {option}, once "
                    "for each"
                )
            known = self.values.get(role)
            if known is not None and (wrong := sorted({*given} - {*known})):
                raise UsageError(f"{name}: {unknown(role, wrong, known)}")
        others = {*self.injected} - {self.table.account, self.table.region}
        if others:
            raise UsageError(f"{name} wants {min(others)} to be named, which can't be done here")

    def folders(
        self,
        accounts: Sequence[str],
        regions: Sequence[str],
        begin: datetime,
        end: datetime,
        stored: Iterator[tuple[Sequence[str], str]],
    ) -> tuple[int, Iterator[str]]:
        """The folders that a question reads: how many, and their addresses.

        `stored` are the partitions of the catalog, by their values and addresses.
        """
        first, last = begin - timedelta(minutes=15), end + timedelta(days=1)
        days = [
            f"{first.date() + timedelta(days=number):%Y/%m/%d}"
            for number in range((last.date() - first.date()).days + 1)
        ]
        given = {
            self.table.account: accounts or self.values.get("account"),
            self.table.region: regions or self.values.get("region"),
            self.table.day: days,
        }
        if not self.keys:
            return 1, iter([self.location])
        if self.template is None:
            found = [
                address
                for values, address in stored
                if all(
                    given.get(key) is None or value in (given[key] or ())
                    for key, value in zip(self.keys, values, strict=False)
                )
            ]
            return len(found), iter(found)
        # Below the first part that is not known all is read.
        head, known = self.template, []
        for match in _PLACEHOLDER.finditer(self.template):
            values = given.get(match[1].lower())
            if not values:
                head = self.template[: match.start()]
                break
            known.append((match[0], values))
        number = prod(len(values) for _, values in known)
        return number, (
            _filled(head, [name for name, _ in known], row)
            for row in itertools.product(*(values for _, values in known))
        )


def _filled(template: str, names: Sequence[str], row: Sequence[str]) -> str:
    for name, value in zip(names, row, strict=True):
        template = template.replace(name, value)
    return template


def from_glue(found: Mapping[str, Any], sample: Sequence[str] = ()) -> TableLayout:
    """The layout of a table as Glue's GetTable answers it.

    `sample` are the values of one partition of the catalog, if it has any. Raises UsageError where
    it is no table of CloudTrail's log.
    """
    database, name = str(found["DatabaseName"]), str(found["Name"])
    storage, parameters = found.get("StorageDescriptor") or {}, found.get("Parameters") or {}
    columns = {str(c["Name"]).lower(): str(c.get("Type", "")) for c in storage.get("Columns") or ()}
    if not {"eventname", "records"} & columns.keys():
        raise UsageError(
            f"{database}.{name} is no table of CloudTrail's log: it has neither a column eventname "
            "nor records"
        )
    keys = tuple(str(key["Name"]).lower() for key in found.get("PartitionKeys") or ())
    projected = str(parameters.get("projection.enabled", "")).lower() == "true"
    template = parameters.get("storage.location.template") if projected else None
    if projected and template is None and keys:
        hive = "/".join(f"{key}=${{{key}}}" for key in keys)
        template = f"{str(storage.get('Location', '')).rstrip('/')}/{hive}"
    roles = _roles(keys, template or "")
    day = roles.get("day")
    if day is not None:
        written = parameters.get(f"projection.{day}.format") if projected else None
        values = dict(zip(keys, sample, strict=False))
        if written != _DAYS_FORMAT and not _DAY.fullmatch(values.get(day, "")):
            del roles["day"]
    lacking = [role for role in ("account", "region", "day") if role not in roles]
    return TableLayout(
        table=Table(
            database, name, columns, roles.get("account"), roles.get("region"), roles.get("day")
        ),
        location=_folder(str(storage.get("Location", ""))),
        template=None if template is None else _folder(template),
        keys=keys,
        values={
            role: tuple(each.strip() for each in parameters[f"projection.{key}.values"].split(","))
            for role, key in roles.items()
            if projected and f"projection.{key}.values" in parameters
        },
        injected=tuple(
            key for key in keys if parameters.get(f"projection.{key}.type") == "injected"
        ),
        unpruned=_sentence(f"{database}.{name}", keys, lacking),
    )


def _roles(keys: Sequence[str], template: str) -> dict[str, str]:
    """Which column is the account, which the Region, which the day."""
    found: dict[str, str] = {}
    parts = [
        match[1].lower() if (match := _PLACEHOLDER.fullmatch(part)) else part
        for part in template.split("/")
    ]
    for number, part in enumerate(parts):
        if part.startswith("CloudTrail"):
            around = {"account": number - 1, "region": number + 1, "day": number + 2}
            for role, at in around.items():
                if at < len(parts) and parts[at] in keys:
                    found[role] = parts[at]
    for role, names in _NAMES.items():
        for key in keys:
            if role not in found and key in names and key not in found.values():
                found[role] = key
    return found


def _sentence(name: str, keys: Sequence[str], lacking: Sequence[str]) -> str:
    if not lacking:
        return ""
    has = f"its partitions are by {', '.join(keys)}" if keys else "it has no partitions"
    return (
        f"{name} can't be narrowed to {_listed(lacking)} ({has}), so that Athena reads all of "
        "them; a table of modules/log-query reads what is asked for"
    )


def _listed(names: Sequence[str]) -> str:
    text = f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else names[0]
    return f"{'an' if text[0] in 'aeiou' else 'a'} {text}"


def _folder(address: str) -> str:
    return address if address.endswith("/") else f"{address}/"
