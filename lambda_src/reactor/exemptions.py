"""Exemptions: callers, accounts and resources that a reaction leaves alone until a last day."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from reactor.settings import SettingsError

if TYPE_CHECKING:
    from reactor.actor import Actor
    from reactor.event import Event

_KINDS = ("principals", "role_paths", "accounts", "tags")
_FORMS = {
    "principals": (re.compile(r"arn:\S+|\*\S+"), "an ARN, with * and ? as wildcards"),
    "role_paths": (re.compile(r"/(\S+/)+"), "a path such as /ci/"),
    "accounts": (re.compile(r"[0-9]{12}"), "twelve digits"),
    "tags": (re.compile(r"[^=]{1,128}=.{0,256}"), "a tag as key=value"),
}


@dataclass(frozen=True)
class Use:
    """An exemption that matches, with its last day. An `expired` one does not count any more."""

    kind: str
    subject: str
    until: date | None
    expired: bool = False

    @property
    def told(self) -> str:
        """The exemption in words, such as `exempt until 2026-12-31 by its role path /ci/`."""
        what = f"{self.kind} {self.subject}"
        if self.until is None:
            return f"exempt as infrastructure as code ({self.subject})"
        return f"exempt until {self.until} ({what})"


@dataclass(frozen=True)
class Exemptions:
    """Each kind's subjects with the last day (UTC) that they are exempt.

    `principals` are wildcards of ARNs of users and roles (of a session: its role's), `role_paths`
    the start of the paths of the event's own account's roles, `accounts` the events' accounts,
    `tags` tags of resources as `key=value`. `iac` are principals too, without a last day: those
    who manage infrastructure as code.
    """

    principals: Mapping[str, date] = field(default_factory=dict)
    role_paths: Mapping[str, date] = field(default_factory=dict)
    accounts: Mapping[str, date] = field(default_factory=dict)
    tags: Mapping[str, date] = field(default_factory=dict)
    iac: tuple[str, ...] = ()

    @classmethod
    def parse(cls, source: str) -> Exemptions:
        """From REACTION_EXEMPTIONS: `{"principals": {"arn:...": "2026-12-31"}, "iac": [...]}`.

        Raises SettingsError for anything that it does not know: a misread exemption would exempt
        too much or too little.
        """
        try:
            given = json.loads(source)
        except ValueError as error:
            raise _wrong(f"is no JSON ({error}); write an object.") from None
        if not isinstance(given, dict):
            raise _wrong("must be a JSON object of exemptions by their kind.")
        if unknown := sorted({*given} - {*_KINDS, "iac"}):
            raise _wrong(f"has {unknown[0]!r}; the kinds are {', '.join(_KINDS)} and iac.")
        iac = given.pop("iac", [])
        if not isinstance(iac, list) or not all(isinstance(each, str) for each in iac):
            raise _wrong("must have a list of ARNs as iac.")
        for pattern in iac:
            _check("principals", pattern)
        return cls(iac=tuple(iac), **{kind: _dated(kind, given[kind]) for kind in given})

    def of(self, event: Event, today: date | None = None) -> Use | None:
        """The exemption of an event's caller or account, None where there is none.

        An expired one is returned only if no other matches.
        """
        today = today or datetime.now(UTC).date()
        arn = lasting(event.actor)
        found = [
            Use("principal", pattern, until, until < today)
            for pattern, until in self.principals.items()
            if arn and like(pattern, arn)
        ]
        for pattern in self.iac:
            if arn and like(pattern, arn):
                found.append(Use("iac", pattern, None))
        path = own_role(event)
        found += [
            Use("role path", start, until, until < today)
            for start, until in self.role_paths.items()
            if path.startswith(start)
        ]
        if event.account in self.accounts:
            until = self.accounts[event.account]
            found.append(Use("account", event.account, until, until < today))
        return min(found, key=lambda use: use.expired, default=None)

    def of_tags(
        self, tags: Mapping[str, str], event: Event, today: date | None = None
    ) -> Use | None:
        """The exemption by a resource's tags, None where there is none.

        A tag that the event's own request set does not count: otherwise a caller could exempt the
        very call.
        """
        today = today or datetime.now(UTC).date()
        found = []
        for subject, until in self.tags.items():
            key, _, value = subject.partition("=")
            if tags.get(key) == value and key not in event.requested_tags:
                found.append(Use("tag", subject, until, until < today))
        return min(found, key=lambda use: use.expired, default=None)


def _dated(kind: str, given: object) -> dict[str, date]:
    if not isinstance(given, dict):
        raise _wrong(f"must have an object as {kind}: what is exempt, and its last day.")
    found = {}
    for subject, until in given.items():
        _check(kind, subject)
        try:
            found[subject] = date.fromisoformat(until)
        except (TypeError, ValueError):
            raise _wrong(
                f"has {until!r} as last day of {subject!r}; write a day as in 2026-12-31."
            ) from None
    return found


def _check(kind: str, subject: str) -> None:
    form, words = _FORMS[kind]
    if not form.fullmatch(subject):
        raise _wrong(f"has {subject!r} among {kind}; write {words}.")


def lasting(actor: Actor) -> str:
    """The ARN of the user or role behind a call, empty if there is none.

    It is not a session's ARN, since the caller chooses the session's name. Where CloudTrail does
    not tell a session's role, the role has no path here.
    """
    if actor.kind in ("root", "iam_user"):
        return actor.arn
    if actor.issuer:
        return actor.issuer
    parts = actor.arn.split(":", 5)
    if actor.kind not in ("role", "sso_user", "service_linked_role") or len(parts) < 6:
        return ""
    return f"{parts[0]}:{parts[1]}:iam::{parts[4]}:role/{actor.name}"


def own_role(event: Event) -> str:
    """The path and name of the caller's role if it is of the event's own account, else empty.

    A role of another account may have any path: the owner of that account chose it.
    """
    role = lasting(event.actor).split(":", 5)
    own = len(role) == 6 and role[4] == event.account and role[5].startswith("role/")
    return role[5].removeprefix("role") if own else ""


def like(pattern: str, text: str) -> bool:
    """True if a text matches a pattern in which * is any text and ? any character."""
    return _compiled(pattern).fullmatch(text) is not None


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    words = re.split(r"([*?])", pattern)
    return re.compile(
        "".join({"*": ".*", "?": "."}.get(word, re.escape(word)) for word in words), re.DOTALL
    )


def _wrong(told: str) -> SettingsError:
    return SettingsError(f"REACTION_EXEMPTIONS {told}")
