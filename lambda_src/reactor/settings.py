"""A function's configuration, read strictly, so that a misspelt setting of a guard is an error."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import UnionType
from typing import TYPE_CHECKING, Any, TypeVar, Union, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from typing import Literal

    Mode = Literal["dry_run", "notify", "enforce"]

S = TypeVar("S")
MODES: tuple[Mode, ...] = ("dry_run", "notify", "enforce")  # each may do more than the one before
_NOT_IN_SESSIONS = re.compile(r"[^A-Za-z0-9_=,.@-]")
_WORDS = {str: "a text", bool: "true or false", int: "a whole number", float: "a number"}


class SettingsError(Exception):
    """The function is set up wrongly; the message says what to change."""


@dataclass(frozen=True)
class Deployment:
    """The configuration in the function's environment.

    `topic_arn` is the topic for alerts, `audit_bus` the event bus for audit records, `kill_switch`
    the SSM parameter that caps the mode. `ledger_table` is the DynamoDB table that remembers for
    `ledger_days` what was done. `budget` is the number of actions in an hour (None: any number),
    `principal_budget` that of actions about one principal's calls (default: half of it, rounded
    up), `settle_seconds` the age that an event must have, `act_within_seconds` the age beyond which
    an event is only told (None: any age). `exemptions` is JSON. `role_arn` is the
    function's own role, `member_role` the role (path and name) to assume elsewhere, with
    `external_id`. `schedule_role` is the role that starts the function again later, by schedules in
    the group of the reaction's name; `failure_queue` keeps what it could not start. `chat`: the
    topic's subscribers by HTTPS get alerts in the chat service's own format. `findings` is the ARN
    that alerts also go to as findings. An empty text means
    that there is none.
    """

    name: str
    mode: Mode
    topic_arn: str
    settings: str
    ledger_table: str = ""
    ledger_days: int = 30
    budget: int | None = None
    principal_budget: int | None = None
    kill_switch: str = ""
    audit_bus: str = ""
    exemptions: str = "{}"
    settle_seconds: int = 0
    act_within_seconds: int | None = None
    role_arn: str = ""
    member_role: str = ""
    external_id: str = ""
    schedule_role: str = ""
    failure_queue: str = ""
    chat: bool = False
    findings: str = ""

    @property
    def session_name(self) -> str:
        """The name of the function's STS sessions in other accounts."""
        return _NOT_IN_SESSIONS.sub("-", self.name)[:64].ljust(2, "-")

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], name: str) -> Deployment:
        """Reads REACTION_NAME (default `name`), REACTION_MODE (default dry_run), ALERT_TOPIC_ARN
        and the other REACTION_* variables; raises SettingsError.
        """
        mode = environ.get("REACTION_MODE", "dry_run")
        known = next((each for each in MODES if each == mode), None)
        if known is None:
            raise SettingsError(f"REACTION_MODE is {mode!r}; set it to dry_run, notify or enforce.")
        topic = alert_topic(environ)
        table = environ.get("REACTION_LEDGER_TABLE", "")
        budget = _number(environ, "REACTION_BUDGET")
        if budget is not None and not table:
            raise SettingsError(
                "REACTION_BUDGET needs a table to count in: set REACTION_LEDGER_TABLE too."
            )
        each = _number(environ, "REACTION_PRINCIPAL_BUDGET")
        if each is None and budget is not None:
            each = (budget + 1) // 2
        days = _number(environ, "REACTION_LEDGER_DAYS")
        return cls(
            name=environ.get("REACTION_NAME") or name,
            mode=known,
            topic_arn=topic,
            settings=environ.get("REACTION_SETTINGS") or "{}",
            ledger_table=table,
            ledger_days=30 if days is None else max(1, days),
            budget=budget,
            principal_budget=each,
            kill_switch=environ.get("REACTION_KILL_SWITCH", ""),
            audit_bus=environ.get("REACTION_AUDIT_BUS", ""),
            exemptions=environ.get("REACTION_EXEMPTIONS") or "{}",
            settle_seconds=_number(environ, "REACTION_SETTLE_SECONDS") or 0,
            act_within_seconds=_number(environ, "REACTION_ACT_WITHIN_SECONDS"),
            role_arn=environ.get("REACTION_ROLE", ""),
            member_role=environ.get("REACTION_MEMBER_ROLE", "").strip("/"),
            external_id=environ.get("REACTION_EXTERNAL_ID", ""),
            schedule_role=environ.get("REACTION_SCHEDULE_ROLE", ""),
            failure_queue=environ.get("REACTION_FAILURE_QUEUE", ""),
            chat=environ.get("REACTION_CHAT", "") == "true",
            findings=_target(environ),
        )


def _target(environ: Mapping[str, str]) -> str:
    arn = environ.get("REACTION_FINDINGS", "")
    if arn:
        from reactor.findings.target import FindingTarget  # only where findings go anywhere

        try:
            FindingTarget.parse(arn)
        except ValueError as error:
            raise SettingsError(f"REACTION_FINDINGS: {error}") from None
    return arn


def _number(environ: Mapping[str, str], name: str) -> int | None:
    text = environ.get(name, "")
    if not text:
        return None
    if not re.fullmatch("[0-9]{1,9}", text):
        raise SettingsError(f"{name} is {text!r}; set it to a whole number, or leave it out.")
    return int(text)


def alert_topic(environ: Mapping[str, str]) -> str:
    """The topic that alerts go to, of ALERT_TOPIC_ARN; empty if there is none. Raises
    SettingsError.
    """
    topic = environ.get("ALERT_TOPIC_ARN", "")
    parts = topic.split(":")
    if topic and not (len(parts) == 6 and parts[0] == "arn" and parts[2] == "sns" and parts[3]):
        raise SettingsError(
            f"ALERT_TOPIC_ARN is {topic!r}; give the ARN of an SNS topic, or leave it out."
        )
    return topic


def parse_settings(kind: type[S], source: str) -> S:
    """The settings as an instance of their dataclass, from JSON text.

    Every unknown name, wrong type or refused value (a ValueError of the dataclass's
    `__post_init__`) raises SettingsError with a sentence that says what to change. JSON lists
    become tuples.
    """
    try:
        given = json.loads(source)
    except ValueError as error:
        raise SettingsError(f"REACTION_SETTINGS is no JSON ({error}); write an object.") from None
    if not isinstance(given, dict):
        raise SettingsError("REACTION_SETTINGS must be a JSON object of settings by name.")
    hints = get_type_hints(kind)
    names = [each.name for each in fields(kind)]  # type: ignore[arg-type]
    values = {}
    for name, value in given.items():
        if name not in names:
            raise SettingsError(
                f"REACTION_SETTINGS has no setting {name!r}; {_advice(name, names)}"
            )
        values[name] = tuple(value) if isinstance(value, list) else value
        if not _fits(values[name], hints[name]):
            raise SettingsError(
                f"REACTION_SETTINGS: {name} is {json.dumps(value)}; it must be "
                f"{_described(hints[name])}."
            )
    try:
        return kind(**values)
    except (TypeError, ValueError) as error:
        raise SettingsError(f"REACTION_SETTINGS: {error}") from None


def _advice(name: str, names: list[str]) -> str:
    import difflib  # only needed to explain a mistake

    close = difflib.get_close_matches(name, names, n=1)
    known = f"the settings are {', '.join(names)}." if names else "there are no settings."
    return f"did you mean {close[0]!r}? If not: {known}" if close else known


def _fits(value: object, hint: Any) -> bool:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return any(_fits(value, each) for each in arguments)
    if origin is tuple:
        return isinstance(value, tuple) and all(_fits(each, arguments[0]) for each in value)
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, hint)


def _described(hint: Any) -> str:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return " or ".join(_described(each) for each in arguments)
    if origin is tuple:
        return f"a list whose every entry is {_described(arguments[0])}"
    return "null" if hint is type(None) else _WORDS[hint]
