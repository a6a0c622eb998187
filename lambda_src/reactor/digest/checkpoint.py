"""Checkpoints in a DynamoDB table: how far each account and Region is proven, and what was told.

The items' key is `id`, `<trail>/<account>/<Region>`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from reactor.digest.verdicts import iso

_MOST_TOLD = 2_000


@dataclass
class Checkpoint:
    """`since` is where the proof begins, `until` how far it goes; `told` has the findings that were
    told, by when; `version` counts the writes, so that of two workers one is refused.
    """

    id: str
    since: datetime | None = None
    until: datetime | None = None
    told: dict[str, datetime] = field(default_factory=dict)
    version: int = 0

    def forget(self, before: datetime) -> None:
        """Drop what was told before a time, and the oldest of far too many."""
        kept = sorted(((t, k) for k, t in self.told.items() if t >= before), reverse=True)
        self.told = {key: time for time, key in kept[:_MOST_TOLD]}


class TakenError(Exception):
    """Another worker has written the checkpoint meanwhile; what it found stands."""


class Checkpoints:
    """The table. `client` is boto3's of DynamoDB; its errors are raised."""

    def __init__(self, client: Any, table: str, trail: str) -> None:
        self._client = client
        self._table = table
        self._trail = trail

    def load(self, account: str, region: str) -> Checkpoint:
        """The checkpoint of an account and Region; an empty one, where there is none yet."""
        name = f"{self._trail}/{account}/{region}"
        answer = self._client.get_item(
            TableName=self._table, Key={"id": {"S": name}}, ConsistentRead=True
        )
        item = answer.get("Item")
        if not item:
            return Checkpoint(name)
        told = {key: _time(value) for key, value in item.get("told", {}).get("M", {}).items()}
        return Checkpoint(
            name,
            _maybe(item.get("since")),
            _maybe(item.get("until")),
            {key: time for key, time in told.items() if time},
            int(item["version"]["N"]),
        )

    def save(self, checkpoint: Checkpoint) -> None:
        """Write it; raises TakenError if it is not as it was when it was loaded."""
        item: dict[str, Any] = {
            "id": {"S": checkpoint.id},
            "version": {"N": str(checkpoint.version + 1)},
            "told": {"M": {key: {"S": iso(time)} for key, time in checkpoint.told.items()}},
        }
        for name, time in (("since", checkpoint.since), ("until", checkpoint.until)):
            if time is not None:
                item[name] = {"S": iso(time)}
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(id)"}
        if checkpoint.version:
            condition = {
                "ConditionExpression": "version = :before",
                "ExpressionAttributeValues": {":before": {"N": str(checkpoint.version)}},
            }
        try:
            self._client.put_item(TableName=self._table, Item=item, **condition)
        except self._client.exceptions.ConditionalCheckFailedException:
            raise TakenError(checkpoint.id) from None
        checkpoint.version += 1

    def places(self) -> Iterator[tuple[str, str]]:
        """Accounts and Regions that were validated before."""
        more: Mapping[str, Any] = {}
        while True:
            answer = self._client.scan(TableName=self._table, ProjectionExpression="id", **more)
            for item in answer.get("Items", ()):
                trail, _, place = item["id"]["S"].partition("/")
                account, _, region = place.partition("/")
                if trail == self._trail and region:
                    yield account, region
            if not answer.get("LastEvaluatedKey"):
                return
            more = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def _maybe(value: Mapping[str, str] | None) -> datetime | None:
    return _time(value) if value else None


def _time(value: Mapping[str, str]) -> datetime | None:
    try:
        return datetime.fromisoformat(value["S"])
    except (KeyError, ValueError):
        return None
