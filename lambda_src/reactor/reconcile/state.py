"""How far each account and Region is reconciled, and what came of it, in a DynamoDB table.

The items' key is `id`: `<account>/<Region>` for a place, `redelivered/<rule>/<event>` for an event
that was handed on, `missed/<account>/<Region>/<any>` for events that were told as missed and whose
witness may still come, `day` for the daily line. An item of a place is written under a condition,
so that of two workers one is refused; it names those of its missed events, which never change.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from reactor.digest.checkpoint import TakenError, told_time

_KEPT = timedelta(days=15)  # longer than queues keep a message
_DAYS = 4
_IN_AN_ITEM = 2_000  # of some 150 bytes each; an item has 400 KB
_MOST_OPEN = 10  # items
_BEGINNING = datetime.min.replace(tzinfo=UTC)


class MissedEvent(NamedTuple):
    """An event that a rule was told to have missed, counted as `verdict` on `day`."""

    id: str
    rule: str
    time: datetime
    verdict: str
    day: str


@dataclass
class Reconciled:
    """An account and Region. `until` is how far it is reconciled, `days` the numbers of its last
    days by date, `told` the blind spots that were told, `version` counts the writes. `missed` names
    the items of missed events whose witness may still come, which was looked for at `looked`.
    """

    account: str
    region: str
    until: datetime = _BEGINNING
    days: dict[str, Counter[str]] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    version: int = 0
    missed: list[str] = field(default_factory=list)
    looked: datetime = _BEGINNING


class State:
    """The table; `client` is boto3's of DynamoDB, whose errors are raised.

    `clock` is the time of the last answer: AWS's, which no message can set.
    """

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table
        self.clock = datetime.now(UTC)

    def load(self, account: str, region: str) -> Reconciled:
        """A place as it was written; an empty one, where there is none yet."""
        item = self._get(f"{account}/{region}")
        return _place(item) if item else Reconciled(account, region)

    def save(self, place: Reconciled) -> None:
        """Writes a place; raises TakenError if it is not as it was when it was loaded."""
        place.days = dict(sorted(place.days.items())[-_DAYS:])
        item: dict[str, Any] = {
            "id": {"S": f"{place.account}/{place.region}"},
            "version": {"N": str(place.version + 1)},
            "until": {"S": place.until.isoformat()},
            "days": {"S": json.dumps(place.days)},
            "told": {"S": json.dumps(sorted(place.told))},
            "missed": {"S": json.dumps(place.missed)},
            "looked": {"S": place.looked.isoformat()},
        }
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(id)"}
        if place.version:
            condition = {
                "ConditionExpression": "version = :before",
                "ExpressionAttributeValues": {":before": {"N": str(place.version)}},
            }
        try:
            self._client.put_item(TableName=self._table, Item=item, **condition)
        except self._client.exceptions.ConditionalCheckFailedException:
            raise TakenError(f"{place.account}/{place.region}") from None
        place.version += 1

    def places(self) -> Iterator[Reconciled]:
        """All places."""
        more: Mapping[str, Any] = {}
        while True:
            answer = self._client.scan(
                TableName=self._table,
                FilterExpression="attribute_exists(days)",
                **more,
            )
            self.clock = told_time(answer)
            yield from map(_place, answer.get("Items", ()))
            if not answer.get("LastEvaluatedKey"):
                return
            more = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def keep_missed(self, place: Reconciled, events: Sequence[MissedEvent]) -> bool:
        """Keeps events that were told as missed; the place names them once it is saved.

        False if they are too many to be kept, all of them.
        """
        for at in range(0, len(events), _IN_AN_ITEM):
            if len(place.missed) >= _MOST_OPEN:
                return False
            rows = [(e.id, e.rule, e.time.isoformat(), e.verdict, e.day) for e in events]
            id_ = f"missed/{place.account}/{place.region}/{uuid.uuid4().hex}"
            self._client.put_item(
                TableName=self._table,
                Item={
                    "id": {"S": id_},
                    "events": {"S": json.dumps(rows[at : at + _IN_AN_ITEM])},
                    "expires": {"N": str(round((self.clock + _KEPT).timestamp()))},
                },
            )
            place.missed.append(id_)
        return True

    def missed(self, id_: str) -> list[MissedEvent]:
        """The events of an item; none if it is gone."""
        item = self._get(id_)
        rows = json.loads(item["events"]["S"]) if item else ()
        return [MissedEvent(a, b, datetime.fromisoformat(c), d, e) for a, b, c, d, e in rows]

    def redelivered(self, rule: str, event: str) -> bool:
        """True if the event was handed to the rule's targets before."""
        return bool(self._get(f"redelivered/{rule}/{event}"))

    def remember(self, rule: str, event: str) -> None:
        """Notes that the event was handed to the rule's targets."""
        expires = round((self.clock + _KEPT).timestamp())
        self._client.put_item(
            TableName=self._table,
            Item={
                "id": {"S": f"redelivered/{rule}/{event}"},
                "expires": {"N": str(expires)},
            },
        )

    def last_day(self) -> str:
        """The date of the last daily line; empty if there was none."""
        item = self._get("day")
        return str(item["date"]["S"]) if item else ""

    def tell_day(self, date: str) -> None:
        """Notes that the line of a day was sent."""
        self._client.put_item(TableName=self._table, Item={"id": {"S": "day"}, "date": {"S": date}})

    def _get(self, id_: str) -> Mapping[str, Any]:
        answer = self._client.get_item(
            TableName=self._table, Key={"id": {"S": id_}}, ConsistentRead=True
        )
        self.clock = told_time(answer)
        return answer.get("Item") or {}


def _place(item: Mapping[str, Any]) -> Reconciled:
    account, _, region = item["id"]["S"].partition("/")
    return Reconciled(
        account,
        region,
        datetime.fromisoformat(item["until"]["S"]),
        {day: Counter(numbers) for day, numbers in json.loads(item["days"]["S"]).items()},
        set(json.loads(item["told"]["S"])),
        int(item["version"]["N"]),
        json.loads(item.get("missed", {"S": "[]"})["S"]),
        datetime.fromisoformat(item["looked"]["S"]) if "looked" in item else _BEGINNING,
    )
