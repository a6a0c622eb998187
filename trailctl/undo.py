"""`trailctl undo`: takes an action of a reaction back, by its audit record."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from trailctl.errors import CheckError, UsageError

Client = Callable[[str, str], Any]


def from_text(text: str) -> dict[str, Any]:
    """The audit record in a JSON text: the record, a line of the log, or an event of the bus."""
    try:
        found = json.loads(text)
    except ValueError as error:
        raise UsageError(f"this is no audit record: {error}") from None
    for key in ("detail", "action"):
        if isinstance(found, dict) and isinstance(found.get(key), dict):
            found = found[key]
    if not isinstance(found, dict) or not {"id", "service", "operation"} <= {*found}:
        raise UsageError("this is no audit record: it has no id, service and operation")
    return found


def from_log(logs: Any, group: str, record_id: str) -> dict[str, Any]:
    """The record of that id in the function's log group. Raises UsageError if there is none."""
    call = {"logGroupName": group, "filterPattern": '"action taken"'}
    try:
        while True:
            page = logs.filter_log_events(**call)
            for event in page["events"]:
                text = event["message"]
                if record_id in text and "{" in text:
                    found = from_text(text[text.index("{") :])
                    if found["id"] == record_id and "undo" in found:
                        return found
            if not page.get("nextToken"):
                break
            call["nextToken"] = page["nextToken"]
    except ClientError as error:
        raise UsageError(f"the log group {group} can't be read: {error}") from None
    raise UsageError(f"the log group {group} has no action {record_id} that can be taken back")


def undo(record: dict[str, Any], client: Client, *, do: bool) -> None:
    """Takes an action back if `do` is set, and prints how if not.

    `client` makes the boto3 client of a service and Region. Raises UsageError if the action was not
    taken or the credentials are of another account, and CheckError if AWS refuses the call.
    """
    how = record.get("undo")
    if not isinstance(how, dict):
        raise UsageError(
            f"{record['id']} can't be taken back: it was {record.get('status', 'not taken')}"
        )
    region = str(record.get("region", ""))
    print(f"{record.get('summary')} ({record.get('reaction')}, {record.get('time')})")
    print(f"undo: {how.get('command')}")
    if not do:
        print("nothing was done: add --yes to do it")
        return
    try:
        account = client("sts", region).get_caller_identity()["Account"]
        if record.get("account") not in (None, "", account):
            raise UsageError(
                f"the action was taken in account {record['account']}, these credentials are of "
                f"{account}: use credentials of that account"
            )
        getattr(client(how["service"], region), how["operation"])(**how["parameters"])
    except (ClientError, BotoCoreError) as error:
        raise CheckError(f"it could not be taken back: {error}") from None
    print("done")
