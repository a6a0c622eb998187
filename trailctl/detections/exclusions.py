"""The file of exclusions that `trailctl replay` and the module's variable `exclusions` take."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta
from reactor.detections.exclusions import Exclusion
from reactor.exemptions import like

from trailctl import names
from trailctl.detections import shape
from trailctl.errors import UsageError
from trailctl.replay.catalogue import LISTING, NonEmpty, worded

_ACCOUNT = Annotated[str, worded("^[0-9]{12}$", "an account id of twelve digits")]
_ARN = re.compile(r"arn:[^:]+:([^:]+):[^:]*:[^:]*:([!-~]+)")
_FEWEST_BITS = {4: 8, 6: 16}
NonEmptyTexts = Annotated[tuple[NonEmpty, ...], Meta(min_length=1)]


class Where(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What an exclusion is about; all that is given must hold, each by one of its values."""

    principals: Annotated[
        tuple[
            Annotated[
                str,
                worded(r"^(arn:|\*)[!-~]*$", "the ARN of a user or role (* and ? are wildcards)"),
            ],
            ...,
        ],
        Meta(
            min_length=1,
            description="ARNs of users and roles, with * and ?; of a session, its role's.",
        ),
    ] = ()
    role_paths: Annotated[
        tuple[Annotated[str, worded("^/([!-~]+/)+$", "a path between slashes, such as /ci/")], ...],
        Meta(min_length=1, description="The paths of roles of the event's own account."),
    ] = ()
    accounts: Annotated[
        tuple[_ACCOUNT, ...], Meta(min_length=1, description="The events' accounts.")
    ] = ()
    organizational_units: Annotated[
        NonEmptyTexts, Meta(description="Units, whose accounts the variable of that name knows.")
    ] = ()
    source_ip_ranges: Annotated[NonEmptyTexts, Meta(description="CIDR blocks of the caller.")] = ()
    resources: Annotated[
        tuple[
            Annotated[
                str,
                worded(
                    "^arn:[^:]+:[^:]+:[^:]*:[^:]*:[!-~]+$", "a whole ARN (* and ? are wildcards)"
                ),
            ],
            ...,
        ],
        Meta(min_length=1, description="ARNs of what the call is about, with * and ?."),
    ] = ()


class ExclusionEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One exclusion of a detection."""

    where: Annotated[Where, Meta(extra_json_schema={"minProperties": 1})]
    reason: Annotated[
        str, worded(r"\S", "a text that says why", description="Why these calls are left alone.")
    ]
    until: Annotated[
        str,
        worded(
            "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
            "a day as YYYY-MM-DD",
            description="The last day (UTC) of events that are left alone.",
        ),
    ]


ExclusionsFile = Annotated[
    dict[
        Annotated[str, worded(r"^(\*|[a-z0-9-]{1,40})$", "the id of a detection, or * for all")],
        tuple[ExclusionEntry, ...],
    ],
    Meta(description="Exclusions by the id of a detection, or * for all."),
]
UnitsFile = dict[str, tuple[_ACCOUNT, ...]]


def read_exclusions(
    path: str, ids: Iterable[str], units_path: str | None = None
) -> dict[str, dict[Exclusion, str]]:
    """Exclusions by detection, with their names (`iam-user-created[0]`).

    Raises UsageError for what the module refuses, too.
    """
    given = shape.read(Path(path), ExclusionsFile, "a file of exclusions")
    units = {}
    if units_path:
        units = shape.read(Path(units_path), UnitsFile, "a file of units and their accounts")
    if unknown := sorted({*given} - {*ids, "*"}):
        told = names.unknown("detection", unknown, ids, LISTING)
        raise UsageError(f"{path}: {told}; * stands for all of them")
    found: dict[str, dict[Exclusion, str]] = {}
    for id_, entries in given.items():
        for number, entry in enumerate(entries):
            name = f"{id_}[{number}]"
            try:
                exclusion = _exclusion(entry, units)
            except ValueError as error:
                raise UsageError(f"{path}: {name}: {error}") from None
            if exclusion is not None:
                found.setdefault(id_, {})[exclusion] = name
    return found


def _exclusion(entry: ExclusionEntry, units: Mapping[str, tuple[str, ...]]) -> Exclusion | None:
    """The exclusion of a file's entry, None if its units have no account. Raises ValueError."""
    where = {kind: [*values] for kind, values in msgspec.to_builtins(entry.where).items()}
    if "organizational_units" in where:
        accounts: set[str] = set()
        for unit in where.pop("organizational_units"):
            if unit not in units:
                raise ValueError(
                    f"{unit} is no unit that is known: give its accounts with "
                    "--organizational-units FILE"
                )
            accounts |= {*units[unit]}
        where["accounts"] = sorted(accounts & {*where.get("accounts", accounts)})
        if not where["accounts"]:
            return None
    for principal in entry.where.principals:
        if _is_everybody(principal):
            raise ValueError(f"principals has {principal}, which would leave everybody alone")
    for cidr in entry.where.source_ip_ranges:
        network = ip_network(cidr)
        if "/" not in cidr or network.prefixlen < _FEWEST_BITS[network.version]:
            raise ValueError(
                f"source_ip_ranges has {cidr}: write a CIDR block of at least 8 (IPv6: 16) bits"
            )
    for arn in entry.where.resources:
        if _is_everything(arn):
            raise ValueError(f"resources has {arn}, which would leave everything alone")
    return Exclusion.parse({"where": where, "reason": entry.reason, "until": entry.until})


def _is_everybody(principal: str) -> bool:
    """True if two roles, or two users, of one account with nothing else in common match."""
    parts = principal.split(":", 5)
    partition = parts[1] if len(parts) > 1 and re.fullmatch("[a-z-]+", parts[1]) else "aws"
    account = parts[4] if len(parts) > 5 and re.fullmatch("[0-9]{12}", parts[4]) else "0" * 12
    start = f"arn:{partition}:iam::{account}"
    return any(
        all(like(principal, f"{start}:{kind}/{name}") for name in ("q", "z/w"))
        for kind in ("role", "user")
    )


def _is_everything(arn: str) -> bool:
    match = _ARN.fullmatch(arn)
    if match is None:
        return True
    service, name = match.groups()
    own = name if service == "s3" else re.sub(r"^[a-z-]+[:/]", "", name)
    return re.search("[A-Za-z0-9]", own) is None
