"""What a policy document gives away, in the words of the detections; nothing here raises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reactor.meaning.admits import EVERYBODY, admitted, open_providers, principals, strangers
from reactor.meaning.elements import allowing, listed
from reactor.meaning.powers import admin_power


def admin_action(document: Mapping[str, Any] | None, account: str = "") -> str:
    """What makes an identity policy as good as an administrator's; empty where nothing does."""
    return admin_power([document], account=account)


def public_grant(document: Mapping[str, Any] | None) -> str:
    """What a resource policy gives to anybody, as `Allow s3:GetObject to *`; empty where nothing.

    A statement whose condition pins the caller, its organization or its network is not public.
    """
    for statement in allowing(document):
        everybody = any(not each.strip("*") for each in principals(statement))
        public = everybody or "NotPrincipal" in statement
        if public and admitted(statement) is None:
            actions = listed(statement.get("Action")) or ["all but some actions"]
            return f"allows {', '.join(actions[:3])} to anybody"
    return ""


def outsiders(
    document: Mapping[str, Any] | None,
    account: str,
    trusted: tuple[str, ...],
    organizations: tuple[str, ...] | None = None,
) -> list[str]:
    """Principals of other accounts, and `*`, that a trust policy lets in, in words.

    Services and trusted accounts are left out, and so is `*` under a condition that leaves only
    them. An identity provider that many share is among them where no condition says whom of its
    users it admits. `organizations` are the trusted ones' ids, None any.
    """
    found = [str(each) for each in strangers(document, account, trusted, organizations)]
    found += [f"anybody of {provider}" for provider in open_providers(document)]
    return (
        [EVERYBODY, *(each for each in found if each != EVERYBODY)] if EVERYBODY in found else found
    )
