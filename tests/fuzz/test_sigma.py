"""A Sigma file becomes an entry that keeps the catalogue's rules, or is refused."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.reactor.fuzz import odd
from trailctl.detections.entries import faults
from trailctl.errors import UsageError
from trailctl.replay.catalogue import CatalogueEntry
from trailctl.sigma.entry import made, parsed
from trailctl.sigma.export import rule as exported
from trailctl.sigma.meaning import UnsaidError

pytestmark = pytest.mark.unit

RULE: dict[str, Any] = {
    "title": "A rule of somebody",
    "id": "0f1b3ed4-9d5c-4f0e-8a1c-6d4f4d8c2a11",
    "status": "test",
    "description": 'Somebody\'s "rule" <with> signs \\',
    "author": "Ada L.",
    "date": "2026-01-02",
    "tags": ["attack.t1070", "attack.defense-evasion"],
    "logsource": {"product": "aws", "service": "cloudtrail"},
    "detection": {
        "selection": {"eventSource": "s3.amazonaws.com", "eventName|startswith": ["Put", "Delete"]},
        "filter": [{"userAgent": "a*"}, {"requestParameters.x": [1, None, True, "y"]}],
        "words": ["any", 5],
        "condition": "selection and not filter",
    },
    "falsepositives": ["Unknown", "Owners"],
    "level": "high",
}


def becomes_an_entry_or_is_refused(text: str) -> None:
    try:
        found = parsed(text, "rule.yml")
    except UsageError:
        return
    for each in found:
        try:
            written = made(each, "rule", cased=True).entry
        except UnsaidError:
            continue
        entry = msgspec.json.decode(json.dumps(written), type=CatalogueEntry)
        assert faults(entry, {}) == []
        with suppress(UnsaidError):
            exported(entry)


@given(odd(RULE))
def test_a_rule(rule: Any) -> None:
    becomes_an_entry_or_is_refused(yaml.safe_dump(rule, sort_keys=False))


@given(
    st.text(max_size=60)
    | st.tuples(st.integers(0, 700), st.text(max_size=4)).map(
        lambda cut: (whole := yaml.safe_dump(RULE))[: cut[0]] + cut[1] + whole[cut[0] + 1 :]
    )
)
def test_a_text(text: str) -> None:
    becomes_an_entry_or_is_refused(text)
