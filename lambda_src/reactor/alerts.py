"""Alerts as a person reads them, and their way to the topic.

A topic does not know who reads: a mail, a chat, a ticket, a terminal. Names, tags and user agents
are chosen by whoever makes a call. So all of an alert's text goes through `inert`, after which no
reader known to us takes a part of it for markup, a mention, a link or a line of its own.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from reactor.actions import Action, Alert, Outcome
from reactor.audit import UNDOABLE
from reactor.event import Event

if TYPE_CHECKING:
    from typing import Any

    from reactor.settings import Mode

MAX_SUBJECT = 100
CHAT = "https"  # the protocol by which the chat service subscribes
_MAX_MESSAGE = 250_000  # bytes; SNS takes 262,144 with the attributes
_LONGEST_LABEL = 60
_LONGEST_LINE = 8_000  # characters; an organization's policy has 5,120
# What opens markup in Slack, HTML, Markdown or a table, and a sign that only looks like it.
# https://docs.slack.dev/messaging/formatting-message-text and https://spec.commonmark.org/0.31.2/
_LOOKS = str.maketrans(
    {
        "<": "\u2039",
        ">": "\u203a",
        "&": "\uff06",
        "`": "\u02cb",
        "[": "\uff3b",
        "]": "\uff3d",
        "|": "\u00a6",
        "\\": "\u29f5",
    }
)
# These open something only before a word, some only at its start: so role_name, bob@example.com and
# s3:* stay as they are.
_OPENS = re.compile(r"(?<![^\W_])[_@#]+(?=[^\s_])|[*~]+(?=\S)")
_OPENING = str.maketrans(
    {"*": "\u2217", "_": "\uff3f", "~": "\u223c", "@": "\uff20", "#": "\uff03"}
)
_SCHEME = re.compile(
    r"(?i):(?=//)|(?:(?<=\bmailto)|(?<=\btel)|(?<=\bjavascript)|(?<=\bdata)):(?=\S|$)"
)
_WWW = re.compile(r"(?i)\bwww\.")
# What a command may hold: no sign of these means anything to a shell.
_EVENT_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_LOG_GROUP = re.compile(r"[A-Za-z0-9/._][A-Za-z0-9/._-]{0,511}")
_REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]+)+-[0-9]")
_CALL = re.compile(r"[a-z][a-z0-9-]*\.[a-z][a-z0-9_]*")
# Printable by their category, and nothing is seen of them.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)
_VERBS = {
    "taken": "{0}",
    "exempt": "did not {1}",
    "refused": "refused to {1}",
    "failed": "could not {1}",
    "planned": "would {1}",
    "notify": "is in notify mode and would {1}",
    "dry_run": "is in dry_run mode and would {1}",
}


def subject(alert: Alert) -> str:
    """The alert's subject."""
    return subject_line(alert.severity, alert.subject)


def subject_line(severity: str, text: str) -> str:
    """A subject as SNS takes it: at most 100 ASCII characters, no control characters.

    https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
    """
    line = f"[{severity}] {inert(text)}".encode("ascii", "replace").decode()
    return line if len(line) <= MAX_SUBJECT else line[: MAX_SUBJECT - 3].rstrip() + "..."


def reaction_to(
    outcomes: Sequence[Outcome], name: str, mode: Mode, earlier: Sequence[str] = ()
) -> str:
    """A clause on what was done, such as `ec2-launch-guard tagged 3 instances with their owner`.

    `earlier` is what an earlier run did that failed on the same event.
    """
    clauses = list(earlier)
    for outcome in outcomes:
        then = outcome.mode or mode
        held = then if then != "enforce" else "planned"
        verb = _VERBS[held if outcome.status == "planned" else outcome.status]
        clause = verb.format(outcome.action.done, outcome.action.summary)
        clauses.append(f"{clause} ({outcome.reason})" if outcome.reason else clause)
    if not clauses:
        return f"{name} had nothing to do about it"
    return f"{name} {' and '.join(dict.fromkeys(clauses))}"


def told_late(seconds: int) -> str:
    """A sentence on an event that reconciliation handed over; empty for one that is not late."""
    if not seconds:
        return ""
    minutes = seconds // 60
    told = f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
    return f"This comes {told} late: EventBridge did not deliver it, and the log has it."


def message(
    alert: Alert,
    event: Event,
    outcomes: Sequence[Outcome] | None,
    name: str,
    mode: Mode,
    earlier: Sequence[str] = (),
    undo: str = "",
) -> str:
    """The alert's text: one sentence that says it all, then the details, a line each.

    Without outcomes (None) the headline says what was done. `undo` is the command that takes the
    actions back: it is shown as it is, since it is there to be copied.
    """
    lines = [f"{sentence(alert, outcomes, name, mode, earlier)}.", ""]
    rows = [
        ("Severity", alert.severity),
        ("Late", told_late(event.late_seconds)),
        *alert.details,
        ("Why it matters", alert.why),
        ("What to do", alert.runbook),
        ("Principal", event.actor.arn or event.actor.principal_arn or event.actor.principal_id),
        ("From", ", ".join(filter(None, (event.source_ip, event.user_agent)))),
        ("Event", f"{event.source} {event.name}, {event.id}" if event.id else ""),
    ]
    shown = [(inert(label, _LONGEST_LABEL), inert(value)) for label, value in rows]
    width = max(len(label) for label, _ in shown) + 1
    lines += [f"{label + ':':<{width}} {value}" for label, value in shown if value]
    if undo:
        lines += ["", "To take it back:", undo]
    text = "\n".join(lines) + "\n"
    return text.encode()[:_MAX_MESSAGE].decode("utf-8", "ignore")


def sentence(
    alert: Alert,
    outcomes: Sequence[Outcome] | None,
    name: str,
    mode: Mode,
    earlier: Sequence[str] = (),
) -> str:
    """The alert's headline with what was done, inert and without its full stop."""
    about = "" if outcomes is None else f"; {reaction_to(outcomes, name, mode, earlier)}"
    return inert(alert.headline) + inert(about)


def undo_command(
    event: Event, actions: Collection[Action], account: str, region: str, log_group: str
) -> str:
    """The command that takes actions about an event back; empty if it can't be told.

    `account` and `region` are the function's own. The line is pasted into a shell: it holds only
    ids and names of a strict form.
    """
    undone = [action for action in actions if action.undo is not None]
    regions = {action.region or event.region for action in undone}
    if not (undone and _EVENT_ID.fullmatch(event.id) and _LOG_GROUP.fullmatch(log_group)):
        return ""
    calls = {f"{each.undo.service}.{each.undo.operation}" for each in undone if each.undo}
    if not all(map(_REGION.fullmatch, (region, *regions))) or not all(map(_CALL.fullmatch, calls)):
        return ""
    line = f"trailctl undo {event.id} --log-group {log_group} --region {region}"
    for call in sorted(calls):
        service, _, operation = call.partition(".")
        if operation not in UNDOABLE.get(service, ()):  # one of a reaction of one's own
            line += f" --allow {call}"
    elsewhere = sorted(regions - {region})
    if elsewhere:
        line = f"AWS_REGION={elsewhere[0]} {line}"
    if account and event.account != account:
        # The log is read with one account's credentials, the action taken back with another's.
        line += " --log-profile PROFILE"
        line += f"\n(as {inert(event.account)}; PROFILE is a profile of yours for {account})"
    return line


def chat(
    alert: Alert,
    event: Event,
    outcomes: Sequence[Outcome] | None,
    name: str,
    mode: Mode,
    earlier: Sequence[str] = (),
    undo: str = "",
) -> str:
    """The alert as a custom notification of Amazon Q Developer in chat applications.

    It drops every other message of a topic.
    https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
    """
    rows = [
        *((inert(label, _LONGEST_LABEL), inert(value, 500)) for label, value in alert.details[:10]),
        ("Principal", inert(event.actor.arn or event.actor.principal_id, 500)),
        ("Event", inert(event.id, 100)),
    ]
    lines = [f"{sentence(alert, outcomes, name, mode, earlier)[:2000]}."]
    lines += [f"{label}: {value}" for label, value in rows if value]
    steps = [inert(alert.runbook, 1000)] if alert.runbook else []
    if undo:
        steps.append(f"To take it back: {undo}")
    content: dict[str, Any] = {
        "textType": "client-markdown",
        "title": subject(alert),
        "description": "\n".join(lines),
    }
    if alert.why:
        content["description"] += f"\nWhy it matters: {inert(alert.why, 1000)}"
    if steps:
        content["nextSteps"] = steps
    content["keywords"] = [alert.severity, name]
    return json.dumps({"version": "1.0", "source": "custom", "content": content})


def inert(text: str, longest: int = _LONGEST_LINE) -> str:
    """The text as one line in which nothing is markup and nothing is hidden.

    A sign that can't be seen, or that turns the direction of writing, is told by its number. Marks
    that pile up on a letter are left out beyond the second.
    """
    shown: list[str] = []
    marks = 0
    for sign in text[: 4 * longest]:
        marks = marks + 1 if unicodedata.combining(sign) else 0
        if sign.isspace():
            shown.append(" ")
        elif not sign.isprintable() or _UNSEEN.match(sign):
            shown.append(f"(U+{ord(sign):04X})")
        elif marks <= 2:
            shown.append(sign)
    line = " ".join("".join(shown).split()).translate(_LOOKS)
    line = _OPENS.sub(lambda found: found[0].translate(_OPENING), line)
    line = _SCHEME.sub("\ua789", line)
    line = _WWW.sub("www\u2024", line)
    return line if len(line) <= longest else f"{line[: longest - 3]}..."


def publication(
    alert: Alert,
    event: Event,
    outcomes: Sequence[Outcome] | None,
    name: str,
    mode: Mode,
    earlier: Sequence[str] = (),
    undo: str = "",
) -> dict[str, Any]:
    """The parameters of sns:Publish, but for the topic."""
    return {
        "Subject": subject(alert),
        "Message": message(alert, event, outcomes, name, mode, earlier, undo),
        "MessageAttributes": attributes(
            severity=alert.severity, reaction=name, account=event.account, region=event.region
        ),
    }


def attributes(**values: str) -> dict[str, dict[str, str]]:
    """The attributes of a message, which a subscription's filter policy chooses by: severity,
    reaction and, where the message is of one, account and Region.
    """
    return {
        name: {"DataType": "String", "StringValue": value}
        for name, value in values.items()
        if value
    }


def with_chat(published: Mapping[str, Any], told: str) -> dict[str, Any]:
    """The parameters of sns:Publish with which HTTPS subscribers get `told`, all others the text.

    https://docs.aws.amazon.com/sns/latest/dg/sns-send-custom-platform-specific-payloads-mobile-devices.html
    """
    text = str(published["Message"])
    # SNS takes 262,144 bytes for both, and JSON escapes what is not ASCII.
    while len(body := json.dumps({"default": text, CHAT: told})) > _MAX_MESSAGE:
        text = text[: len(text) // 2]
    return {**published, "Message": body, "MessageStructure": "json"}
