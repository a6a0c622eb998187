"""A finding: an alert with what was seen and done, in no format yet."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reactor import __version__

if TYPE_CHECKING:
    from reactor.actions import Alert, Outcome
    from reactor.advice import Disposition
    from reactor.event import Event
    from reactor.places import Place


PRODUCT = "cloudtrail-reactor"
VERSION = __version__
_UID = re.compile(r"cloudtrail-reactor/[0-9a-f]{64}")
_TECHNIQUE = re.compile(r"T[0-9]{4}(?:\.[0-9]{3})?")
# Control characters and lone surrogates, which no JSON reader has to take.
_NO_TEXT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]+")
_PLACE_IN_ARN = re.compile(r"arn:[a-z-]+:[a-z0-9-]+:([a-z0-9-]*):([0-9]*):.+")


@dataclass(frozen=True)
class AlertFinding:
    """A finding of one alert.

    `uid` is the same for whatever updates it. `told` says what happened and what was done. `here`
    is the function's own place. `created` is the time of the first report, `now` that of this one;
    `first` and `last` are times of events; `count` is the number of events so far. `updates`: it
    was reported before. `undo` is the command that takes the actions back.
    """

    uid: str
    alert: Alert
    event: Event
    told: str
    reaction: str
    mode: str
    here: Place
    created: datetime
    now: datetime
    first: datetime
    last: datetime
    outcomes: Sequence[Outcome] = ()
    count: int = 1
    updates: bool = False
    undo: str = ""
    disposition: Disposition = field(default="detected")

    @property
    def techniques(self) -> list[str]:
        """The ATT&CK techniques, as far as they are any."""
        return [id_ for id_ in self.alert.attack[:20] if _TECHNIQUE.fullmatch(id_)]

    @property
    def resources(self) -> list[str]:
        """The ids of what the call was about and of what was acted on, once each."""
        of_event = [resource.id for resource in self.event.resources]
        acted_on = [id_ for outcome in self.outcomes for id_ in outcome.action.resources]
        return [*dict.fromkeys(filter(str.strip, map(clean, [*of_event, *acted_on])))]


def uid_of(
    alert: Alert, event: Event, reaction: str, here: Place, window: str = "", sign: str = ""
) -> str:
    """The id of the finding of an alert, in a window or about this event alone.

    An alert about several events has a `sign` of its own, whichever of them completes it.

    It is a digest of all that tells one alert from another, so nobody can choose it, and of who
    called in which account, so that an event that is made up meets no other caller's finding.
    """
    who = event.actor
    parts = [here.account, here.region, reaction, alert.key or alert.subject, event.account]
    parts += (
        [sign]
        if sign
        else [
            *(event.region, event.source, event.name),
            who.issuer or who.principal_arn or who.principal_id,
            window or event.id,
        ]
    )
    digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    return f"{PRODUCT}/{digest}"


def is_uid(text: str) -> bool:
    """True if the text is an id that `uid_of` may have made."""
    return bool(_UID.fullmatch(text))


def clean(text: str, longest: int = 1024) -> str:
    """The text without what is no text, and not longer than that."""
    line = " ".join(_NO_TEXT.sub(" ", text[: 2 * longest]).split())
    return line if len(line) <= longest else f"{line[: longest - 3]}..."


def address(text: str) -> str:
    """The IP address, empty if the text is none: AWS's services call from a name."""
    try:
        return str(ipaddress.ip_address(text)) if "%" not in text else ""
    except ValueError:
        return ""


def place_of(id_: str, event: Event) -> tuple[str, str]:
    """The account and Region of a resource, by its ARN or else the event's."""
    found = _PLACE_IN_ARN.fullmatch(id_)
    region, account = found.groups() if found else ("", "")
    return clean(account or event.account, 64), clean(region or event.region, 64)


def seen_at(event: Event, now: datetime) -> datetime:
    """The event's time; not later than now, whoever dates it."""
    return min(event.time or now, now)


def timestamp(time: datetime) -> str:
    """ISO 8601 with milliseconds."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@cache
def techniques() -> Mapping[str, Mapping[str, Any]]:
    """ATT&CK's techniques that the catalogue names, version 18: `{id: {name, tactics}}`.

    https://attack.mitre.org/versions/v18/matrices/enterprise/cloud/iaas/
    """
    file = Path(__file__).with_name("techniques.json")
    found: Mapping[str, Mapping[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    return found
