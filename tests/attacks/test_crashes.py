"""Lambda ends the process at any step, an event comes ten times, two guards see one resource.

Whatever happens between the decision and the last record: the next try ends with all of it done
once, told, and on the audit bus.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import boto3
import pytest
from botocore import client as botocore_client
from reactor.reaction import Reaction

from tests.attacks.conftest import Later
from tests.unit.reactor.sample_reaction import SWITCH, TABLE, event, sent
from tests.unit.reactor.world import Context

pytestmark = pytest.mark.unit

Make = Callable[..., Reaction[Any]]
BaseClient: Any = botocore_client.BaseClient
WHOLE = {
    "REACTION_AUDIT_BUS": "audit",
    "REACTION_BUDGET": "100",
    "REACTION_KILL_SWITCH": SWITCH,
}


class Killed(BaseException):
    """The process is gone."""


@contextmanager
def stopping(step: int | None, *, before: bool = True) -> Iterator[list[tuple[str, Any]]]:
    """Ends the process before or after the call of that number; yields the calls that AWS got.

    With a step, the calls are this thread's: what an earlier test's thread still does is neither
    counted nor ended.
    """
    original = BaseClient._make_api_call
    number, lock = itertools.count(), threading.RLock()
    mine = threading.get_ident()
    calls: list[tuple[str, Any]] = []

    def call(self: Any, operation: str, parameters: dict[str, Any]) -> Any:
        if step is not None and threading.get_ident() != mine:
            return original(self, operation, parameters)
        last = next(number) == step
        if last and before:
            raise Killed
        try:
            with lock:  # moto's tables are no match for threads
                answer = original(self, operation, parameters)
            calls.append((operation, parameters))
        finally:
            if last:
                raise Killed
        return answer

    with patch.object(BaseClient, "_make_api_call", call):
        yield calls


def let_go() -> None:
    """The time of the run that died is over: its entries in the ledger bind nobody any more."""
    dynamodb = boto3.client("dynamodb")
    for item in dynamodb.scan(TableName=TABLE)["Items"]:
        if item.get("status", {}).get("S") == "INPROGRESS":
            dynamodb.update_item(
                TableName=TABLE,
                Key={"id": item["id"]},
                UpdateExpression="SET in_progress_expiration = :t",
                ExpressionAttributeValues={":t": {"N": "1"}},
            )


def forget() -> None:
    """A new beginning for everything but the reaction."""
    dynamodb = boto3.client("dynamodb")
    for item in dynamodb.scan(TableName=TABLE)["Items"]:
        dynamodb.delete_item(TableName=TABLE, Key={"id": item["id"]})
    boto3.client("ssm").delete_parameters(Names=["/a", "/b"])


def audited(calls: list[tuple[str, Any]]) -> list[str]:
    """The summaries of the records that reached the bus as taken."""
    details = [json.loads(p["Entries"][0]["Detail"]) for name, p in calls if name == "PutEvents"]
    return [each["summary"] for each in details if each["status"] == "taken"]


def test_the_process_ends_at_every_step(make: Make) -> None:
    ended_after: Counter[str] = Counter()
    for step, before in itertools.product(range(100), (True, False)):
        forget()
        heard = len(sent())
        id_ = f"e-{step}-{before}"
        reaction = make({"parameters": ["/a", "/b"]}, **WHOLE)
        made: list[tuple[str, Any]] = []
        try:
            with stopping(step, before=before) as calls:
                reaction(event(id_), Context())
        except Killed:
            last = calls[-1][0] if calls else ""
            ended_after[last] += 1
        else:
            break  # it lived to its end
        made += calls
        with stopping(None) as calls:
            let_go()
            reaction(event(id_), Context())
            again = make({"parameters": ["/a", "/b"]}, **WHOLE)(event(id_), Context())
        made += calls
        where = f"{'before' if before else 'after'} step {step}, last call {last}"
        # Done ...
        found = boto3.client("ssm").get_parameters(Names=["/a", "/b"])["Parameters"]
        assert [each["Value"] for each in found] == [id_, id_], where
        puts = Counter(p["Name"] for name, p in made if name == "PutParameter")
        assert set(puts.values()) == {1}, (where, puts)
        # ... told, with what was done, ...
        # (what an earlier test's thread still says is of another event)
        texts = [text.splitlines()[0] for _, text in sent()[heard:] if id_ in text]
        assert "set /a" in "".join(texts), (where, texts)
        assert "set /b" in "".join(texts), (where, texts)
        # ... recorded, and never again.
        records = Counter(audited(made))
        assert set(records) == {"set /a", "set /b"}, (where, records)
        assert (again["taken"], again["alerts"]) == (0, 0), where
        # Between AWS's answer and the ledger's entry nobody can know: once too often there, and
        # nowhere else. (Judged by the last call, not by its number: a slow run asks the kill switch
        # once more.)
        assert len(texts) == (2 if last == "Publish" else 1), (where, texts)
        assert sum(records.values()) == (3 if last == "PutEvents" else 2), (where, records)
    assert ended_after.total() > 30
    # Each such moment is met twice: after one call, before the next. Two records, one alert.
    assert ended_after["PutEvents"] >= 3
    assert ended_after["Publish"] >= 1


def test_the_process_ends_where_the_next_plan_finds_nothing(make: Make) -> None:
    """trail-guard's kind: what is in order again makes no alert, unless the last run did it."""
    from reactor.actions import Action, Alert

    calls = {"ec2.amazonaws.com": {"RunInstances"}}

    def plan(event: Any, settings: Any, aws: Any, /) -> list[Any]:
        found = aws.read("ssm", "get_parameters", {"Names": ["/a"]})["Parameters"]
        if found:
            return []
        put = {"Name": "/a", "Value": event.id, "Type": "String"}
        return [
            Action("ssm", "put_parameter", put, ("/a",), "set /a", "set /a"),
            Alert("high", "it was gone", "eve took it"),
        ]

    from tests.unit.reactor.sample_reaction import Settings

    make(**WHOLE)
    reaction = Reaction("engine", plan, Settings, calls)
    for step, before in itertools.product(range(100), (True, False)):
        forget()
        heard, id_ = len(sent()), f"e-{step}-{before}"
        reaction = Reaction("engine", plan, Settings, calls)
        try:
            with stopping(step, before=before):
                reaction(event(id_), Context())
        except Killed:
            let_go()
        else:
            assert step > 10
            break
        reaction(event(id_), Context())
        reaction(event(id_), Context())
        texts = [text.splitlines()[0] for _, text in sent()[heard:]]
        assert 1 <= len(texts) <= 2, (step, before, texts)
        assert texts[-1] == "eve took it; engine set /a.", (step, before, texts)


def test_ten_copies_at_once(make: Make) -> None:
    reactions = [make({"parameters": ["/a", "/b"]}, **WHOLE) for _ in range(10)]
    with stopping(None) as calls, ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda each: each(event("e-1"), Context()), reactions))
    assert sum(answer["taken"] for answer in answers) == 2
    assert sum(answer["alerts"] for answer in answers) == 1
    assert Counter(name for name, _ in calls)["PutParameter"] == 2
    assert len(sent()) == 1


def test_two_guards_on_one_resource(
    make: Make, later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two functions with the same rule share a table: each does its part once and then rests."""
    done: list[tuple[str, int, int]] = []
    with stopping(None) as calls:
        for _ in range(3):
            for name in ("engine", "second"):
                monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", name)
                answer = make({"parameters": ["/a"]}, **WHOLE, REACTION_NAME=name)(
                    event("e-1"), Context()
                )
                done.append((name, answer["taken"], answer["alerts"]))
    assert done == [("engine", 1, 1), ("second", 0, 1)] + [("engine", 0, 0), ("second", 0, 0)] * 2
    assert Counter(name for name, _ in calls)["PutParameter"] == 1
