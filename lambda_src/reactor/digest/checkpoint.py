"""Checkpoints in a DynamoDB table: how far each account and Region is proven, and what was told.

The items' key is `id`, `<trail>/<account>/<Region>`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from reactor.digest.verdicts import iso

_MOST_TOLD = 2_000
_MOST_UNPROVEN = 100
_TIMES = ("since", "until", "newest", "seen", "round", "oldest", "reproved", "swept", "swept_last")


@dataclass
class Checkpoint:
    """How far an account and Region is proven.

    `since` is where the proof begins, `until` how far it went, `newest` the end of the newest
    proven digest, `seen` when the place was found. `unproven` are times before `until` for which
    nothing is proven: their log files are read once a digest proves them. `round` is when the
    rolling re-proof began anew, `oldest` where the files begin, `reproved` how far it went. `swept`
    is when the sweep of all names began anew, `swept_last` when the one before did, `after` the
    last name that it looked at; empty at its end. `told` has the findings that were told, by when;
    `version` counts the writes, so that of two workers one is refused.
    """

    id: str
    since: datetime | None = None
    until: datetime | None = None
    newest: datetime | None = None
    seen: datetime | None = None
    round: datetime | None = None
    oldest: datetime | None = None
    reproved: datetime | None = None
    swept: datetime | None = None
    swept_last: datetime | None = None
    after: str = ""
    unproven: tuple[tuple[datetime, datetime], ...] = ()
    told: dict[str, datetime] = field(default_factory=dict)
    version: int = 0

    @property
    def place(self) -> tuple[str, str]:
        """Account and Region."""
        _, _, place = self.id.partition("/")
        account, _, region = place.partition("/")
        return account, region

    def forget(self, before: datetime) -> None:
        """Drop what was told before a time, and the oldest of far too many."""
        kept = sorted(((t, k) for k, t in self.told.items() if t >= before), reverse=True)
        self.told = {key: time for time, key in kept[:_MOST_TOLD]}


class TakenError(Exception):
    """Another worker has written the checkpoint meanwhile; what it found stands."""


class Checkpoints:
    """The table. `client` is boto3's of DynamoDB; its errors are raised.

    `clock` is the time of the last answer: AWS's, which no message and no event can set.
    """

    def __init__(self, client: Any, table: str, trail: str) -> None:
        self._client = client
        self._table = table
        self._trail = trail
        self.clock = datetime.now(UTC)

    def load(self, account: str, region: str) -> Checkpoint:
        """The checkpoint of an account and Region; an empty one, where there is none yet."""
        name = f"{self._trail}/{account}/{region}"
        answer = self._client.get_item(
            TableName=self._table, Key={"id": {"S": name}}, ConsistentRead=True
        )
        self.clock = told_time(answer)
        return _read(answer.get("Item") or {"id": {"S": name}})

    def save(self, checkpoint: Checkpoint) -> None:
        """Write it; raises TakenError if it is not as it was when it was loaded."""
        item: dict[str, Any] = {
            "id": {"S": checkpoint.id},
            "version": {"N": str(checkpoint.version + 1)},
            "told": {"M": {key: {"S": iso(time)} for key, time in checkpoint.told.items()}},
            "unproven": {
                "L": [
                    {"S": f"{iso(start)}/{iso(end)}"}
                    for start, end in checkpoint.unproven[-_MOST_UNPROVEN:]
                ]
            },
            "after": {"S": checkpoint.after},
        }
        for name in _TIMES:
            time = getattr(checkpoint, name)
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

    def all(self) -> Iterator[Checkpoint]:
        """The trail's checkpoints, without what was told."""
        names = {f"#{name}": name for name in ("id", "version", *_TIMES)}
        more: Mapping[str, Any] = {}
        while True:
            answer = self._client.scan(
                TableName=self._table,
                ProjectionExpression=", ".join(names),
                ExpressionAttributeNames=names,
                **more,
            )
            self.clock = told_time(answer)
            for item in answer.get("Items", ()):
                found = _read(item)
                if found.id.startswith(f"{self._trail}/") and found.place[1]:
                    yield found
            if not answer.get("LastEvaluatedKey"):
                return
            more = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def told_time(answer: Mapping[str, Any]) -> datetime:
    """The time that an answer of AWS's tells; without, the machine's."""
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    try:
        return parsedate_to_datetime(headers["date"]).astimezone(UTC)
    except (KeyError, ValueError):
        return datetime.now(UTC).replace(microsecond=0)


def _read(item: Mapping[str, Any]) -> Checkpoint:
    told = {key: _time(value) for key, value in item.get("told", {}).get("M", {}).items()}
    found = Checkpoint(
        item["id"]["S"],
        after=item.get("after", {}).get("S", ""),
        told={key: time for key, time in told.items() if time},
        version=int(item.get("version", {}).get("N", 0)),
    )
    for name in _TIMES:
        setattr(found, name, _time(item.get(name, {})))
    pairs = [each["S"].partition("/") for each in item.get("unproven", {}).get("L", ())]
    times = [(_time({"S": start}), _time({"S": end})) for start, _, end in pairs]
    found.unproven = tuple((start, end) for start, end in times if start and end)
    return found


def _time(value: Mapping[str, str]) -> datetime | None:
    try:
        return datetime.fromisoformat(value["S"])
    except (KeyError, ValueError):
        return None
