"""The grants of a policy document, in the words of the detections; nothing here raises."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reactor.detections.model import Known
from reactor.event import Event
from reactor.meaning.admits import EVERYBODY, admitted, open_providers, principals, strangers
from reactor.meaning.elements import allowing, listed
from reactor.meaning.powers import admin_power
from reactor.policies import policy_document

_DEEPEST = 8  # levels of a request in which a policy can lie


def admin_action(document: Mapping[str, Any] | None, account: str = "") -> str:
    """A clause on what makes an identity policy as good as an administrator's; empty if nothing
    does.
    """
    return admin_power([document], account=account)


def public_grant(document: Mapping[str, Any] | None) -> str:
    """The grant of a resource policy to anybody, as `Allow s3:GetObject to *`; empty if there is
    none.

    A statement whose condition pins the caller, its organization or its network is not public.
    """
    for statement in allowing(document):
        everybody = any(not each.strip("*") for each in principals(statement))
        public = everybody or "NotPrincipal" in statement
        if public and admitted(statement) is None:
            actions = listed(statement.get("Action")) or ["all but some actions"]
            return f"allows {', '.join(actions[:3])} to anybody"
    return ""


def documents(value: object, levels: int = _DEEPEST) -> Iterator[dict[str, Any]]:
    """Every policy document in a request, wherever a service puts it, as an object or as text."""
    if isinstance(value, str):
        if "Statement" in value:
            document = policy_document(value)
            if document and "Statement" in document:
                yield document
    elif isinstance(value, dict) and "Statement" in value:
        yield value
    elif isinstance(value, dict | list) and levels:
        for each in value.values() if isinstance(value, dict) else value:
            yield from documents(each, levels - 1)


def foreign(principals: Iterable[str], event: Event, known: Known) -> list[str]:
    """Those account ids and ARNs that are of an account which is neither the event's nor trusted;
    `*` is everybody.
    """
    statement = {"Effect": "Allow", "Principal": {"AWS": [*principals]}}
    return outsiders(
        {"Statement": [statement]}, event.account, known.trusted_accounts, known.organizations
    )


def outsiders(
    document: Mapping[str, Any] | None,
    account: str,
    trusted: tuple[str, ...],
    organizations: tuple[str, ...] | None = None,
) -> list[str]:
    """Principals of other accounts, and `*`, that a trust policy lets in, in words.

    Services and trusted accounts are left out, and so is `*` under a condition that leaves only
    them. An identity provider that many share is among them if no condition limits its users.
    `organizations` are the ids of trusted organizations; None trusts any.
    """
    found = [str(each) for each in strangers(document, account, trusted, organizations)]
    found += [f"anybody of {provider}" for provider in open_providers(document)]
    return (
        [EVERYBODY, *(each for each in found if each != EVERYBODY)] if EVERYBODY in found else found
    )
