"""The principals that a resource policy or a trust policy can admit.

A `*` is everybody, unless a condition names the callers that it leaves. A value that the caller may
choose (a user's name, a session's name, an external id, a tag) names nobody. An account, an
organization or a unique id names somebody; the caller of this module knows whether to trust it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reactor.meaning.addresses import are_most
from reactor.meaning.elements import allowing, conditions, listed
from reactor.shapes import is_account, text

EVERYBODY = "*"
_OWNER = re.compile(r"(?:arn:[^:*?]*:[^:*?]*:[^:*?]*:)?(\d{12})(?::.*)?", re.DOTALL)
_UNIQUE_ID = re.compile(r"A[A-Z]{3}[A-Z0-9]{12,}")
_NARROWING = re.compile(
    r"(?:foranyvalue:)?(string|arn|ipaddress|numeric)(equals|equalsignorecase|like|)"
)


@dataclass(frozen=True)
class Limit:
    """The callers that one condition leaves: `names` are accounts, organizations and unique ids.

    No names means a limit that names none of these, such as a network or a resource without an
    account.
    """

    names: frozenset[str] | None


@dataclass(frozen=True)
class Stranger:
    """A principal that a policy admits: `name` as written, or `*`; `why` tells of conditions."""

    name: str
    why: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.why})" if self.why else self.name


def strangers(
    document: Mapping[str, Any] | None,
    account: str,
    trusted: tuple[str, ...] = (),
    organizations: tuple[str, ...] | None = None,
) -> list[Stranger]:
    """The principals that a policy admits and that are neither of the account nor trusted, each
    once.

    `trusted` are account ids. `organizations` are the ids (`o-...`) of organizations that are
    trusted; None trusts any that is named. Services are left out: they act for others.
    """
    found: dict[Stranger, None] = {}
    for statement in allowing(document):
        if "NotPrincipal" in statement:
            found[Stranger("everybody but some")] = None
        for principal in principals(statement):
            for stranger in _of(principal, statement, account, trusted, organizations):
                found[stranger] = None
    return list(found)


def _of(
    principal: str,
    statement: Mapping[str, Any],
    account: str,
    trusted: tuple[str, ...],
    organizations: tuple[str, ...] | None,
) -> Iterator[Stranger]:
    if not principal.strip("*"):
        names = admitted(statement)
        if names is None:
            yield Stranger(EVERYBODY)
        for name in sorted(names or ()):
            if name.startswith("o-"):
                if organizations is not None and name not in organizations:
                    yield Stranger(name, "an organization")
            elif name != account and name not in trusted:
                yield Stranger(name, "" if is_account(name) else "a unique id")
    elif _UNIQUE_ID.fullmatch(principal):
        yield Stranger(principal, "a unique id: the principal is gone, or of another account")
    else:
        owner = _OWNER.fullmatch(principal)
        if owner and owner[1] != account and owner[1] not in trusted:
            yield Stranger(principal)


def principals(statement: Mapping[str, Any]) -> Iterator[str]:
    """Accounts, their principals and identity providers that a statement names."""
    principal = statement.get("Principal")
    if isinstance(principal, dict):
        for kind, values in principal.items():
            if kind in ("AWS", "Federated"):
                yield from listed(values)
    else:
        yield from listed(principal)


def admitted(statement: Mapping[str, Any]) -> frozenset[str] | None:
    """The callers that the conditions of a statement leave of everybody; None if they leave
    everybody. Names are account ids, organization ids and unique ids. The empty set is a limit that
    names none of these (a network, an endpoint, somebody's resource).
    """
    names: frozenset[str] | None = None
    for operator, key, values in conditions(statement):
        # ForAllValues and ...IfExists hold if the key is absent; Not... names callers that are left
        # out.
        written = _NARROWING.fullmatch(operator)
        read = _KEYS.get(key)
        if written is None or read is None or not values:
            continue
        # ArnEquals takes wildcards as ArnLike does.
        arns = written[1] == "arn"
        limit = read(values, arns, arns or written[2] == "like")
        if limit is None:
            continue
        # All conditions hold at once, so they leave the smaller set of names.
        here = limit.names or frozenset()
        names = here if names is None else _both(names, here)
    return names


def _both(left: frozenset[str], right: frozenset[str]) -> frozenset[str]:
    if not left or not right:  # one names nobody: the other's names are known
        return left or right
    return left & right or min(left, right, key=len)


Reader = Callable[[list[str], bool, bool], "Limit | None"]


def _accounts(values: list[str], arns: bool, wild: bool) -> Limit | None:
    del arns
    if any(not is_account(value) for value in values):
        return None if wild else Limit(frozenset(v for v in values if is_account(v)))
    return Limit(frozenset(values))


def _arns(values: list[str], arns: bool, wild: bool) -> Limit | None:
    """The accounts of ARNs. A wildcard before the account may be anything, in text even a colon."""
    owners = set()
    for value in values:
        written = _OWNER.fullmatch(value)
        parts = value.split(":", 5)
        if written:
            owners.add(written[1])
        elif arns and len(parts) == 6 and is_account(parts[4]):
            owners.add(parts[4])
        elif wild and any(char in value for char in "*?"):
            return None
        # Else the account is written out and is nobody's: it matches nobody.
    return Limit(frozenset(owners))


def _sources(values: list[str], arns: bool, wild: bool) -> Limit | None:
    """Resources that a service calls for. A bucket's ARN has no account, but a name."""
    kept = []
    for value in values:
        parts = value.split(":", 5)
        if len(parts) == 6 and parts[4] == "" and parts[5].strip("*?/") and parts[2].strip("*?"):
            continue
        kept.append(value)
    if not kept:
        return Limit(None)
    return _arns(kept, arns, wild)


def _organizations(values: list[str], arns: bool, wild: bool) -> Limit | None:
    """Ids of organizations, alone or before their paths."""
    del arns
    found = set()
    for value in values:
        name = value.partition("/")[0]
        if wild and any(char in name for char in "*?"):
            return None
        found.add(name)
    return Limit(frozenset(found))


def _ids(values: list[str], arns: bool, wild: bool) -> Limit | None:
    """Unique ids, with a session's name behind a colon, or an account's id for its root."""
    del arns
    found = set()
    for value in values:
        name = value.partition(":")[0]
        if wild and any(char in name for char in "*?"):
            return None
        found.add(name)
    return Limit(frozenset(found))


def _networks(values: list[str], arns: bool, wild: bool) -> Limit | None:
    del arns, wild
    return None if are_most(values) else Limit(None)


def _endpoints(values: list[str], arns: bool, wild: bool) -> Limit | None:
    del arns
    # vpc-0a and eight or more digits: a shorter prefix may be anybody's.
    return None if wild and any(len(value.strip("*?")) < 8 for value in values) else Limit(None)


_KEYS: Mapping[str, Reader] = {
    "aws:principalaccount": _accounts,
    "aws:principalarn": _arns,
    "aws:principalorgid": _organizations,
    "aws:principalorgpaths": _organizations,
    "aws:sourceaccount": _accounts,
    "aws:sourcearn": _sources,
    "aws:sourceip": _networks,
    "aws:sourceorgid": _organizations,
    "aws:sourceorgpaths": _organizations,
    "aws:sourceowner": _accounts,
    "aws:sourcevpc": _endpoints,
    "aws:sourcevpce": _endpoints,
    "aws:userid": _ids,
    "kms:calleraccount": _accounts,
}

# ---- identity providers that many share

# Claims, of which a condition must limit one, and the text that must precede a wildcard in it.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc_secure-by-default.html
_SHARED: Mapping[str, Mapping[str, re.Pattern[str]]] = {
    "accounts.google.com": {
        "sub": re.compile(r".+"),
        "aud": re.compile(r".+"),
        "oaud": re.compile(r".+"),
    },
    "agent.buildkite.com": {"sub": re.compile(r"organization:[^:*?]+:.*")},
    "app.terraform.io": {"sub": re.compile(r"organization:[^:*?]+:.*")},
    "cognito-identity.amazonaws.com": {"aud": re.compile(r".+"), "sub": re.compile(r".+")},
    "gitlab.com": {"sub": re.compile(r"project_path:[^/*?]+/.*")},
    "graph.facebook.com": {"app_id": re.compile(r".+"), "id": re.compile(r".+")},
    "token.actions.githubusercontent.com": {
        "sub": re.compile(r"(repo:[^/*?]+/|repository_owner(_id)?:[^:*?]+(:|$)).*"),
        "job_workflow_ref": re.compile(r"[^/*?]+/.*"),
        "repository": re.compile(r"[^/*?]+/.*"),
        "repository_id": re.compile(r"[^*?]+"),
        "repository_owner": re.compile(r"[^*?]+"),
        "repository_owner_id": re.compile(r"[^*?]+"),
    },
    "www.amazon.com": {"app_id": re.compile(r".+"), "user_id": re.compile(r".+")},
}


def open_providers(document: Mapping[str, Any] | None) -> list[str]:
    """Identity providers that many share and that a policy trusts without naming any of their
    users.
    """
    found: dict[str, None] = {}
    for statement in allowing(document):
        principal = statement.get("Principal")
        if not isinstance(principal, dict):
            continue
        for provider in listed(principal.get("Federated")):
            host = provider.partition("oidc-provider/")[2] or provider
            claims = _SHARED.get(host.lower())
            if claims is not None and not _held(statement, host.lower(), claims):
                found[provider] = None
    return list(found)


def _held(statement: Mapping[str, Any], host: str, claims: Mapping[str, re.Pattern[str]]) -> bool:
    for operator, key, values in conditions(statement):
        issuer, _, claim = key.rpartition(":")
        form = claims.get(claim)
        written = _NARROWING.fullmatch(operator)
        if form is None or issuer != host or written is None or written[1] != "string":
            continue
        # Without `like`, a wildcard is a character as any other, and admits nobody.
        if values and all(
            (form.fullmatch(value) and value.strip("*?")) or written[2] != "like"
            for value in map(text, values)
        ):
            return True
    return False
