"""`trailctl undo`: takes an action of a reaction back, by its audit record.

A record is text that somebody wrote. So what is shown is made from what will be done and never read
from the record, and only calls are made that undo an action of this project's reactions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from reactor.actions import Undo
from reactor.audit import UNDOABLE, command
from reactor.aws import Aws
from reactor.findings.asff import product_arn
from reactor.findings.delivery import FindingError, send
from reactor.findings.model import clean, is_uid
from reactor.findings.ocsf import taken_back
from reactor.findings.target import FindingTarget
from reactor.retry import Clock
from reactor.shapes import is_account, is_region

from trailctl.deployed import Notes, ReactionFunction
from trailctl.errors import CheckError, UsageError
from trailctl.terminal import say, say_command
from trailctl.text import plain

Client = Callable[[str, str], Any]
_EVENT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class NoLogError(UsageError):
    """There is no such log group."""


def is_id(text: str) -> bool:
    """Whether a text is an event's id, or a record's, which begins with it."""
    return bool(_EVENT_ID.fullmatch(text.partition("/")[0]))


def from_text(text: str) -> dict[str, Any]:
    """The audit record in a JSON text: the record, a line of the log, or an event of the bus."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"this is no audit record: {error}") from None
    for key in ("detail", "action"):
        if isinstance(found, dict) and isinstance(found.get(key), dict):
            found = found[key]
    if not isinstance(found, dict) or not {"id", "service", "operation"} <= {*found}:
        raise UsageError("this is no audit record: it has no id, service and operation")
    return found


def from_log(logs: Any, group: str, wanted: str) -> list[dict[str, Any]]:
    """The records of that id in the function's log group, or of all actions about the event of that
    id, the last one first. Raises UsageError if there is none.

    Two records of one id that say different things are refused: one of them is not the reaction's.
    """
    found = _in_log(logs, group, wanted)
    if not found:
        raise UsageError(f"the log group {group} has no action {wanted} that can be taken back")
    return found


def from_logs(
    logs: Any, deployed: Collection[ReactionFunction], wanted: str
) -> list[dict[str, Any]]:
    """The same, in the logs of several reactions; a log that is not there yet has nothing.

    A function's log counts for the reaction that it calls itself, and for no other.
    """
    found: list[dict[str, Any]] = []
    for each in deployed:
        with suppress(NoLogError):
            records = _in_log(logs, each.log_group, wanted)
            found += [one for one in records if one.get("reaction") == each.reaction]
    if not found:
        groups = ", ".join(each.log_group for each in deployed)
        raise UsageError(
            f"no reaction here has an action {wanted} that can be taken back (looked at: "
            f"{groups or 'no log, as there is no reaction'}): name --region, --log-group or "
            "--log-profile"
        )
    return sorted(found, key=lambda record: str(record.get("time")), reverse=True)


def _in_log(logs: Any, group: str, wanted: str) -> list[dict[str, Any]]:
    event = wanted.partition("/")[0]
    pattern = '"action taken"' + (f' "{event}"' if _EVENT_ID.fullmatch(event) else "")
    call = {"logGroupName": group, "filterPattern": pattern}
    found: dict[str, dict[str, Any]] = {}
    try:
        while True:
            page = logs.filter_log_events(**call)
            for line in page["events"]:
                record = _of_line(line["message"], wanted)
                if record is None:
                    continue
                known = found.setdefault(str(record["id"]), record)
                if known.get("undo") != record["undo"]:
                    raise UsageError(
                        f"the log group {group} has several records {record['id']} that differ: "
                        "look at them, and give the right one in a file"
                    )
            if not page.get("nextToken"):
                break
            call["nextToken"] = page["nextToken"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            raise NoLogError(f"there is no log group {group}") from None
        raise UsageError(f"the log group {group} can't be read: {error}") from None
    return [*reversed(found.values())]


def _of_line(text: str, wanted: str) -> dict[str, Any] | None:
    """The record of that id, or of that event, in a line of the log. A line that is none, or is
    cut, has none.
    """
    if "{" not in text:
        return None
    try:
        record = from_text(text[text.index("{") :])
    except UsageError:
        return None
    if "undo" not in record:
        return None
    # A record's id is the event's with the action's behind it.
    of_event = "/" not in wanted and str(record["id"]).partition("/")[0] == wanted
    return record if of_event or record["id"] == wanted else None


class Work:
    """The call that takes an action back.

    Raises UsageError if the action was not taken, or its record does not say what was done where,
    or names a call that is neither in UNDOABLE nor in `allowed`.
    """

    def __init__(
        self, record: Mapping[str, Any], allowed: Collection[tuple[str, str]] = ()
    ) -> None:
        how = record.get("undo")
        if not isinstance(how, dict):
            status = record.get("status", "not taken")
            raise UsageError(f"{record['id']} can't be taken back: it was {status}")
        service, operation, parameters = (
            how.get(name) for name in ("service", "operation", "parameters")
        )
        if not (
            isinstance(service, str) and isinstance(operation, str) and isinstance(parameters, dict)
        ):
            raise UsageError(f"{record['id']} does not say which call takes it back")
        call = (service, operation)
        if operation not in UNDOABLE.get(service, ()) and call not in allowed:
            raise UsageError(
                f"{service}.{operation} takes back no action of this project's reactions: for one "
                f"of your own, read the record and add --allow {service}.{operation}"
            )
        self.account, self.region = str(record.get("account")), str(record.get("region"))
        if not (is_account(self.account) and is_region(self.region)):
            raise UsageError(f"{record['id']} does not say in which account and Region it was done")
        self._record = record
        self._noted = True  # there is a ledger to write into
        self._call = Undo(service, operation, parameters)

    def show(self) -> None:
        """Prints the action, the place and the call that will be made."""
        said = (self._record.get(name) for name in ("summary", "reaction", "time"))
        summary, reaction, time = (plain(each) for each in said)
        say(f"{summary} ({reaction}, {time})")
        say(f"in account {self.account}, {self.region}")
        say_command("undo:", plain(command(self._call, self.region)))

    def before(self, notes: Notes) -> bool:
        """Whether it was taken back before; prints when and by whom, or why that is not known."""
        try:
            told = notes.of(self._record)
        except CheckError as error:
            say(f"whether it was taken back before is not known: {error}")
            self._noted = False
            return False
        if told:
            say(f"taken back already: {told}")
        return bool(told)

    def note(self, client: Client, notes: Notes) -> None:
        """Writes down who took it back, for the next one who tries."""
        if not self._noted:
            return
        try:
            who = client("sts", self.region).get_caller_identity()["Arn"]
            notes.write(self._record, who)
        except (ClientError, BotoCoreError, CheckError) as error:
            say(f"that it was taken back is not written down: {error}")

    def tell(self, client: Client) -> str:
        """Updates the finding that the action is in, and says so; returns why it could not.

        Its target is text, too: it has to be in the account and Region that were checked.
        """
        told = self._record.get("finding")
        if not isinstance(told, dict):
            return ""
        uid, arn = str(told.get("uid")), str(told.get("target"))
        try:
            target = FindingTarget.parse(arn)
        except ValueError:
            return "the finding is not updated: its target is none"
        if not is_uid(uid):
            return f"the finding is not updated: {plain(uid)} is none of this project"
        if target.account != self.account:
            # A hub's finding: its credentials are not those that take the action back.
            say(f"the finding in {target.arn} is not updated: it is of another account")
            return ""
        now = datetime.now(UTC)
        try:
            who = client("sts", self.region).get_caller_identity()["Arn"]
            words = f"{who} took back: {plain(self._record.get('summary'))}"
            if target.service == "securityhub":
                _note(client("securityhub", target.region), target, uid, words, who)
            else:
                place = (self.account, self.region)
                title, severity = (str(told.get(name)) for name in ("title", "severity"))
                event = taken_back(uid, title, severity, words, *place, now, now)
                send(target, event, _Clients(client), Clock(None))
        except (ClientError, BotoCoreError, FindingError) as error:
            return f"the finding in {target.arn} is not updated: {error}"
        say(f"finding updated in {target.arn}")
        return ""

    def check(self, client: Client, regions: Collection[str]) -> None:
        """Raises UsageError if the credentials are of another account, or nobody named the Region.

        `client` makes the boto3 client of a service and Region.
        """
        if self.region not in regions:
            raise UsageError(
                f"the action was taken in {self.region}, and you work in "
                f"{', '.join(sorted(regions)) or 'no Region'}: set AWS_REGION={self.region}"
            )
        try:
            account = client("sts", self.region).get_caller_identity()["Account"]
        except (ClientError, BotoCoreError) as error:
            raise CheckError(f"these credentials can't be looked at: {error}") from None
        if self.account != account:
            raise UsageError(
                f"the action was taken in account {self.account}, these credentials are of "
                f"{account}: use credentials of that account"
            )

    def do(self, client: Client) -> str:
        """Makes the call, and prints that it was made; if AWS refuses it, returns why."""
        call = self._call
        try:
            getattr(client(call.service, self.region), call.operation)(**call.parameters)
        except (ClientError, BotoCoreError, AttributeError, TypeError) as error:
            return f"it could not be taken back: {error}"
        say("done")
        return ""


class _Clients(Aws):
    """Clients of the credentials that take the action back."""

    def __init__(self, client: Client) -> None:
        super().__init__()
        self._of = client

    def client(self, service: str, region: str | None = None) -> Any:
        return self._of(service, region or "")


def _note(hub: Any, target: FindingTarget, uid: str, words: str, who: str) -> None:
    """What a person did belongs into the customer's own fields, by the customer's own call.

    https://docs.aws.amazon.com/securityhub/latest/userguide/finding-update-batchupdatefindings.html
    """
    product = product_arn(target.partition, target.region, target.account)
    answer = hub.batch_update_findings(
        FindingIdentifiers=[{"Id": uid, "ProductArn": product}],
        Note={"Text": clean(words, 512), "UpdatedBy": who},
    )
    if answer.get("UnprocessedFindings"):
        failed = answer["UnprocessedFindings"][0]
        raise FindingError(f"{failed.get('ErrorCode')} {failed.get('ErrorMessage')}")
