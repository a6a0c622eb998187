"""Alerts on any event: one sentence, the same at most once a window, the rest at its end.

The rule's pattern chooses the events. Where a pattern can't decide alone, the catalogue's decision
of that name does. An event that comes with the definition of its detection is told in that one's
words; the settings are for all other events.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from string import Formatter
from typing import TYPE_CHECKING, Any, cast

from reactor.actions import SEVERITIES, Alert, Clue
from reactor.alerts import inert
from reactor.aws import Aws
from reactor.correlation import key_of, principal
from reactor.detections import Detected, Known, decide, decisions
from reactor.detections.definition import Definition, DefinitionError, read_definition
from reactor.detections.exclusions import Exclusion, used
from reactor.event import Event
from reactor.reaction import LeftAloneError, MalformedEventError, Reaction
from reactor.shapes import dig, text
from reactor.wording import lasting

if TYPE_CHECKING:
    from reactor.actions import Severity

_SHORT = 256  # characters of a value that an alert shows
_WORDS = ("account", "actor", "event", "ip", "reason", "region", "resources", "service", "time")


@dataclass(frozen=True)
class Settings:
    """`title` heads the alert.

    `summary` is its sentence, with {actor}, {event}, {service}, {region}, {account}, {ip}, {time},
    {resources} and {reason} filled in. Within `window_seconds` the same call by the same caller on
    the same resources, for the same reason, makes one alert, and ten different ones of a call and
    caller make one each; one alert at the end tells the others (0: an alert for each). `detection`
    is the id of a catalogue entry whose decision is asked first. `failures` includes calls that
    failed.
    """

    title: str = "a watched call was made"
    summary: str = "{actor} called {event} in {region}, account {account}, at {time}"
    severity: str = "medium"
    window_seconds: int = 900
    detection: str | None = None
    failures: bool = False
    trusted_accounts: tuple[str, ...] = ()
    trusted_organizations: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.severity not in SEVERITIES:
            raise ValueError(f"severity is {self.severity!r}; use one of {', '.join(SEVERITIES)}.")
        if not 0 <= self.window_seconds <= 86_400:
            raise ValueError(f"window_seconds is {self.window_seconds}; use 0 to 86400.")
        if self.detection is not None and self.detection not in decisions():
            raise ValueError(
                f"detection is {self.detection!r}, which is decided by its pattern alone; leave it "
                f"out, or use one of {', '.join(sorted(decisions()))}."
            )
        for _, name, spec, conversion in Formatter().parse(self.summary):
            if name is not None and (name not in _WORDS or spec or conversion):
                words = ", ".join(f"{{{word}}}" for word in _WORDS)
                raise ValueError(f"summary has {{{name}}}; use {words}.")


def plan(event: Event, settings: Settings, aws: Aws) -> list[Alert | Clue]:
    """One alert, or findings that make one with others; none for a failed call without `failures`,
    or if the detection finds nothing.

    Raises MalformedEventError for a definition that can't be read, and LeftAloneError for an event
    that one of its exclusions is for.
    """
    del aws
    given = _definition(event)
    known = Known(
        trusted_accounts=settings.trusted_accounts,
        trusted_organizations=settings.trusted_organizations,
    )
    if given is not None:
        found = finding(event, given, known)
        if found is None:
            return []
        _exclude(event, given)
        return steps(event, given, found, settings.window_seconds)
    if event.failed and not settings.failures:
        return []
    reason = ""
    if settings.detection is not None:
        detected = decide(settings.detection, event, known)
        if detected is None:
            return []
        reason = detected.reason
    return [_alert(event, settings, reason)]


def finding(event: Event, given: Definition, known: Known) -> Detected | None:
    """What a detection finds in an event that its rule let through; without a reason where the
    pattern decides alone.
    """
    if event.failed and not given.failures:
        return None
    return decide(given.id, event, known) if given.decision else Detected("")


def steps(
    event: Event, given: Definition, found: Detected, window_seconds: int
) -> list[Alert | Clue]:
    """What a finding makes: an alert, or clues to alerts of several findings."""
    told = _told(event, given)
    made: list[Alert | Clue] = []
    title = f"{given.title} ({event.account})"
    severity = cast("Severity", given.severity)
    if given.count is None:
        made.append(
            replace(
                _alert(event, Settings(window_seconds=window_seconds), found.reason, given.id),
                severity=severity,
                subject=title,
                headline=told,
                why=given.why,
                runbook=given.runbook,
                detection=given.id,
                attack=given.attack,
            )
        )
    else:
        # One without an address is counted with its caller's.
        key = key_of(given.count.by, event) or principal(event)
        alert = Alert(
            severity=severity,
            subject=title,
            headline=(
                f"{given.count.at_least} or more like this within "
                f"{lasting(given.count.minutes * 60)} "
                f"by one {given.count.by}: {told}"
            ),
            details=(("Why", found.reason),) if found.reason else (),
            window_seconds=window_seconds,
            acts=False,
            series=given.id,
            why=given.why,
            runbook=given.runbook,
            detection=given.id,
            attack=given.attack,
        )
        made.append(Clue(given.count.correlation(given.id), 0, key, _line(event, told), alert))
    for chain in given.sequences:
        for number, step in enumerate(chain.steps):
            key = key_of(step.by, event) if given.id in step.any else ""
            if not key:
                continue
            alert = Alert(
                severity=cast("Severity", chain.severity),
                subject=f"{chain.title} ({event.account})",
                headline=(
                    f"{chain.title}, within {lasting(chain.minutes * 60)}, in account "
                    f"{event.account}, {event.region or 'unknown Region'}, by {event.actor.label}"
                ),
                window_seconds=window_seconds,
                acts=False,
                series=chain.id,
                why=chain.why,
                runbook=chain.runbook,
                detection=chain.id,
                attack=chain.attack,
            )
            made.append(Clue(chain.correlation, number, key, _line(event, told), alert))
    return made


def _alert(event: Event, settings: Settings, reason: str, detection: str = "") -> Alert:
    """The alert of one event, in the settings' words."""
    resources = ", ".join(resource.id for resource in event.resources[:20])
    # Who may choose the name of a session must not have a series for each.
    series = "/".join(
        (detection, event.account, event.region, event.source, event.name, principal(event))
    )
    about = [sorted(resource.id for resource in event.resources), _plain(event.request), reason]
    asked = ", ".join(_words(event.request))
    return Alert(
        severity=cast("Severity", settings.severity),
        subject=f"{settings.title} ({event.account})",
        headline=_sentence(event, settings, reason),
        details=tuple(
            (label, value)
            for label, value in (("Why", reason), ("Resources", resources), ("Asked", asked))
            if value
        ),
        window_seconds=settings.window_seconds,
        # Parts of one detection may match the same event: that is one alert.
        key=f"{series}/{hashlib.sha256(json.dumps(about).encode()).hexdigest()}",
        acts=False,
        series=series,
    )


def _line(event: Event, told: str) -> str:
    """An event in one line, as an example."""
    return inert(f"{told} ({event.id})", 400)


def _definition(event: Event) -> Definition | None:
    """The definition that the event comes with; None for a bare event."""
    if event.detection is None:
        return None
    try:
        found = read_definition(event.detection)
    except DefinitionError as error:
        raise MalformedEventError(
            f"{error}: apply modules/detections and modules/reaction of one version."
        ) from None
    if found.decision and found.id not in decisions():
        raise MalformedEventError(f"{found.id} has no decision in this version of the function.")
    return found


def _exclude(event: Event, given: Definition) -> None:
    try:
        use = used(event, [Exclusion.parse(each) for each in given.exclusions])
    except ValueError as error:
        raise MalformedEventError(f"{given.id}: {error}.") from None
    if use is not None:
        raise LeftAloneError(f"{given.id}, {use.told}")


def _sentence(event: Event, settings: Settings, reason: str) -> str:
    """The settings' sentence about an event."""
    words = {
        "account": event.account or "unknown",
        "actor": event.actor.label,
        "event": event.name or event.kind,
        "ip": event.source_ip or "an unknown address",
        "reason": reason,
        "region": event.region or "unknown Region",
        "resources": ", ".join(resource.id for resource in event.resources[:20]),
        "service": event.source.removesuffix(".amazonaws.com"),
        "time": f"{event.time:%Y-%m-%d %H:%M:%S} UTC" if event.time else "an unknown time",
    }
    return settings.summary.format(**words).rstrip(".")


def _told(event: Event, given: Definition) -> str:
    """The detection's own sentence about an event."""
    paths = given.summary.input_paths

    def value(found: re.Match[str]) -> str:
        path = paths[found[1]]
        if path == "$.detail.userIdentity.arn":
            return event.actor.label
        outer = {"account": event.account, "detail": event.detail, "region": event.region}
        return text(dig(outer, *path.split(".")[1:])) or "unknown"

    return re.sub(r"\{([a-z_]+)\}", value, given.summary.template).rstrip(".")


def _plain(value: Any) -> Any:
    """A request without what is another each time that the same is asked for."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in sorted(value.items()) if not k.lower().endswith("token")}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def _words(request: Mapping[str, Any]) -> Iterator[str]:
    """The names and settings of a request that are short, as `roleName=app`."""
    for name, value in [*request.items()][:20]:
        if isinstance(value, str | int) and len(str(value)) <= _SHORT:
            yield f"{name}={value}"


handler = Reaction("notify", plan, Settings, calls=None)
