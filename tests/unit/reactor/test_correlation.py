"""Counts and sequences: the same alerts in any order, however often each event comes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import boto3
import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from reactor.aws import Aws
from reactor.correlation import KEYS, MOST, Correlation, Gathered, completed, key_of, mark
from reactor.event import read_event
from reactor.ledger import Ledger
from reactor.testing import record, role_session, user

from tests.unit.reactor.shelf import MemoryShelf

pytestmark = pytest.mark.unit

Finding = tuple[int, int, str]  # step, seconds since 1970, event


def reference(given: Correlation, findings: Sequence[Finding]) -> set[int]:
    """The windows that make an alert, by the definition alone: every choice of a last finding."""
    tick = given.seconds // given.ticks
    unique = sorted({(when // tick, step, event) for step, when, event in findings})
    found = set()
    for end, last, _ in unique:
        if last != len(given.needs) - 1:
            continue
        span = [(at, step) for at, step, _ in unique if end - given.ticks <= at <= end]
        # All ways to cut the span at ticks, so that each step has its part.
        cuts = range(end - given.ticks, end + 1)
        for inner in itertools.combinations_with_replacement(cuts, len(given.needs) - 1):
            borders = (end - given.ticks, *inner, end)
            if all(
                sum(1 for at, s in span if s == step and borders[step] <= at <= borders[step + 1])
                >= need
                for step, need in enumerate(given.needs)
            ):
                found.add(end // given.ticks)
                break
    return found


def live(given: Correlation, findings: Sequence[Finding]) -> set[int]:
    shelf = MemoryShelf()
    return {
        window
        for step, when, event in findings
        for window in completed(shelf, given, "k", step, when, event, "")
    }


@st.composite
def floods(draw: st.DrawFn) -> tuple[Correlation, list[Finding]]:
    needs = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=2)))
    if needs == (1,):
        needs = (2,)
    minutes = draw(st.integers(1, 3))
    given = Correlation("c", 60 * minutes, needs)
    size = st.integers(0, 4 * 60 * minutes)
    steps = st.integers(0, len(needs) - 1)
    times = draw(st.lists(st.tuples(steps, size), max_size=25))
    return given, [(step, 10**6 * 180 + at, f"e{n}") for n, (step, at) in enumerate(times)]


@given(floods(), st.randoms(use_true_random=False))
@effort(max_examples=150, deadline=None)
def test_the_alerts_are_the_same_in_any_order_and_with_any_repeats(
    case: tuple[Correlation, list[Finding]], random: object
) -> None:
    given_, findings = case
    shuffled = [*findings, *random.sample(findings, len(findings) // 3)]  # type: ignore[attr-defined]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert live(given_, findings) == live(given_, shuffled) == reference(given_, findings)


def test_what_lies_within_the_minutes_is_always_found() -> None:
    """At the border of windows, too; and what takes a twelfth longer never is."""
    given_ = Correlation("c", 600, (5,))
    for start in range(0, 1300, 7):
        near = [(0, start + n * 149, f"e{n}") for n in range(5)]  # 596 seconds
        far = [(0, start + n * 175, f"e{n}") for n in range(5)]  # 700 seconds
        assert live(given_, near), start
        assert not live(given_, far), start


def test_a_hundred_thousand_findings_keep_no_more_than_they_need() -> None:
    shelf, given_ = MemoryShelf(), Correlation("c", 600, (MOST,))
    for n in range(20_000):
        completed(shelf, given_, "k", 0, n % 600, f"e{n}", "")
    (window,) = (each for each in shelf.kept.values() if each)
    assert sum(map(len, window.values())) <= given_.ticks * MOST
    assert len(mark("e" * 1000)) == 8


def test_the_ledger_decides_as_the_shelf_in_memory(
    aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DynamoDB's conditional writes, with repeats, late events and full slots."""
    boto3.client("dynamodb").create_table(
        TableName="t",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )
    ledger, shelf = Ledger("t", "notify", 30, Aws()), MemoryShelf()
    cases = [
        (Correlation("count", 600, (3,)), [(0, at) for at in (10, 20, 900, 610, 20, 30, 5, 1250)]),
        (Correlation("chain", 600, (2, 1)), [(1, 500), (0, 30), (0, 620), (1, 640), (0, 10)]),
    ]
    for given_, findings in cases:
        found: dict[int, Gathered] = {}
        for number, (step, when) in enumerate([*findings, *findings]):
            event = f"e{number % len(findings)}"
            key = "role/app" * 200  # longer than a key of the table may be
            mine = completed(ledger, given_, key, step, when, event, f"line {number}")
            other = completed(shelf, given_, key, step, when, event, "")
            assert {w: g.counts for w, g in mine.items()} == {w: g.counts for w, g in other.items()}
            found |= mine
        assert found
        assert all("line" in told for each in found.values() for told in each.examples.values())
        assert all(each.examples for each in found.values())


# ---- keys


def test_a_session_is_its_role() -> None:
    """Whoever assumes a role chooses the session's name."""
    one, two = (
        record("s3.amazonaws.com", "ListBuckets", actor=role_session("app", name))
        for name in ("one", "two/../three")
    )
    assert key_of("principal", read_event(one)) == key_of("principal", read_event(two))
    for each in (one, two):
        del each["userIdentity"]["sessionContext"]
    assert key_of("principal", read_event(one)) == key_of("principal", read_event(two))
    assert key_of("principal", read_event(one)).endswith(":role/app")


def test_a_federated_session_is_its_user() -> None:
    made = {
        **role_session("app", "x"),
        "type": "FederatedUser",
        "arn": "arn:aws:sts::123456789012:federated-user/any-name",
    }
    made["sessionContext"]["sessionIssuer"] = user("alice")
    event = read_event(record("s3.amazonaws.com", "ListBuckets", actor=made))
    assert key_of("principal", event) == "arn:aws:iam::123456789012:user/alice"


@pytest.mark.parametrize(
    ("given_", "key"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("2001:db8:1:2:3::7", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("cloudformation.amazonaws.com", "cloudformation.amazonaws.com"),
        ("", ""),
    ],
)
def test_an_address_of_ipv6_is_its_network(given_: str, key: str) -> None:
    event = record("s3.amazonaws.com", "ListBuckets", sourceIPAddress=given_)
    assert key_of("source address", read_event(event)) == key


def test_every_key_takes_an_empty_event() -> None:
    assert all(isinstance(key_of(by, read_event({})), str) for by in KEYS)
