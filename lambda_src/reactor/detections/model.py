"""The types that decisions take and return."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reactor.meaning.globs import matches, text_glob
from reactor.sizes import rank

if TYPE_CHECKING:
    from reactor.event import Event

    Decide = Callable[[Event, "Known"], "Detected | None"]

# The decisions by their entry's id, of those modules that are loaded.
REGISTERED: dict[str, Decide] = {}


def decides(detection: str) -> Callable[[Decide], Decide]:
    """Makes a function the decision of the catalogue's entry of that id."""

    def register(function: Decide) -> Decide:
        REGISTERED[detection] = function
        return function

    return register


@dataclass(frozen=True)
class Detected:
    """The result of a detection that matched an event.

    `reason` is a clause without a full stop, `resource` names the resource.
    """

    reason: str
    resource: str = ""


@dataclass(frozen=True)
class Known:
    """Facts that only the deployment knows; the defaults suit an unknown account.

    `trusted_accounts` are ids of accounts that others may share with and trust,
    `trusted_organizations` ids of organizations (`o-...`): without any, one that a condition names
    counts as one's own. Role names, paths, policies, brokers and buckets are wildcards (`*`, `?`);
    empty `allowed_role_paths` allow any. Sizes are EC2's (`8xlarge`).
    """

    trusted_accounts: tuple[str, ...] = ()
    trusted_organizations: tuple[str, ...] = ()
    allowed_role_paths: tuple[str, ...] = ()
    forbidden_role_names: tuple[str, ...] = ()
    forbidden_role_policies: tuple[str, ...] = (
        "arn:*:iam::aws:policy/AdministratorAccess",
        "arn:*:iam::aws:policy/IAMFullAccess",
    )
    federation_brokers: tuple[str, ...] = ()
    expected_buckets: tuple[str, ...] = ()
    password_readers: tuple[str, ...] = ()
    large_from: str = "8xlarge"
    burst_from: int = 10
    risky_ports: tuple[int, ...] = (
        *(20, 21, 22, 23, 135, 139, 445, 1433, 1521, 2375, 2376, 2379, 3306, 3389, 5432, 5601),
        *(5900, 5985, 5986, 6379, 6443, 9200, 9300, 10250, 11211, 27017),
    )

    def __post_init__(self) -> None:
        if rank(self.large_from) is None:
            raise ValueError(
                f"large_from is {self.large_from!r}, which is no instance size; "
                "use one such as 4xlarge or metal."
            )
        if self.burst_from < 1:
            raise ValueError(f"burst_from is {self.burst_from}; use 1 or more.")
        for account in self.trusted_accounts:
            if len(account) != 12 or not account.isdigit():
                raise ValueError(f"trusted_accounts has {account!r}; use ids of twelve digits.")
        for organization in self.trusted_organizations:
            if not re.fullmatch(r"o-[a-z0-9]{10,32}", organization):
                raise ValueError(f"trusted_organizations has {organization!r}; use ids as o-....")

    @property
    def organizations(self) -> tuple[str, ...] | None:
        """The organizations that are trusted; None if none is known, so that any is."""
        return self.trusted_organizations or None


def any_matches(text: str, wildcards: tuple[str, ...], *, any_case: bool = False) -> bool:
    """True if one of the wildcards (`*`, `?`) matches the whole text.

    `any_case` is for forbidden names: the caller chooses a name's case, and IAM has no two names
    that differ in case alone. Compare allowed names as they are written.
    """
    if any_case:
        text, wildcards = text.lower(), tuple(wildcard.lower() for wildcard in wildcards)
    return any(matches(text_glob(wildcard), text) for wildcard in wildcards)
