"""What decisions take and give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reactor.meaning.globs import matches, text_glob
from reactor.sizes import rank

if TYPE_CHECKING:
    from reactor.event import Event

    Decision = Callable[[Event, "Known"], "Finding | None"]

# By the entry's id, as far as the modules of decisions are loaded.
REGISTERED: dict[str, Decision] = {}


def decides(detection: str) -> Callable[[Decision], Decision]:
    """Makes a function the decision of the catalogue's entry of that id."""

    def register(function: Decision) -> Decision:
        REGISTERED[detection] = function
        return function

    return register


@dataclass(frozen=True)
class Finding:
    """A detection's answer to an event.

    `reason` says what was found as a clause without a full stop, `resource` names what it is about.
    `key` is what events are counted by where one alone says little (empty: not counted).
    """

    reason: str
    resource: str = ""
    key: str = ""


@dataclass(frozen=True)
class Known:
    """What only the deployment knows; the defaults suit an account nothing is known about.

    `trusted_accounts` are account ids that may be shared with and trusted. Role names, paths,
    policies, brokers and buckets are wildcards (`*`, `?`); `allowed_role_paths` empty allows any.
    Sizes are EC2's (`8xlarge`).
    """

    trusted_accounts: tuple[str, ...] = ()
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


def any_matches(text: str, wildcards: tuple[str, ...], *, any_case: bool = False) -> bool:
    """Whether one of the wildcards (`*`, `?`) matches the whole text.

    `any_case` is for what is forbidden: IAM allows no two names that differ in case alone, and
    whoever picks a name picks its case. What is allowed is compared as it is written.
    """
    if any_case:
        text, wildcards = text.lower(), tuple(wildcard.lower() for wildcard in wildcards)
    return any(matches(text_glob(wildcard), text) for wildcard in wildcards)
