"""`trailctl local emit`: reads events, hands them to the running local AWS, prints the results.

A file holds what CloudTrail writes (`{"Records": [...]}`, also gzipped), what LookupEvents answers
(`{"Events": [...]}`), one record, a list of them, one a line, or whole EventBridge envelopes.
"""

from __future__ import annotations

import gzip
import json
import sys
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from localaws.client.control import Control
from trailctl.errors import UsageError
from trailctl.terminal import say
from trailctl.text import plain

_GZIP = b"\x1f\x8b"
_AT_ONCE = 500


def emit(
    files: Sequence[str],
    port: int,
    account: str,
    region: str | None,
    *,
    sign_in: str = "Sign In",
    fresh: bool = False,
) -> int:
    """Emit all events of the files (`-` is standard input) and print a line for each.

    If any file can't be read, UsageError names it and no event is emitted.
    """
    items = [item for name in files for item in read(name)]
    control = Control(port)
    for start in range(0, len(items), _AT_ONCE):
        settings = {"account": account, "region": region, "sign_in": sign_in, "fresh": fresh}
        batch = items[start : start + _AT_ONCE]
        answer = control.post("emit", {"items": batch, **settings})
        for done in answer["emitted"]:
            came = "on the bus" if done["routed"] else f"not on the bus: {done['why']}"
            say(plain(f"{done['what']}  {done['account']} {done['region']}  {came}"))
    return 0


def read(name: str) -> list[dict[str, Any]]:
    """The events in a file, each as `{"where": ..., "item": ...}`; raises UsageError."""
    shown = "standard input" if name == "-" else name
    try:
        content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise UsageError(f"{shown} can't be read: {error.strerror}") from None
    if content.startswith(_GZIP):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error):
            raise UsageError(f"{shown} is not a whole gzip file") from None
    found = list(_items(_parse(content, shown), shown))
    if not found:
        raise UsageError(f"{shown} holds no event: give records or EventBridge envelopes")
    return found


def _parse(content: bytes, name: str) -> Any:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{name} is not JSON: it is not even text") from None
    try:
        return json.loads(text)
    except RecursionError:
        raise UsageError(f"{name} is not JSON: it is nested too deeply") from None
    except ValueError as error:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) > 1:
            try:
                return [json.loads(line) for line in lines]
            except (ValueError, RecursionError):
                pass
        raise UsageError(f"{name} is not JSON: {error}") from None


def _items(value: Any, name: str) -> Iterator[dict[str, Any]]:
    many, label = _unwrapped(value)
    if many is None:
        yield {"where": name, "item": value}
        return
    for number, item in enumerate(many, 1):
        yield {"where": f"{name}, {label} {number}", "item": _of_lookup(item, name, number)}


def _unwrapped(value: Any) -> tuple[list[Any] | None, str]:
    if isinstance(value, list):
        return value, "event"
    if isinstance(value, dict):
        if isinstance(value.get("Records"), list):
            return value["Records"], "record"
        if isinstance(value.get("Events"), list):
            return value["Events"], "event"
    return None, ""


def _of_lookup(item: Any, name: str, number: int) -> Any:
    if not isinstance(item, dict) or not isinstance(item.get("CloudTrailEvent"), str):
        return item
    try:
        return json.loads(item["CloudTrailEvent"])
    except (ValueError, RecursionError):
        raise UsageError(f"{name}, event {number}: CloudTrailEvent is not JSON") from None
