"""AWS's service authorization reference for what the modules' policies and the handlers need.

The extract, `data/service_authorization.json`, has a service by its IAM prefix:
`names` of all its actions; `actions` in detail where they are used: the `access` they give (List,
Read, Write, Tagging, Permissions management), the `types` of resources that each takes with the
condition keys of each type and of the action itself (""), and the `dependent` actions; `resources`,
type to the form of its ARN and its condition `keys`; `keys`, to their type.
https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

EXTRACT = Path(__file__).with_name("data") / "service_authorization.json"
REFRESH = ".venv/bin/python -m tests.judges.refresh_service_authorization"

# Keys that every request may have, whatever the service; those about tags are the services' own.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
GLOBAL_KEYS: Mapping[str, str] = {
    **dict.fromkeys(
        (
            *("aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast", "aws:FederatedProvider"),
            *("aws:PrincipalAccount", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths"),
            *("aws:PrincipalServiceName", "aws:PrincipalServiceNamesList", "aws:PrincipalType"),
            *("aws:PrincipalTag/${TagKey}", "aws:referer", "aws:RequestedRegion"),
            *("aws:ResourceAccount", "aws:ResourceOrgID", "aws:ResourceOrgPaths"),
            *("aws:SourceAccount", "aws:SourceIdentity", "aws:SourceOrgID"),
            *("aws:SourceOrgPaths", "aws:SourceOwner", "aws:SourceVpc", "aws:SourceVpce"),
            *("aws:UserAgent", "aws:userid", "aws:username", "aws:VpceAccount"),
            *("aws:VpceOrgID", "aws:VpceOrgPaths"),
        ),
        "String",
    ),
    # Lambda puts its function's into every request that the function makes.
    # https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html
    **dict.fromkeys(("aws:PrincipalArn", "aws:SourceArn", "lambda:SourceFunctionArn"), "ARN"),
    **dict.fromkeys(
        (
            *("aws:MultiFactorAuthPresent", "aws:PrincipalIsAWSService", "aws:SecureTransport"),
            "aws:ViaAWSService",
        ),
        "Bool",
    ),
    **dict.fromkeys(("aws:CurrentTime", "aws:TokenIssueTime"), "Date"),
    **dict.fromkeys(("aws:EpochTime", "aws:MultiFactorAuthAge"), "Numeric"),
    **dict.fromkeys(("aws:SourceIp", "aws:VpcSourceIp"), "IPAddress"),
}


@cache
def services() -> dict[str, Any]:
    """The extract."""
    found: dict[str, Any] = json.loads(EXTRACT.read_text(encoding="utf-8"))["services"]
    return found


def expanded(pattern: str) -> list[str]:
    """The actions that a policy's `s3:Get*` means, by their names in AWS's letters.

    Raises LookupError, which says what to do, for a service or an action that the extract lacks.
    """
    prefix, _, names = pattern.partition(":")
    service = services().get(prefix.lower())
    if service is None:
        raise LookupError(f"{pattern}: no such service, or run `{REFRESH}`")
    form = re.compile(fnmatch.translate(names), re.IGNORECASE)
    found = [f"{prefix.lower()}:{name}" for name in service["names"] if form.match(name)]
    if not found:
        raise LookupError(f"{pattern}: AWS has no such action")
    missing = [one for one in found if one.split(":")[1] not in service["actions"]]
    if missing and "*" not in names:
        raise LookupError(f"{missing[0]} is not in the extract: run `{REFRESH}`")
    return [one for one in found if one not in missing]


def action(name: str) -> Mapping[str, Any]:
    """What the reference says of one action."""
    prefix, _, own = name.partition(":")
    found: Mapping[str, Any] = services()[prefix]["actions"][own]
    return found


def types_of(name: str) -> dict[str, str]:
    """The types of resources that an action takes, with the form of their ARN, `${...}` and all."""
    prefix = name.partition(":")[0]
    forms = services()[prefix]["resources"]
    return {kind: forms[kind]["arn"] for kind in action(name)["types"] if kind in forms}


def fits(resource: str, form: str) -> bool:
    """Whether an ARN with wildcards and the form of a type's ARN have an ARN in common.

    A wildcard stays within its field, but for one that ends the ARN early.
    """
    if resource == "*":
        return True
    given = re.sub(r"\$\{aws:\w+\}", "*", resource).split(":", 5)
    wanted = re.sub(r"\$\{\w+\}", "*", form).split(":", 5)
    if given[-1].endswith("*"):
        given += ["*"] * (len(wanted) - len(given))
    return len(given) == len(wanted) and all(map(meet, given, wanted))


def meet(one: str, other: str) -> bool:
    """Whether two patterns of `*` and `?` can match the same text."""

    @cache
    def at(i: int, j: int) -> bool:
        if i == len(one) or j == len(other):
            return set(one[i:]) | set(other[j:]) <= {"*"}
        a, b = one[i], other[j]
        if a == "*":
            return at(i + 1, j) or at(i, j + 1)
        if b == "*":
            return at(i, j + 1) or at(i + 1, j)
        return (a == b or "?" in (a, b)) and at(i + 1, j + 1)

    return at(0, 0)


def key_type(name: str, key: str, kinds: Iterator[str] | list[str]) -> str | None:
    """The type of a condition key that an action knows, on resources of `kinds`; None if not."""
    for known, kind in GLOBAL_KEYS.items():
        if _same(known, key):
            return kind
    prefix = name.partition(":")[0]
    service = services()[prefix]
    offered = set(action(name)["types"].get("", ()))
    for one in kinds:
        offered.update(action(name)["types"].get(one, ()))
        offered.update(service["resources"].get(one, {}).get("keys", ()))
    found = next((one for one in offered if _same(one, key)), None)
    return None if found is None else str(service["keys"].get(found, "String"))


def _same(known: str, key: str) -> bool:
    """Keys don't mind their letters; one ends in a name of one's own (`aws:ResourceTag/${X}`)."""
    form = re.escape(re.sub(r"\$\{\w+\}", "\0", known)).replace("\0", ".+")
    return re.fullmatch(form.replace("\\\0", ".+"), key, re.IGNORECASE) is not None
