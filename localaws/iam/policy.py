"""What an IAM policy document says about one request, worked out without calling anything.

`evaluate` reads one document, of a resource or of an identity. Which documents a request needs
(resource policy, identity policy, boundary, both sides of two accounts) is the caller's business;
`strongest` puts several answers together as IAM does: a Deny beats an Allow beats silence.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import lru_cache
from typing import Any, Literal, NamedTuple

ContextValue = str | Sequence[str]
Context = Mapping[str, ContextValue]
PrincipalKind = Literal["AWS", "Service", "Federated", "CanonicalUser", "Anonymous"]


class PolicyError(ValueError):
    """A document that IAM would refuse: one sentence says what is wrong with it."""


class Effect(Enum):
    ALLOW = "Allow"
    DENY = "Deny"
    IMPLICIT = "Implicit"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks, under every name that a policy may call them by.

    `names` holds, for an IAM user its ARN, for a role session the session's ARN and the role's ARN,
    for a service its name (`events.amazonaws.com`); unique ids (`AROA...`) may be among them.
    """

    kind: PrincipalKind
    names: tuple[str, ...] = ()
    account: str | None = None

    @classmethod
    def aws(cls, *names: str, account: str | None = None) -> Principal:
        """An identity of an account; the account is read from the first ARN unless it is given."""
        if account is None:
            for name in names:
                parts = name.split(":")
                if len(parts) >= 6 and parts[4]:
                    account = parts[4]
                    break
        return cls("AWS", names, account)

    @classmethod
    def service(cls, name: str) -> Principal:
        return cls("Service", (name,))

    @classmethod
    def federated(cls, provider: str) -> Principal:
        return cls("Federated", (provider,))

    @classmethod
    def anonymous(cls) -> Principal:
        return cls("Anonymous")


@dataclass(frozen=True, slots=True)
class Decision:
    """What a document says, and the statement that decided.

    `delegated` is True where an Allow names only the caller's account: the account then decides by
    its own identity policies. `unmet` names the first condition that kept a statement from
    applying which otherwise fits (`ArnEquals aws:SourceArn`), for the reader of a refusal.
    """

    effect: Effect
    statement: Mapping[str, Any] | None = None
    index: int | None = None
    delegated: bool = False
    unmet: str | None = None

    @property
    def allowed(self) -> bool:
        return self.effect is Effect.ALLOW

    @property
    def denied(self) -> bool:
        return self.effect is Effect.DENY

    @property
    def sid(self) -> str | None:
        """The deciding statement's Sid, or its place (`statement 2`) where it has none."""
        if self.statement is None or self.index is None:
            return None
        return str(self.statement.get("Sid") or f"statement {self.index + 1}")

    @property
    def why(self) -> str:
        """Why it is not allowed, as the beginning of `... in the policy of X`."""
        if self.denied:
            return f"denied by {self.sid!r} in"
        return f"{self.unmet} does not hold in" if self.unmet else "nothing allows it in"


def evaluate(
    policy: Mapping[str, Any] | str | None,
    *,
    principal: Principal,
    action: str,
    resource: str | None,
    context: Context,
) -> Decision:
    """The document's answer to one request.

    `action` is `service:Operation`, `resource` an ARN, or None for one that nobody knows: what
    allows the action on any resource then allows it, and what denies it on all denies it. `context`
    has the request's condition keys with their values (all strings, dates as ISO 8601). Statements
    without Principal and NotPrincipal, as identity policies have them, apply to every principal.
    `None` and an empty document are silent. Raises PolicyError for a document that is not one.
    """
    if not policy:
        return Decision(Effect.IMPLICIT)
    document = _document(policy)
    keys = {key.lower(): _values(value) for key, value in context.items()}
    variables = keys if document.get("Version") == "2012-10-17" else None
    allow: Decision | None = None
    unmet: str | None = None
    for index, statement in enumerate(_statements(document)):
        scope = _principal_scope(statement, principal)
        if scope is None or not _covers(statement, "Action", action, variables, _action_matches):
            continue
        if resource is None:
            covered = statement.get("Effect") == "Allow" or "*" in _values(
                statement.get("Resource", [])
            )
        else:
            covered = _covers(statement, "Resource", resource, variables, _resource_matches)
        if not covered:
            continue
        failed = _unmet(statement.get("Condition"), keys, variables)
        if failed is not None:
            if statement.get("Effect") == "Allow":
                unmet = unmet or failed
            continue
        if statement.get("Effect") == "Deny":
            return Decision(Effect.DENY, statement, index)
        if statement.get("Effect") != "Allow":
            raise PolicyError('a statement\'s Effect is "Allow" or "Deny"')
        decision = Decision(Effect.ALLOW, statement, index, delegated=scope == "account")
        if allow is None or (allow.delegated and not decision.delegated):
            allow = decision
    return allow or Decision(Effect.IMPLICIT, unmet=unmet)


def strongest(decisions: Iterable[Decision]) -> Decision:
    """Several documents of one kind as one: a Deny beats an Allow beats silence."""
    best = Decision(Effect.IMPLICIT)
    for decision in decisions:
        if decision.denied:
            return decision
        if decision.allowed:
            if not best.allowed or (best.delegated and not decision.delegated):
                best = decision
        elif not best.allowed and best.unmet is None:
            best = decision
    return best


# --- the document ------------------------------------------------------------------------------


def _document(policy: Mapping[str, Any] | str) -> Mapping[str, Any]:
    if isinstance(policy, str):
        try:
            policy = json.loads(policy)
        except ValueError as error:
            raise PolicyError(f"the policy is not valid JSON: {error}") from None
    if not isinstance(policy, Mapping):
        raise PolicyError("a policy is a JSON object")
    return policy


def _statements(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    found = document.get("Statement", [])
    for statement in [found] if isinstance(found, Mapping) else found:
        if not isinstance(statement, Mapping):
            raise PolicyError("a policy's Statement holds JSON objects")
        yield statement


def _values(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, bool):
        return ["true" if value else "false"]
    if isinstance(value, Sequence):
        return [text for item in value for text in _values(item)]
    return [str(value)]


# --- principals --------------------------------------------------------------------------------

_ACCOUNT = re.compile(r"[0-9]{12}")
_ROOT = re.compile(r"arn:[^:]+:iam::(\d{12}):root")

_Reach = Literal["named", "account", "anyone"]


def _principal_scope(statement: Mapping[str, Any], caller: Principal) -> _Reach | None:
    """How the statement reaches the caller, or None where it does not.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    if "Principal" in statement:
        return _named(statement["Principal"], caller)
    if "NotPrincipal" in statement:
        return None if _all_names_listed(statement["NotPrincipal"], caller) else "anyone"
    return "anyone"


def _named(element: Any, caller: Principal) -> _Reach | None:
    if element == "*":
        return "anyone"
    if not isinstance(element, Mapping):
        raise PolicyError('a Principal is "*" or an object such as {"AWS": "..."}')
    scope: _Reach | None = None
    for kind, listed in element.items():
        for entry in _values(listed):
            if kind == "AWS" and entry == "*":
                return "anyone"
            if kind != caller.kind:
                continue
            if kind == "AWS":
                if entry in caller.names:
                    return "named"
                if caller.account is not None and _account_of(entry) == caller.account:
                    scope = "account"
            elif entry == "*" or _same_principal(kind, entry, caller):
                return "named"
    return scope


def _same_principal(kind: str, entry: str, caller: Principal) -> bool:
    if kind == "Service":
        return entry.lower() in {name.lower() for name in caller.names}
    return entry in caller.names


def _all_names_listed(element: Any, caller: Principal) -> bool:
    """Whether NotPrincipal spares the caller.

    For an identity of an account AWS asks for every layer (account, role and session) to be listed,
    and may otherwise apply the statement; a policy has to hold when it does.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
    """
    if element == "*":
        return True
    if not isinstance(element, Mapping):
        raise PolicyError('a NotPrincipal is "*" or an object such as {"AWS": "..."}')
    listed = _values(element.get(caller.kind, []))
    if "*" in _values(element.get("AWS", [])):
        return True
    if caller.kind != "AWS":
        return any(_same_principal(caller.kind, entry, caller) for entry in listed)
    arns = [name for name in caller.names if name.startswith("arn:")]
    account_listed = any(_account_of(entry) == caller.account for entry in listed)
    return account_listed and all(name in listed for name in arns)


def _account_of(entry: str) -> str | None:
    """The account that an entry names as a whole (`123456789012` or its root ARN)."""
    if _ACCOUNT.fullmatch(entry):
        return entry
    root = _ROOT.fullmatch(entry)
    return root.group(1) if root else None


# --- actions and resources ---------------------------------------------------------------------

Variables = Mapping[str, Sequence[str]] | None
_Matches = Callable[[str, str, "Variables"], bool]


def _covers(
    statement: Mapping[str, Any],
    element: Literal["Action", "Resource"],
    asked: str,
    variables: Variables,
    matches: _Matches,
) -> bool:
    if f"Not{element}" in statement:
        listed = _values(statement[f"Not{element}"])
        return not any(matches(entry, asked, variables) for entry in listed)
    if element not in statement:
        # A role's trust policy has no Resource: it speaks of the role it hangs on.
        return element == "Resource"
    return any(matches(entry, asked, variables) for entry in _values(statement[element]))


def _action_matches(pattern: str, action: str, _: Variables) -> bool:
    return _wildcard(pattern.lower()).fullmatch(action.lower()) is not None


def _resource_matches(pattern: str, resource: str, variables: Variables) -> bool:
    expanded = _expand(pattern, variables)
    return expanded is not None and _arn_like(expanded, resource)


# --- policy variables --------------------------------------------------------------------------

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_WITH_DEFAULT = re.compile(r"\s*([^,\s]+)\s*,\s*'([^']*)'\s*")


class _Piece(NamedTuple):
    """A piece of a policy's value: only what the author wrote may hold wildcards."""

    text: str
    literal: bool


def _expand(value: str, variables: Variables) -> tuple[_Piece, ...] | None:
    """A value with its `${...}` filled in, or None where one has no value in this request.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
    """
    if variables is None or "${" not in value:
        return (_Piece(value, literal=False),)
    pieces: list[_Piece] = []
    end = 0
    for found in _VARIABLE.finditer(value):
        pieces.append(_Piece(value[end : found.start()], literal=False))
        end = found.end()
        name = found.group(1)
        if name in ("*", "?", "$"):
            pieces.append(_Piece(name, literal=True))
            continue
        default = _WITH_DEFAULT.fullmatch(name)
        known = variables.get((default.group(1) if default else name.strip()).lower(), ())
        if len(known) == 1:
            pieces.append(_Piece(known[0], literal=True))
        elif default:
            pieces.append(_Piece(default.group(2), literal=True))
        else:
            return None
    pieces.append(_Piece(value[end:], literal=False))
    return tuple(pieces)


def _plain(pieces: tuple[_Piece, ...]) -> str:
    return "".join(piece.text for piece in pieces)


# --- wildcards ---------------------------------------------------------------------------------


def _wildcard(pattern: str) -> re.Pattern[str]:
    return _compile((_Piece(pattern, literal=False),), by_segment=False)


def _arn_like(pieces: tuple[_Piece, ...], arn: str) -> bool:
    """ARNs are compared part by part: a wildcard does not reach over a colon, save in the last."""
    if _plain(pieces) == "*":
        return True
    return _compile(pieces, by_segment=True).fullmatch(arn) is not None


@lru_cache(maxsize=4096)
def _compile(pieces: tuple[_Piece, ...], *, by_segment: bool) -> re.Pattern[str]:
    out: list[str] = []
    colons = 0
    for piece in pieces:
        for char in piece.text:
            if char == ":":
                colons += 1
            if piece.literal or char not in "*?":
                out.append(re.escape(char))
                continue
            one = "[^:]" if by_segment and colons < 5 else "."
            out.append(one + "*" if char == "*" else one)
    if by_segment and colons < 5 and out:
        # IAM fills the missing parts of an incomplete ARN with wildcards.
        out.append("(?::.*)?")
    return re.compile("".join(out), re.DOTALL)


# --- conditions --------------------------------------------------------------------------------


def _unmet(condition: Any, keys: Mapping[str, list[str]], variables: Variables) -> str | None:
    """The first condition that does not hold (`StringEquals aws:SourceAccount`), or None.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    """
    if not condition:
        return None
    if not isinstance(condition, Mapping):
        raise PolicyError("a Condition is a JSON object")
    for operator, block in condition.items():
        if not isinstance(block, Mapping):
            raise PolicyError(f"Condition {operator} is a JSON object of keys and values")
        for key, wanted in block.items():
            if not _holds(operator, keys.get(key.lower()), _values(wanted), variables):
                return f"{operator} {key}"
    return None


_OPERATOR = re.compile(r"(?i)(?:(ForAnyValue|ForAllValues):)?([a-z]+?)(IfExists)?")


def _holds(name: str, actual: list[str] | None, wanted: list[str], variables: Variables) -> bool:
    parsed = _OPERATOR.fullmatch(name)
    quantifier, base, if_exists = parsed.groups() if parsed else (None, name, None)
    if base.lower() == "null":
        return any((value.lower() == "true") == (not actual) for value in wanted)
    operator = _OPERATORS.get(base.lower())
    if operator is None:
        raise PolicyError(f"{name} is not a condition operator")
    quantified = (quantifier or "").lower()
    if actual is None or (not actual and not quantified):
        if if_exists or quantified == "forallvalues":
            return True
        return operator.negated and not quantified
    expanded = [pieces for value in wanted if (pieces := _expand(value, variables)) is not None]

    def one(value: str) -> bool:
        return any(operator.test(value, pieces) for pieces in expanded) != operator.negated

    if quantified == "forallvalues":
        return all(one(value) for value in actual)
    if quantified == "foranyvalue":
        return any(one(value) for value in actual)
    return all(map(one, actual)) if operator.negated else any(map(one, actual))


_Comparison = Callable[[str, tuple[_Piece, ...]], bool]


class _Operator(NamedTuple):
    test: _Comparison
    negated: bool = False


def _string_equals(actual: str, wanted: tuple[_Piece, ...]) -> bool:
    return actual == _plain(wanted)


def _string_equals_ignore_case(actual: str, wanted: tuple[_Piece, ...]) -> bool:
    return actual.lower() == _plain(wanted).lower()


def _string_like(actual: str, wanted: tuple[_Piece, ...]) -> bool:
    return _compile(wanted, by_segment=False).fullmatch(actual) is not None


def _arn_test(actual: str, wanted: tuple[_Piece, ...]) -> bool:
    return _arn_like(wanted, actual)


def _bool(actual: str, wanted: tuple[_Piece, ...]) -> bool:
    return actual.lower() == _plain(wanted).lower()


def _numeric(compare: Callable[[float, float], bool]) -> _Comparison:
    def test(actual: str, wanted: tuple[_Piece, ...]) -> bool:
        try:
            return compare(float(actual), float(_plain(wanted)))
        except ValueError:
            return False

    return test


def _date(compare: Callable[[float, float], bool]) -> _Comparison:
    def test(actual: str, wanted: tuple[_Piece, ...]) -> bool:
        left, right = _seconds(actual), _seconds(_plain(wanted))
        return left is not None and right is not None and compare(left, right)

    return test


def _seconds(text: str) -> float | None:
    """A date as seconds since 1970: ISO 8601 (UTC where it names no zone) or a number."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _ip_address(actual: str, wanted: tuple[_Piece, ...]) -> bool:
    try:
        return ipaddress.ip_address(actual) in ipaddress.ip_network(_plain(wanted), strict=False)
    except ValueError:
        return False


def _eq(left: float, right: float) -> bool:
    return left == right


def _lt(left: float, right: float) -> bool:
    return left < right


def _le(left: float, right: float) -> bool:
    return left <= right


def _gt(left: float, right: float) -> bool:
    return left > right


def _ge(left: float, right: float) -> bool:
    return left >= right


_OPERATORS: dict[str, _Operator] = {
    "stringequals": _Operator(_string_equals),
    "stringnotequals": _Operator(_string_equals, negated=True),
    "stringequalsignorecase": _Operator(_string_equals_ignore_case),
    "stringnotequalsignorecase": _Operator(_string_equals_ignore_case, negated=True),
    "stringlike": _Operator(_string_like),
    "stringnotlike": _Operator(_string_like, negated=True),
    # ArnEquals takes wildcards exactly as ArnLike does.
    "arnequals": _Operator(_arn_test),
    "arnlike": _Operator(_arn_test),
    "arnnotequals": _Operator(_arn_test, negated=True),
    "arnnotlike": _Operator(_arn_test, negated=True),
    "bool": _Operator(_bool),
    "binaryequals": _Operator(_string_equals),
    "numericequals": _Operator(_numeric(_eq)),
    "numericnotequals": _Operator(_numeric(_eq), negated=True),
    "numericlessthan": _Operator(_numeric(_lt)),
    "numericlessthanequals": _Operator(_numeric(_le)),
    "numericgreaterthan": _Operator(_numeric(_gt)),
    "numericgreaterthanequals": _Operator(_numeric(_ge)),
    "dateequals": _Operator(_date(_eq)),
    "datenotequals": _Operator(_date(_eq), negated=True),
    "datelessthan": _Operator(_date(_lt)),
    "datelessthanequals": _Operator(_date(_le)),
    "dategreaterthan": _Operator(_date(_gt)),
    "dategreaterthanequals": _Operator(_date(_ge)),
    "ipaddress": _Operator(_ip_address),
    "notipaddress": _Operator(_ip_address, negated=True),
}
