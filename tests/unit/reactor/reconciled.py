"""A world to reconcile: places with log files, rules, what arrived, and who is told."""

from __future__ import annotations

import hashlib
import io
import json
import math
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, ClassVar

from reactor.patterns import RuleSet
from reactor.patterns.envelope import envelope
from reactor.reconcile.kept import KeptLines
from reactor.reconcile.log import File
from reactor.reconcile.scheduled import Reconciler
from reactor.reconcile.sources import Settings
from reactor.telemetry import Telemetry
from reactor.testing import record

HOUR = timedelta(hours=1)
BEGIN = datetime(2026, 11, 28, 0, 0, tzinfo=UTC)
HUB = ("111122223333", "eu-central-1")
RULE = f"arn:aws:events:{HUB[1]}:{HUB[0]}:rule/"
FUNCTION = f"arn:aws:lambda:{HUB[1]}:{HUB[0]}:function:guard"
TOPIC = f"arn:aws:sns:{HUB[1]}:{HUB[0]}:people"
QUEUE = f"arn:aws:sqs:{HUB[1]}:{HUB[0]}:consumers"
STREAM = f"arn:aws:kinesis:{HUB[1]}:{HUB[0]}:stream/lake"
ALERTS = f"arn:aws:sns:{HUB[1]}:{HUB[0]}:alerts"
PATTERNS = {
    "users": {
        "source": ["aws.iam"],
        "detail": {"eventName": ["CreateUser", "DeleteUser"]},
    },
    "denied": {"source": [{"prefix": "aws."}], "detail": {"errorCode": ["AccessDenied"]}},
}
CALLS = [
    ("iam.amazonaws.com", "CreateUser", ""),
    ("iam.amazonaws.com", "DeleteUser", ""),
    ("ec2.amazonaws.com", "RunInstances", "AccessDenied"),
    *[("ec2.amazonaws.com", "DescribeInstances", "")] * 8,
    *[("s3.amazonaws.com", "PutObject", "")] * 9,
]


class KilledError(BaseException):
    """The function's process ends at once."""


class ConditionError(Exception):
    response: ClassVar = {"Error": {"Code": "ConditionalCheckFailedException"}}


class NotFoundError(Exception):
    response: ClassVar = {"Error": {"Code": "ResourceNotFoundException"}}


def told_at(now: datetime) -> dict[str, Any]:
    return {"HTTPHeaders": {"date": now.strftime("%a, %d %b %Y %H:%M:%S GMT")}}


@dataclass
class World:
    """What stands in AWS. `calls` has every call that changes something, in order; the call number
    `kill_at` ends the process, before or after it was done.
    """

    settings: Settings
    now: datetime = BEGIN + 3 * HOUR
    tables: dict[str, dict[str, Any]] = field(default_factory=lambda: defaultdict(dict))
    files: dict[tuple[str, str], list[tuple[datetime, str, bytes | None]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    witness: dict[str, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    modified: dict[str, datetime] = field(default_factory=dict)
    read: list[tuple[str, str]] = field(default_factory=list)
    documents: list[tuple[datetime, str]] = field(default_factory=list)
    states: dict[str, dict[str, Any]] = field(default_factory=dict)
    refuses: set[str] = field(default_factory=set)
    functions: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    kept: KeptLines = field(default_factory=KeptLines)
    kill_at: int = -1
    after: bool = False

    # What the worker sees of it

    def client(self, service: str, region: str | None = None) -> Any:
        return _Client(self, service)

    def places(self, home: tuple[str, str]) -> Iterable[tuple[str, str]]:
        return self.files

    def files_of(self, account: str, region: str, start: datetime, end: datetime) -> Iterator[File]:
        for when, key, text in self.files[account, region]:
            if start < when <= end:
                yield File(key, text, "" if text else "its digest is forged")

    def log(self) -> Any:
        return SimpleNamespace(places=self.places, files=self.files_of)

    def worker(self) -> Reconciler:
        name, telemetry = "reconciliation", Telemetry("reconciliation", {})
        log, end = self.log(), math.inf
        return Reconciler(self.settings, name, self, telemetry, ALERTS, log, end, self.kept)

    # What tests do

    def rules(self, names: Iterable[str], since: datetime, **more: Any) -> None:
        """A version of the rules' document, with the rules of these names."""
        targets = [
            {"id": "guard", "arn": FUNCTION},
            {
                "id": "people",
                "arn": TOPIC,
                "InputTransformer": {
                    "InputPathsMap": {"event": "$.detail.eventName"},
                    "InputTemplate": '"<event> was called."',
                },
            },
        ]
        rules = [
            {
                "arn": RULE + name,
                "pattern": json.dumps(PATTERNS[name]),
                "read_only_events": more.get("read_only_events", False),
                "targets": more.get("targets", targets),
            }
            for name in names
        ]
        for rule in rules:
            self.states.setdefault(
                rule["arn"], {"State": "ENABLED", "EventPattern": rule["pattern"]}
            )
        document = {
            "account": HUB[0],
            "region": HUB[1],
            "forwarded": more.get("forwarded", []),
            "rules": rules,
        }
        self.documents.append((since, json.dumps(document)))

    def log_file(self, place: tuple[str, str], when: datetime, records: list[Any]) -> None:
        text = json.dumps({"Records": records}, separators=(",", ":")).encode()
        self.files[place].append((when, f"{place}/{when:%Y%m%dT%H%MZ}", text))

    def seen(
        self,
        rule: str,
        event: dict[str, Any],
        when: datetime,
        times: int = 1,
        written: datetime | None = None,
    ) -> None:
        """A rule saw an event; its line is in S3 since `written`, or at once."""
        line = (
            f'{{"account":"{event["recipientAccountId"]}","region":"{event["awsRegion"]}",'
            f'"id":"{event["eventID"]}","rule":"{RULE}{rule}","time":"{when:%Y-%m-%dT%H:%M:%SZ}"}}'
        )
        key = f"witness/{when:%Y/%m/%d/%H}/{written or when:%Y%m%dT%H}"
        self.witness[key] += [line.encode()] * times
        self.modified[key] = written or when

    def proven(self, place: tuple[str, str], until: datetime) -> None:
        id_ = f"main_{HUB[1]}/{place[0]}/{place[1]}"
        self.tables["proofs"][id_] = {
            "id": {"S": id_},
            "version": {"N": "1"},
            "until": {"S": until.isoformat()},
        }

    def run(self) -> dict[str, Any]:
        """Scheduler's start, then every message that it made."""
        worker = self.worker()
        worker.fan_out()
        asked = [c for c in self.made("sqs.send_message") if c["QueueUrl"] == "https://sqs/work"]
        self.calls = [(name, c) for name, c in self.calls if c not in asked]
        messages = [
            {"messageId": str(number), "body": each["MessageBody"]}
            for number, each in enumerate(asked)
        ]
        answer = worker.work(messages)
        worker.flush()
        return answer

    def made(self, name: str) -> list[dict[str, Any]]:
        return [call for each, call in self.calls if each == name]

    def alerts(self) -> list[str]:
        return [c["Message"] for c in self.made("sns.publish") if c["TopicArn"] == ALERTS]

    def handed_on(self) -> Counter[tuple[str, str]]:
        """How often the function got an event, by who redelivered why and the event's id."""
        events = [json.loads(call["Payload"]) for call in self.made("lambda.invoke")]
        return Counter((e["detail"]["eventID"], e["redelivered"]["reason"]) for e in events)


class _Client:
    class exceptions:  # noqa: N801 - boto3's name
        ConditionalCheckFailedException = ConditionError

    class meta:  # noqa: N801 - boto3's name
        endpoint_url = "https://sqs.eu-central-1.amazonaws.com"

    def __init__(self, world: World, service: str) -> None:
        self._world = world
        self._service = service

    def _change(self, name: str, call: dict[str, Any]) -> None:
        world = self._world
        number = len(world.calls)
        if number == world.kill_at and not world.after:
            world.kill_at = -1
            raise KilledError
        if call.get("FunctionName") in world.refuses or call.get("TopicArn") in world.refuses:
            raise NotFoundError("there is no such thing")
        world.calls.append((f"{self._service}.{name}", call))
        if number == world.kill_at:
            world.kill_at = -1
            raise KilledError

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda **call: self._change(name, call)

    def get_item(self, TableName: str, Key: Any, **_: Any) -> Any:  # noqa: N803
        item = self._world.tables[TableName].get(Key["id"]["S"])
        answer = {"ResponseMetadata": told_at(self._world.now)}
        return {**answer, "Item": item} if item else answer

    def put_item(self, TableName: str, Item: Any, **more: Any) -> None:  # noqa: N803
        id_, table = Item["id"]["S"], self._world.tables[TableName]
        if "ConditionExpression" in more:
            before = more.get("ExpressionAttributeValues", {}).get(":before")
            if (table.get(id_) or {}).get("version") != before:
                raise ConditionError
        if self._world.kill_at == len(self._world.calls) and not self._world.after:
            self._change("put_item", {"id": id_})
        table[id_] = Item
        self._change("put_item", {"id": id_})

    def scan(self, TableName: str, **more: Any) -> Any:  # noqa: N803
        items = list(self._world.tables[TableName].values())
        if "FilterExpression" in more:
            items = [each for each in items if "days" in each]
        return {"Items": items, "ResponseMetadata": told_at(self._world.now)}

    def get_object(self, Key: str, VersionId: str = "", **_: Any) -> Any:  # noqa: N803
        self._world.read.append((Key, VersionId))
        if VersionId:
            return {"Body": io.BytesIO(self._world.documents[int(VersionId)][1].encode())}
        return {"Body": io.BytesIO(b"".join(self._world.witness[Key]))}

    def get_paginator(self, operation: str) -> Any:
        pages = {
            "list_functions": lambda: [{"Functions": list(self._world.functions.values())}],
            "list_object_versions": self._versions,
            "list_objects_v2": self._objects,
        }
        return SimpleNamespace(paginate=pages[operation])

    def _versions(self, **_: Any) -> Any:
        versions = [
            {
                "Key": "rules.json",
                "LastModified": when,
                "VersionId": str(number),
                "ETag": hashlib.sha256(text.encode()).hexdigest(),
            }
            for number, (when, text) in enumerate(self._world.documents)
        ]
        return [{"Versions": versions[:1]}, {"Versions": versions[1:]}]

    def _objects(self, Prefix: str, **_: Any) -> Any:  # noqa: N803
        return [
            {"Contents": [{"Key": key, "LastModified": self._world.modified[key]}]}
            for key in self._world.witness
            if key.startswith(Prefix)
        ]

    def get_function_configuration(self, FunctionName: str) -> Any:  # noqa: N803
        return self._world.functions[FunctionName]

    def describe_rule(self, Name: str, **_: Any) -> Any:  # noqa: N803
        if RULE + Name in self._world.refuses:
            raise ConditionError
        found = self._world.states.get(RULE + Name)
        if found is None:
            raise NotFoundError
        return found


def a_world(**settings: Any) -> World:
    given = {
        "bucket": "log",
        "trail_name": "main",
        "home_region": HUB[1],
        "account_id": HUB[0],
        "witness_bucket": "witness",
        "state_table": "state",
        "work_queue_url": "https://sqs/work",
        "failure_queue_url": "https://sqs/failures",
        "checkpoint_table": "proofs",
    }
    return World(Settings(**{**given, **settings}))


def call(place: tuple[str, str], when: datetime, source: str, name: str, **more: Any) -> Any:
    return record(
        source, name, account=place[0], region=place[1], time=f"{when:%Y-%m-%dT%H:%M:%SZ}", **more
    )


@dataclass
class Traffic:
    """What was made up: each event that a rule should see, and what became of it."""

    lost: set[tuple[str, str]] = field(default_factory=set)
    events: dict[str, Any] = field(default_factory=dict)
    seen: int = 0
    repeated: int = 0
    blind: int = 0


def traffic(
    world: World,
    places: list[tuple[str, str]],
    number: int,
    seed: int,
    blind: frozenset[str] = frozenset(),
    since: Mapping[str, datetime] | None = None,
) -> Traffic:
    """Events of an hour, from BEGIN on: 5% lost, 2% repeated, in any order, a file of 200 each.

    From the Regions of `blind` no way leads to the rules. A rule is there `since` a time, or from
    the beginning.
    """
    chance, made = random.Random(seed), Traffic()
    rules = RuleSet({name: json.dumps(pattern) for name, pattern in PATTERNS.items()})
    shares: dict[tuple[str, str], list[Any]] = {place: [] for place in places}
    # A record of each kind, to be quick; each gets an id and a time of its own.
    kinds = {
        (place, each): (
            record := call(place, BEGIN, each[0], each[1], error=each[2]),
            rules.match(envelope(record)),
        )
        for place in places
        for each in set(CALLS)
    }
    for _ in range(number):
        place = chance.choice(places)
        like, names = kinds[place, chance.choice(CALLS)]
        when = BEGIN + timedelta(seconds=chance.randrange(3600))
        event = {
            **like,
            "eventID": f"{chance.getrandbits(128):032x}",
            "eventTime": f"{when:%Y-%m-%dT%H:%M:%SZ}",
        }
        shares[place].append(event)
        for name in sorted(names):
            if when < (since or {}).get(name, BEGIN):
                continue
            made.events[event["eventID"]] = event
            if place[1] in blind:
                made.blind += 1
            elif chance.random() < 0.05:
                made.lost.add((event["eventID"], name))
            else:
                twice = chance.random() < 0.02
                made.seen += 1
                made.repeated += twice
                delay = timedelta(seconds=chance.randrange(90))
                world.seen(name, event, when + delay, 1 + twice)
    for lines in world.witness.values():
        chance.shuffle(lines)
    for place, records in shares.items():
        for at in range(0, len(records), 200):
            when = BEGIN + timedelta(seconds=chance.randrange(60, 3600))
            world.log_file(place, when, records[at : at + 200])
    return made
