"""The samples of sequences, as the events of which they tell."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from trailctl.replay.catalogue import FOLDER, load_catalogue

BEGIN = datetime.fromisoformat("2026-03-02T08:00:00Z")


def cases(id_: str) -> dict[str, list[dict[str, Any]]]:
    """The cases of a sequence: `match` and `no_match`, each with its `case` and `events`."""
    path = FOLDER / "sequences" / "samples" / f"{id_}.json"
    found: dict[str, list[dict[str, Any]]] = json.loads(path.read_text(encoding="utf-8"))
    return found


def events(
    case: Mapping[str, Any], begin: datetime = BEGIN
) -> Iterator[tuple[str, dict[str, Any]]]:
    """A case's events, each with the detection whose sample it was made of."""
    for told in case["events"]:
        sample = load_catalogue()[told["of"]].samples.match[0].event
        for number in range(told.get("times", 1)):
            time = begin + timedelta(minutes=told["minutes"], seconds=number)
            stamp = f"{time:%Y-%m-%dT%H:%M:%SZ}"
            detail = {
                **sample["detail"],
                "eventID": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{told} {number} {stamp}")),
                "eventTime": stamp,
                **told.get("detail", {}),
            }
            yield told["of"], {**sample, "time": stamp, "detail": detail}
