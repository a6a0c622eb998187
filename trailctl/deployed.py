"""The reactions of an account and Region: where their logs are, and what of theirs was taken back.

A function says by its environment that it is a reaction. That an action was taken back is written
into the reaction's ledger, beside what it remembers of its actions, and goes when that goes.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from trailctl.errors import CheckError, UsageError
from trailctl.text import plain

_Client = Callable[[str], Any]
_DAY = 86_400


@dataclass(frozen=True)
class ReactionFunction:
    """A reaction's function: its log group, the reaction's name in records, its ledger's table."""

    log_group: str
    reaction: str
    ledger: str
    ledger_days: int


def reactions(client: _Client) -> list[ReactionFunction]:
    """The reactions of the account and Region that `client` makes boto3 clients of.

    Raises boto3's errors, and UsageError if two call themselves by one name: whoever may make a
    function may call it anything.
    """
    found: dict[str, ReactionFunction] = {}
    for page in client("lambda").get_paginator("list_functions").paginate():
        for function in page["Functions"]:
            given = function.get("Environment", {}).get("Variables", {})
            if "REACTION_MODE" not in given:
                continue
            name = function["FunctionName"]
            group = function.get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{name}"
            days = str(given.get("REACTION_LEDGER_DAYS", ""))
            reaction = str(given.get("REACTION_NAME") or name)
            if reaction in found:
                raise UsageError(
                    f"two functions call themselves {plain(reaction)} (their logs: "
                    f"{plain(found[reaction].log_group)}, {plain(group)}): find out which is "
                    "the reaction, and give the record in a file"
                )
            found[reaction] = ReactionFunction(
                log_group=group,
                reaction=reaction,
                ledger=str(given.get("REACTION_LEDGER_TABLE", "")),
                ledger_days=int(days) if days.isdigit() else 30,
            )
    return [found[name] for name in sorted(found)]


class Notes:
    """What was taken back, by the ledgers of the reactions that took the actions."""

    def __init__(self, client: _Client) -> None:
        self._client = client
        self._known: list[ReactionFunction] | None = None

    def of(self, record: Mapping[str, Any]) -> str:
        """Who took the action back and when; empty if nobody did. Raises CheckError if that can't
        be known.
        """
        ledger = self._ledger(record)
        try:
            answer = self._client("dynamodb").get_item(
                TableName=ledger.ledger, Key=_key(record), ConsistentRead=True
            )
        except (ClientError, BotoCoreError) as error:
            raise CheckError(f"the ledger {ledger.ledger} can't be read: {error}") from None
        item = answer.get("Item")
        if not item:
            return ""
        at, who = (plain(item.get(name, {}).get("S", "?")) for name in ("at", "who"))
        return f"{who} took it back at {at}"

    def write(self, record: Mapping[str, Any], who: str) -> None:
        """Writes down that it was taken back just now. Raises CheckError if it can't be written."""
        ledger, now = self._ledger(record), datetime.now(UTC)
        item = {
            **_key(record),
            "expiration": {"N": str(int(time.time()) + ledger.ledger_days * _DAY)},
            "at": {"S": f"{now:%Y-%m-%dT%H:%M:%SZ}"},
            "who": {"S": who},
        }
        try:
            self._client("dynamodb").put_item(TableName=ledger.ledger, Item=item)
        except (ClientError, BotoCoreError) as error:
            raise CheckError(f"the ledger {ledger.ledger} can't be written: {error}") from None

    def _ledger(self, record: Mapping[str, Any]) -> ReactionFunction:
        if self._known is None:
            try:
                self._known = reactions(self._client)
            except UsageError as error:
                raise CheckError(str(error)) from None
            except (ClientError, BotoCoreError) as error:
                raise CheckError(f"the functions here can't be listed: {error}") from None
        for each in self._known:
            if each.ledger and each.reaction == record.get("reaction"):
                return each
        raise CheckError(f"no reaction {plain(record.get('reaction'))} with a ledger is here")


def _key(record: Mapping[str, Any]) -> dict[str, Any]:
    """A key has 2,048 bytes, and a record's id may have more."""
    place = "/".join(str(record.get(name)) for name in ("account", "region", "id"))
    digest = hashlib.sha256(place.encode("utf-8", "surrogatepass")).hexdigest()
    return {"id": {"S": f"undone#{record.get('reaction')}#{digest}"}}
