"""A day's events as an organization has them: of the catalogue's samples, seeded.

Accounts, Regions, callers and times are drawn; there are bursts, sequences and much that matches
nothing.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from reactor.event import read_event
from reactor.patterns import RuleSet
from reactor.testing import role_session, user

from tests.unit.detections import sequences
from trailctl.replay.catalogue import load_catalogue, load_sequences

BEGIN = datetime.fromisoformat("2026-03-02T06:00:00Z")
ACCOUNTS = ("111122223333", "444455556666", "777788889999")
REGIONS = ("us-east-1", "eu-west-1", "eu-central-1")
BURSTS = ("login-failures", "unauthorized-api", "account-recon", "ssm-parameters", "ses-recon")


def day(seed: int, noise: int, findings: int, hours: int = 6) -> list[dict[str, Any]]:
    """EventBridge envelopes in the order of their times."""
    rng = random.Random(seed)
    catalogue = load_catalogue()
    samples = [s.event for e in catalogue.values() for s in e.samples.match if of_record(s.event)]
    misses = [s.event for e in catalogue.values() for s in e.samples.no_match if of_record(s.event)]
    quiet = _quiet()
    found = [
        _of(rng, rng.choice(misses if n % 6 == 0 else quiet), _time(rng, hours))
        for n in range(noise)
    ]
    found += [_of(rng, rng.choice(samples), _time(rng, hours)) for _ in range(findings)]
    for id_ in BURSTS * 2:
        found += _burst(rng, id_, hours)
    for id_ in load_sequences():
        for case in sequences.cases(id_)["match"][:1] + sequences.cases(id_)["no_match"][:1]:
            # The sixtieth of a sequence's window may fall anywhere.
            begin = _time(rng, 2)
            found += [event for _, event in sequences.events(case, begin)]
    return sorted(found, key=lambda event: event["time"])


@cache
def _quiet() -> list[dict[str, Any]]:
    """Samples that no rule matches."""
    entries = load_catalogue().values()
    rules = {k: p for e in entries for k, p in e.rules(e.example_values).items()}
    patterns = RuleSet(rules)
    misses = [s.event for e in entries for s in e.samples.no_match if of_record(s.event)]
    return [event for event in misses if not patterns.match(event)]


def of_record(event: dict[str, Any]) -> bool:
    """True if the envelope is what the record says: a log has the record alone."""
    bare = read_event(event["detail"])
    source = event["source"].removeprefix("aws.")
    return read_event(event).kind == bare.kind and bare.source.startswith(f"{source}.")


def disordered(seed: int, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The events as they may arrive: a twentieth of them twice, most a little late, some very."""
    rng = random.Random(seed)
    twice = [*events, *rng.sample(events, len(events) // 20)]

    def arrives(event: dict[str, Any]) -> float:
        late = rng.choice((0, 5, 60, 900, 7200)) * rng.random()
        return datetime.fromisoformat(event["time"]).timestamp() + late

    return sorted(twice, key=arrives)


def _time(rng: random.Random, hours: int) -> datetime:
    return BEGIN + timedelta(seconds=rng.randrange(hours * 3600))


def _of(rng: random.Random, sample: dict[str, Any], time: datetime) -> dict[str, Any]:
    """An event as the sample is, by another caller, elsewhere, at another time."""
    account, region = rng.choice(ACCOUNTS), rng.choice(REGIONS)
    stamp = f"{time:%Y-%m-%dT%H:%M:%SZ}"
    detail = {
        **sample["detail"],
        "eventID": str(uuid.UUID(int=rng.getrandbits(128))),
        "eventTime": stamp,
        "awsRegion": region,
        "recipientAccountId": account,
    }
    if (detail.get("userIdentity") or {}).get("type") == "IAMUser" and rng.random() < 0.7:
        detail["userIdentity"] = rng.choice(
            (
                user(rng.choice(("ana", "ben")), account=account),
                role_session("deploy", f"ci-{rng.randrange(9)}", account=account),
                role_session("ops", rng.choice(("cleo", "dan")), account=account),
            )
        )
    return {**sample, "account": account, "region": region, "time": stamp, "detail": detail}


def _burst(rng: random.Random, id_: str, hours: int) -> Iterator[dict[str, Any]]:
    """About as many findings of one caller, address and place as make an alert, or as don't."""
    entry = load_catalogue()[id_]
    assert entry.count is not None
    one = _of(rng, entry.samples.match[0].event, _time(rng, hours))
    begin = datetime.fromisoformat(one["time"])
    wide = entry.count.minutes * rng.choice((20, 55, 70, 140))
    for _ in range(entry.count.at_least + rng.randrange(-2, 5)):
        time = begin + timedelta(seconds=rng.randrange(wide))
        told = {
            "eventID": str(uuid.UUID(int=rng.getrandbits(128))),
            "eventTime": f"{time:%Y-%m-%dT%H:%M:%SZ}",
        }
        yield {**one, "time": told["eventTime"], "detail": {**one["detail"], **told}}
