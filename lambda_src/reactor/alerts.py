"""Alerts as a person reads them, and their way to the topic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from reactor.actions import Alert, Outcome
from reactor.event import Event

if TYPE_CHECKING:
    from typing import Any

    from reactor.settings import Mode

MAX_SUBJECT = 100
_MAX_MESSAGE = 250_000  # bytes; SNS takes 262,144 with the attributes
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
    """The alert's subject as SNS takes it: at most 100 ASCII characters, no control characters.

    https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
    """
    line = _line(f"[{alert.severity}] {alert.subject}").encode("ascii", "replace").decode()
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


def message(
    alert: Alert,
    event: Event,
    outcomes: Sequence[Outcome] | None,
    name: str,
    mode: Mode,
    earlier: Sequence[str] = (),
) -> str:
    """The alert's text: one sentence that says it all, then the details, a line each.

    Without outcomes (None) the headline says what was done.
    """
    about = "" if outcomes is None else f"; {reaction_to(outcomes, name, mode, earlier)}"
    lines = [_line(f"{alert.headline}{about}."), ""]
    rows = [
        ("Severity", alert.severity),
        *alert.details,
        ("Principal", event.actor.arn or event.actor.principal_arn or event.actor.principal_id),
        ("From", ", ".join(filter(None, (event.source_ip, event.user_agent)))),
        ("Event", f"{event.source} {event.name}, {event.id}"),
    ]
    width = max(len(label) for label, _ in rows) + 1
    lines += [f"{label + ':':<{width}} {_line(value)}" for label, value in rows if value]
    text = "\n".join(lines) + "\n"
    return text.encode()[:_MAX_MESSAGE].decode("utf-8", "ignore")


def _line(text: str) -> str:
    """One line of printable characters: the caller chooses names and user agents."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def publication(
    alert: Alert,
    event: Event,
    outcomes: Sequence[Outcome] | None,
    name: str,
    mode: Mode,
    earlier: Sequence[str] = (),
) -> dict[str, Any]:
    """The parameters of sns:Publish, but for the topic.

    The attributes let a subscription's filter policy choose by severity, reaction, account and
    Region.
    """
    attributes = {
        "severity": alert.severity,
        "reaction": name,
        "account": event.account,
        "region": event.region,
    }
    return {
        "Subject": subject(alert),
        "Message": message(alert, event, outcomes, name, mode, earlier),
        "MessageAttributes": {
            key: {"DataType": "String", "StringValue": value}
            for key, value in attributes.items()
            if value
        },
    }
