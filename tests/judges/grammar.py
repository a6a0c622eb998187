"""Is a policy document one that AWS's IAM accepts?

What it refuses, in which order, and its words follow recordings of AWS (see
`data/facts/iam_documents.json`) and AWS's grammar:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html

Standard library only. Whether principals exist, and how long documents may be, is not its matter.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

Kind = Literal["identity", "trust", "resource"]
"""What is attached to a user, group or role (or an organization's unit); what says who assumes a
role; what is attached to a bucket, queue, topic, key, bus and so on."""

SYNTAX = "Syntax errors in policy."
LEGACY = "The policy failed legacy parsing"

_PARTITIONS = frozenset(
    {"aws", "aws-cn", "aws-us-gov", "aws-eusc", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f"}
)
_TOP = frozenset({"Version", "Id", "Statement"})
_ELEMENTS = frozenset(
    {
        *("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction"),
        *("Resource", "NotResource", "Condition"),
    }
)
_EXCLUSIVE = (("Action", "NotAction"), ("Resource", "NotResource"), ("Principal", "NotPrincipal"))
_PRINCIPALS = frozenset({"AWS", "Service", "Federated", "CanonicalUser"})

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
_OPERATOR = re.compile(
    r"(?:ForAnyValue:|ForAllValues:)?"
    r"(?:"
    r"(?:(?:String(?:Not)?Equals(?:IgnoreCase)?|String(?:Not)?Like"
    r"|(?P<date>Date(?:(?:Not)?Equals|(?:LessThan|GreaterThan)(?:Equals)?))"
    r"|Numeric(?:(?:Not)?Equals|(?:LessThan|GreaterThan)(?:Equals)?)"
    r"|Bool|BinaryEquals|(?:Not)?IpAddress|Arn(?:Not)?(?:Equals|Like))(?:IfExists)?)"
    r"|Null)"
)
_DATE = re.compile(
    r"(?P<year>-?\d{1,9})(?:-(?P<month>\d{1,2})(?:-(?P<day>\d{1,2}))?)?"
    r"(?:t(?:(?P<hour>\d{1,2})(?::(?P<minute>\d{1,2})(?::(?P<second>\d{1,2})(?:\.\d{1,9})?)?)?"
    r"(?:z|[+-](?P<zone>\d{2})(?::(?P<minutes>\d{2}))?)?)?)?",
    re.IGNORECASE,
)
_LIMITS = {
    "year": (-292275054, 292278993),
    "month": (1, 12),
    "day": (1, 31),
    **dict.fromkeys(("hour", "zone"), (0, 23)),
    **dict.fromkeys(("minute", "second", "minutes"), (0, 59)),
}
_LATEST_SECOND = 2**63 - 1

_IAM_PATHS = (
    *("user/", "federated-user/", "role/", "group/", "instance-profile/", "mfa/"),
    *("server-certificate/", "policy/", "sms-mfa/", "saml-provider/", "oidc-provider/"),
    *("report/", "access-report/"),
)
# The kinds of S3 resources that have a Region in their ARN; buckets and objects have none.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
_S3_REGIONAL = ("accesspoint/", "access-grants/", "async-request/", "job/", "storage-lens")

_AWS_PRINCIPAL = re.compile(r"\*|\d{12}|arn:[^:]+:(?:iam|sts)::\d{12}:\S+|[A-Z0-9]{16,128}")
_SERVICE_PRINCIPAL = re.compile(r"[\w-]+(?:\.[\w-]+)+")
# What trust policies may allow besides AssumeRole in its forms.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_terms-and-concepts.html
_TRUST_ACTION = re.compile(r"sts:(?:AssumeRole\w*|TagSession|SetSourceIdentity|SetContext)")


class MalformedError(Exception):
    """IAM refuses the document; the text is what it says."""


def refusal(document: str, kind: Kind = "identity") -> str | None:
    """What AWS says to a document that it refuses, None to one that it accepts."""
    try:
        check(document, kind)
    except MalformedError as error:
        return str(error)
    return None


def check(document: str, kind: Kind = "identity") -> None:
    """Raise MalformedError, with AWS's words, unless IAM accepts the document."""
    statements = _syntax(document, kind)
    steps: tuple[Callable[[list[Mapping[str, Any]], Kind], None], ...] = (
        _legacy,
        _sids,
        _actions_there,
        _resources_formed,
        _actions_formed,
        _resources_there,
        _principals,
    )
    for step in steps:
        step(statements, kind)


def _syntax(document: str, kind: Kind) -> list[Mapping[str, Any]]:
    """The statements of a document in which everything has its type."""
    try:
        whole = json.loads(document)
    except ValueError:
        raise MalformedError(
            "This policy contains invalid Json" if kind == "trust" else SYNTAX
        ) from None
    _demand(isinstance(whole, dict) and set(whole) <= _TOP)
    _demand(whole.get("Version", "2012-10-17") in ("2012-10-17", "2008-10-17"))
    _demand(isinstance(whole.get("Id", ""), str))
    found = whole.get("Statement")
    statements = found if isinstance(found, list) else [found]
    _demand(bool(statements))
    for statement in statements:
        _demand(isinstance(statement, dict) and set(statement) <= _ELEMENTS)
        _demand(not any(one in statement and other in statement for one, other in _EXCLUSIVE))
        effect = statement.get("Effect")
        _demand(isinstance(effect, str) and effect.lower() in ("allow", "deny"))
        _demand(isinstance(statement.get("Sid", ""), str))
        for name in ("Action", "NotAction", "Resource", "NotResource"):
            given = statement.get(name, [])
            _demand(isinstance(given, str | list))
            _demand(all(isinstance(one, str) or one is None for one in given))
        for name in ("Principal", "NotPrincipal"):
            _demand(_is_principal(statement.get(name, "*")))
        _demand(_is_condition(statement.get("Condition", {})))
    # Roles, buckets, queues and topics still take the older version, and none at all.
    if kind == "identity" and whole.get("Version") != "2012-10-17":
        raise MalformedError("Policy document must be version 2012-10-17 or greater.")
    return statements


def _is_principal(found: Any) -> bool:
    if not isinstance(found, dict):
        return isinstance(found, str)
    return set(found) <= _PRINCIPALS and all(
        isinstance(given, str)
        or (isinstance(given, list) and all(isinstance(one, str) for one in given))
        for given in found.values()
    )


def _is_condition(found: Any) -> bool:
    if not isinstance(found, dict):
        return False
    for operator, keys in found.items():
        if not isinstance(keys, dict) or (keys and not _OPERATOR.fullmatch(operator)):
            return False
        for values in keys.values():
            every = values if isinstance(values, list) else [values]
            if not all(isinstance(value, str | bool | int | float) for value in every):
                return False
    return True


def _legacy(statements: list[Mapping[str, Any]], kind: Kind) -> None:
    """What an older reader of IAM's stumbles over: the effect's letters, dates, short ARNs."""
    for statement in statements:
        _demand(statement["Effect"] in ("Allow", "Deny"), LEGACY)
        for operator, keys in statement.get("Condition", {}).items():
            named = _OPERATOR.fullmatch(operator)
            if named and named["date"]:
                for value in (one for values in keys.values() for one in _listed(values)):
                    _demand(_is_date(str(value)), LEGACY)
    # It gives up at the first resource that the later check finds fault with.
    if _resource_fault(statements) is None:
        for resource in _resources(statements):
            if ":" in resource:
                _demand(resource.count(":") >= 5 or "::" not in resource, LEGACY)
                _demand(resource.split(":")[2] != "", LEGACY)


def _is_date(value: str) -> bool:
    if "t" not in value.lower() and "-" not in value:
        return value.isdecimal() and int(value) <= _LATEST_SECOND
    found = _DATE.fullmatch(value)
    return found is not None and all(
        _LIMITS[name][0] <= int(number) <= _LIMITS[name][1]
        for name, number in found.groupdict().items()
        if number
    )


def _sids(statements: list[Mapping[str, Any]], kind: Kind) -> None:
    sids = [statement["Sid"] for statement in statements if statement.get("Sid")]
    if len(sids) != len(set(sids)):
        raise MalformedError("Statement IDs (SID) in a single policy must be unique.")
    # Buckets, queues and topics take any text.
    if kind != "resource" and not all(re.fullmatch("[0-9A-Za-z]*", sid) for sid in sids):
        raise MalformedError(
            "Statement IDs (SID) must be alpha-numeric. "
            "Check that your input satisfies the regular expression [0-9A-Za-z]*"
        )


def _actions_there(statements: list[Mapping[str, Any]], kind: Kind) -> None:
    for statement in statements:
        if statement.get("Action", statement.get("NotAction", [])) == []:
            raise MalformedError("Policy statement must contain actions.")


def _resources_formed(statements: list[Mapping[str, Any]], kind: Kind) -> None:
    fault = _resource_fault(statements)
    if fault:
        raise MalformedError(fault)


def _resource_fault(statements: list[Mapping[str, Any]]) -> str | None:
    """What is said of the first resource that is no ARN; several count in their alphabet."""
    return next(filter(None, map(_fault_of, _resources(statements))), None)


def _resources(statements: list[Mapping[str, Any]]) -> Iterator[str]:
    for statement in statements:
        given = _listed(statement.get("Resource", statement.get("NotResource", [])))
        # Null among others is passed over.
        yield from sorted(one for one in given if one is not None and one != "*")


def _fault_of(resource: str) -> str | None:
    fields = resource.split(":", 5)
    if len(fields) == 1:
        return f'Resource {resource} must be in ARN format or "*".'
    _, partition, *rest = fields
    if partition != "*" and partition not in _PARTITIONS:
        whole = ":".join((rest + ["*"] * 4)[: max(4, len(rest))])
        return f'Partition "{partition}" is not valid for resource "arn:{partition}:{whole}".'
    if not rest:
        return "Resource vendor must be fully qualified and cannot contain regexes."
    service, region, _, path = (*rest, "", "", "")[:4]
    if service == "iam":
        if region:
            return f"IAM resource {resource} cannot contain region information."
        if len(rest) > 1 and path != "*" and not path.startswith(_IAM_PATHS):
            paths = ", ".join(_IAM_PATHS)
            return f'IAM resource path must either be "*" or start with {paths}.'
    if service == "s3" and region and not path.startswith(_S3_REGIONAL) and len(rest) > 2:
        return f"Resource {resource} can not contain region information."
    return None


def _actions_formed(statements: list[Mapping[str, Any]], kind: Kind) -> None:
    for statement in statements:
        for action in _listed(statement.get("Action", statement.get("NotAction"))):
            vendor, *names = str(action or "").split(":")
            if not names and vendor != "*":
                raise MalformedError(
                    "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
                )
            if len(names) > 1:
                raise MalformedError("Actions/Condition can contain only one colon.")
            if vendor != "*" and re.search(r"[^a-zA-Z0-9\-.]", vendor):
                raise MalformedError(f"Vendor {vendor} is not valid")
            if kind == "trust" and not _TRUST_ACTION.fullmatch(str(action)):
                raise MalformedError("AssumeRole policy may only specify STS AssumeRole actions.")


def _resources_there(statements: list[Mapping[str, Any]], kind: Kind) -> None:
    for statement in statements:
        given = statement.get("Resource", statement.get("NotResource"))
        if kind == "trust" and given is not None:
            raise MalformedError("Has prohibited field Resource")
        if kind != "trust" and given in (None, []):
            raise MalformedError("Policy statement must contain resources.")


def _principals(statements: list[Mapping[str, Any]], kind: Kind) -> None:
    for statement in statements:
        found = statement.get("Principal", statement.get("NotPrincipal"))
        if kind == "identity":
            if found is not None:
                raise MalformedError("Policy document should not specify a principal.")
            continue
        if found is None:
            raise MalformedError("Missing required field Principal")
        # A bucket may be everybody's, a role is assumed by somebody.
        if isinstance(found, str) and (found != "*" or kind == "trust"):
            raise MalformedError(f'Invalid principal in policy: "STAR":"{found}"')
        for name, given in found.items() if isinstance(found, dict) else ():
            form = {"AWS": _AWS_PRINCIPAL, "Service": _SERVICE_PRINCIPAL}.get(name)
            for one in _listed(given):
                if form and not form.fullmatch(one):
                    raise MalformedError(f'Invalid principal in policy: "{name}":"{one}"')


def _listed(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [found]


def _demand(holds: bool, otherwise: str = SYNTAX) -> None:
    if not holds:
        raise MalformedError(otherwise)
