"""Trails: starts stopped logging again; alerts on narrowed or changed trails and restores them.

https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_UpdateTrail.html
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reactor.actions import Action, Alert, Undo
from reactor.aws import Aws
from reactor.detections.model import any_matches
from reactor.entries import of_entry
from reactor.event import Event
from reactor.reaction import Reaction, Step
from reactor.shapes import dig, text

CALLS = frozenset(
    {"DeleteTrail", "PutEventSelectors", "PutInsightSelectors", "StopLogging", "UpdateTrail"}
)
_GONE = ("TrailNotFoundException", "CloudTrailARNInvalidException", "InvalidTrailNameException")
# The attributes of a trail: DescribeTrails' name and UpdateTrail's name.
_ATTRIBUTES = {
    "S3BucketName": "S3BucketName",
    "S3KeyPrefix": "S3KeyPrefix",
    "KmsKeyId": "KmsKeyId",
    "IsMultiRegionTrail": "IsMultiRegionTrail",
    "IncludeGlobalServiceEvents": "IncludeGlobalServiceEvents",
    "LogFileValidationEnabled": "EnableLogFileValidation",
    "IsOrganizationTrail": "IsOrganizationTrail",
}


@dataclass(frozen=True)
class Settings:
    """`trails` are wildcards of the names to watch.

    The other settings say how those trails should be; the guard neither looks at nor restores an
    attribute that is None. `event_selectors` is JSON as PutEventSelectors takes it:
    AdvancedEventSelectors or EventSelectors, a list.
    """

    trails: tuple[str, ...] = ("*",)
    bucket: str | None = None
    key_prefix: str | None = None
    kms_key_arn: str | None = None
    multi_region: bool | None = True
    global_events: bool | None = True
    validation: bool | None = True
    organization: bool | None = None
    event_selectors: str | None = None
    restore: bool = True

    def __post_init__(self) -> None:
        if self.event_selectors is not None and not isinstance(self.selectors, list):
            raise ValueError("event_selectors must be the JSON of a list of event selectors.")

    @property
    def selectors(self) -> Any:
        """The selectors, None if the guard does not look at them (or they are no JSON)."""
        try:
            return json.loads(self.event_selectors or "null")
        except ValueError:
            return None

    @property
    def selector_kind(self) -> str:
        """The parameter of PutEventSelectors that takes them."""
        found = self.selectors or [{}]
        advanced = any("FieldSelectors" in each for each in found)
        return "AdvancedEventSelectors" if advanced else "EventSelectors"

    @property
    def expected(self) -> dict[str, Any]:
        """The attributes that the guard looks at, by DescribeTrails' names."""
        given = {
            "S3BucketName": self.bucket,
            "S3KeyPrefix": self.key_prefix,
            "KmsKeyId": self.kms_key_arn,
            "IsMultiRegionTrail": self.multi_region,
            "IncludeGlobalServiceEvents": self.global_events,
            "LogFileValidationEnabled": self.validation,
            "IsOrganizationTrail": self.organization,
        }
        return {name: value for name, value in given.items() if value is not None}


def plan(event: Event, settings: Settings, aws: Aws) -> list[Step]:
    """Actions that make the trail what it should be, whatever the call was, and one alert."""
    named = text(event.request.get("name")) or text(event.request.get("trailName"))
    named = named or text(event.request.get("trailARN"))
    name = named.rpartition("/")[2]
    if event.failed or not name or not any_matches(name, settings.trails, any_case=True):
        return []
    if event.name == "DeleteTrail":
        return [_deleted(event, name, settings)]
    call = {"Name": named}
    found = aws.read("cloudtrail", "get_trail", call, none_on=_GONE)
    if found is None:
        return [_alert(event, name, "the trail is gone by now", "critical")]
    trail = found["Trail"]
    arn = text(trail.get("TrailARN"))
    owner = arn.split(":")[4] if arn.count(":") > 4 else event.account
    changes = list(_changes(event, arn, trail, settings, aws))
    if not changes:
        # The trail is as it should be (again). The guard still alerts if somebody narrowed
        # Insights.
        if event.name != "PutInsightSelectors":
            return []
        return [_alert(event, name, "its Insights selectors were changed", "high")]
    told = "; ".join(what for what, _ in changes)
    if owner != event.account:
        told += f"; it is an organization trail: only its management account {owner} can act"
        return [_alert(event, name, told, "critical")]
    actions = [action for _, action in changes if action is not None]
    if not settings.restore:
        actions = [action for action in actions if action.operation == "start_logging"]
    return [*actions, _alert(event, name, told, "critical")]


def _changes(
    event: Event, arn: str, trail: Mapping[str, Any], settings: Settings, aws: Aws
) -> Iterator[tuple[str, Action | None]]:
    """The differences from what should be, each with the action that restores it."""
    call = {"Name": arn}
    differing = {
        name: (trail.get(name), value)
        for name, value in settings.expected.items()
        if (trail.get(name) or None) != (value or None)
    }
    if differing:
        told = ", ".join(f"{n} is {now!r}, not {due!r}" for n, (now, due) in differing.items())
        before = {_ATTRIBUTES[name]: now for name, (now, _) in differing.items()}
        after = {_ATTRIBUTES[name]: due for name, (_, due) in differing.items()}
        back = {name: "" if value is None else value for name, value in before.items()}
        undo = Undo("cloudtrail", "update_trail", {**call, **back})
        made = _action(arn, "update_trail", {**call, **after}, "restore", undo, before, after)
        yield told, made
    if settings.selectors is not None:
        answer = aws.read("cloudtrail", "get_event_selectors", {"TrailName": arn}, none_on=_GONE)
        kind = settings.selector_kind
        other = ({"AdvancedEventSelectors", "EventSelectors"} - {kind}).pop()
        now, due = (answer or {}).get(kind) or [], settings.selectors
        if _plain(now) != _plain(due):
            old = {kind: now} if now else {other: (answer or {}).get(other) or []}
            undo = Undo("cloudtrail", "put_event_selectors", {"TrailName": arn, **old})
            put = {"TrailName": arn, kind: due}
            made = _action(arn, "put_event_selectors", put, "restore", undo, old, {kind: due})
            yield f"its selectors are {json.dumps(old)}, not {json.dumps(due)}", made
    status = aws.read("cloudtrail", "get_trail_status", call, none_on=_GONE)
    if status is not None and not status.get("IsLogging"):
        undo = Undo("cloudtrail", "stop_logging", call)
        states = {"IsLogging": False}, {"IsLogging": True}
        yield "it does not log", _action(arn, "start_logging", call, "start", undo, *states)


def _plain(selectors: list[Any]) -> list[str]:
    """The selectors in a form to compare, without their order and their names."""
    return sorted(
        json.dumps({k: _sorted(v) for k, v in each.items() if k != "Name"}, sort_keys=True)
        for each in selectors
    )


def _sorted(value: Any) -> Any:
    if isinstance(value, list):
        return sorted(
            (_sorted(each) for each in value), key=lambda e: json.dumps(e, sort_keys=True)
        )
    if isinstance(value, dict):
        return {key: _sorted(part) for key, part in value.items() if part not in ([], None)}
    return value


def _action(
    arn: str,
    operation: str,
    call: Mapping[str, Any],
    verb: str,
    undo: Undo,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> Action:
    name = arn.rpartition("/")[2]
    if verb == "start":
        summary, done = f"start the logging of {name}", f"started the logging of {name}"
    else:
        what = "selectors" if "selectors" in operation else "settings"
        summary, done = f"restore the {what} of {name}", f"restored the {what} of {name}"
    return Action(
        service="cloudtrail",
        operation=operation,
        parameters=call,
        resources=(arn,),
        summary=summary,
        done=done,
        undo=undo,
        not_yet=("ConflictException",),
        before=before,
        after=after,
        urgency="record",  # a budget that a caller can spend must not hold the record back
    )


def _deleted(event: Event, name: str, settings: Settings) -> Alert:
    """An alert alone: nothing brings a deleted trail back as it was, so a person has to make it
    anew.
    """
    call: dict[str, Any] = {"Name": name}
    for each, value in settings.expected.items():
        call[_ATTRIBUTES[each]] = value
    missing = "" if settings.bucket else " (with the S3BucketName that it had)"
    command = (
        f"aws cloudtrail create-trail --region {event.region} --cli-input-json "
        f"{shlex.quote(json.dumps(call))}{missing}"
    )
    then = f"aws cloudtrail start-logging --region {event.region} --name {name}"
    told = "it records nothing any more, and can't be restored by a reaction"
    return _alert(event, name, told, "critical", ("Make it anew", command), ("Then", then))


def _alert(event: Event, name: str, told: str, severity: Any, *more: tuple[str, str]) -> Alert:
    when = f", at {event.time:%Y-%m-%d %H:%M:%S} UTC" if event.time else ""
    arn = text(dig(event.response, "trailARN"))
    return Alert(
        severity=severity,
        subject=f"{event.name} on the trail {name} ({event.account})",
        headline=(
            f"{event.actor.label} called {event.name} on the trail {name} in {event.region}, "
            f"account {event.account}{when}: {told}"
        ),
        details=(("Trail", arn or name), ("What", told), *more),
        **of_entry("trail-narrowed" if event.name == "PutEventSelectors" else "trail-tamper"),
    )


handler = Reaction("trail-guard", plan, Settings, calls={"cloudtrail.amazonaws.com": CALLS})
