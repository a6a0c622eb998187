"""Matchers in SQL: true for every record whose field they match, NULL or false for most others.

A field's plain value is compared as event-ruler compares it. If it has none, an array may hold
values, or a key with a dot may stand for several; then the text of the JSON around it must hold
what the matcher asks for, or an escape that could spell it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from reactor.patterns.compile import compile_matchers
from reactor.patterns.envelope import DETAIL_TYPES, source_of
from reactor.patterns.model import (
    Address,
    AnythingBut,
    Cidr,
    EqualsIgnoreCase,
    Exact,
    Exists,
    Matcher,
    Number,
    NumericRange,
    Prefix,
    Suffix,
    Wildcard,
)

from trailctl.history.fields import Fields, SqlField

TRUE, FALSE = "TRUE", "FALSE"
_ESCAPE = "~"
_NUMBER = r"^-?[0-9]*[.]?[0-9]*([eE][-+]?[0-9]+)?$"
_OF_NUMBERS = frozenset("0123456789+-.eE")
_IPV4_DIGITS = 8
_ASCII = re.compile(r"[ !#-\[\]-~]+")


class Sql(NamedTuple):
    """A condition, and whether no other record than those that it is for passes it."""

    text: str
    exact: bool = False


def any_of(conditions: Iterable[str]) -> str:
    """One of the conditions."""
    found = [each for each in dict.fromkeys(conditions) if each != FALSE]
    if TRUE in found:
        return TRUE
    if len(found) < 2:
        return found[0] if found else FALSE
    return f"({' OR '.join(found)})"


def all_of(conditions: Iterable[str]) -> str:
    """All of the conditions."""
    found = [each for each in dict.fromkeys(conditions) if each != TRUE]
    if FALSE in found:
        return FALSE
    if len(found) < 2:
        return found[0] if found else TRUE
    return f"({' AND '.join(found)})"


def literal(text: str) -> str | None:
    """A text in SQL; None for one that engines may read differently."""
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return None
    return "'" + text.replace("'", "''") + "'" if text.isprintable() else None


def may_match(fields: Fields, path: str, matchers: Sequence[Matcher]) -> Sql:
    """The condition of a pattern on one field."""
    if path == "detail-type":
        return _detail_type(fields, matchers)
    if path == "source" and all(isinstance(each, Exact) for each in matchers):
        return _source(fields, [each.value for each in matchers if isinstance(each, Exact)])
    field = fields.at(path)
    if field is None:
        return Sql(TRUE)
    if not field.text:
        return _typed(field, matchers)
    return Sql(_in_text(field, matchers))


def _detail_type(fields: Fields, matchers: Sequence[Matcher]) -> Sql:
    kind = fields.plain("eventType")
    if kind is None:
        return Sql(TRUE)
    test = compile_matchers(matchers)
    usual = "AwsApiCall"
    wanted = {name: test(told) for name, told in DETAIL_TYPES.items()}
    if not wanted[usual]:
        names = [name for name, told in wanted.items() if told]
        return Sql(_is_one(kind, names), True)
    others = [name for name, told in wanted.items() if not told]
    if not others:
        return Sql(TRUE, True)
    return Sql(f"({kind} IS NULL OR {kind} NOT IN ({_list(others)}))", True)


def _source(fields: Fields, values: Sequence[str | bool | None]) -> Sql:
    source, kind = fields.plain("eventSource"), fields.plain("eventType")
    if source is None or kind is None:
        return Sql(TRUE)
    names: list[str] = []
    conditions = []
    for value in values:
        if not isinstance(value, str) or not value.startswith("aws."):
            continue
        if literal(value) is None:
            return Sql(TRUE)
        name = value.removeprefix("aws.")
        spelled = (f"{name}.amazonaws.com", name)
        names += [each for each in spelled if source_of(each, None) == value]
        if value == "aws.":
            conditions.append(f"{source} IS NULL")
        if value == source_of(None, "AwsCloudTrailInsight"):
            conditions.append(f"{kind} = 'AwsCloudTrailInsight'")
    return Sql(any_of([_is_one(source, names), *conditions]), True)


# ---- a column of its own


def _typed(field: SqlField, matchers: Sequence[Matcher]) -> Sql:
    """A field whose column has all there is of it; null and absent are one there."""
    value = field.value
    # Where a null would be, and be a value that exists.
    there = f"{field.around} IS NOT NULL" if field.around else TRUE
    null = all_of([f"{value} IS NULL", there])
    strings, tests, exact = [], [], True
    for matcher in matchers:
        match matcher:
            case Exists(present=True):
                tests.append(there)
                exact = False
            case Exists():
                tests.append(f"{value} IS NULL")
            case Exact(value=None):
                tests.append(null)
                exact = False
            case AnythingBut():
                tests += [null, _not_excluded(value, matcher)]
                exact = False
            case Exact(value=str(text)) if literal(text) is not None:
                strings.append(text)
            case _:
                tests.append(_plain_test(value, matcher))
                exact = exact and isinstance(matcher, Prefix | Suffix | Wildcard)
    return Sql(any_of([_is_one(value, strings), *tests]), exact)


# ---- a value in JSON


def _in_text(field: SqlField, matchers: Sequence[Matcher]) -> str:
    value, text = field.value, field.text
    if not value:  # no path leads there that every engine reads alike
        return any_of(_loosely(text, matcher) for matcher in matchers) or TRUE
    key = field.keys[-1] if field.keys else ""
    strings, tests, loose = [], [], []
    for matcher in matchers:
        match matcher:
            case Exists(present=False):
                tests.append(f"{value} IS NULL")
                continue
            case Exact(value=None):
                tests.append(_null(field))
                continue
            case Exists():
                tests += [f"{value} IS NOT NULL", _null(field)]
            case AnythingBut():
                tests += [_not_excluded(value, matcher), _null(field)]
            case Exact(value=str(each)) if literal(each) is not None:
                strings.append(each)
            case _:
                tests.append(_plain_test(value, matcher))
        loose.append(_loosely(text, matcher))
    odd = [f"({value} IS NULL AND strpos({text}, '[') > 0)"]
    pairs = [f"{a}.{b}" for a, b in zip(field.keys, field.keys[1:], strict=False)]
    odd += [_holds(text, pair) for pair in pairs]
    named = _holds(text, key) if key else TRUE
    loosely = all_of([any_of(odd), named, any_of(loose)]) if loose else FALSE
    return any_of([_is_one(value, strings), *tests, loosely])


def _null(field: SqlField) -> str:
    """The field is null, or an array may hold one."""
    key = field.keys[-1] if field.keys else ""
    return all_of(
        [
            f"{field.value} IS NULL",
            f"strpos({field.text}, 'null') > 0",
            *([_holds(field.text, key)] if key else []),
        ]
    )


def _loosely(text: str, matcher: Matcher) -> str:
    """The matcher may match a value somewhere in the JSON."""
    match matcher:
        case Exact(value=str(each)):
            return _holds(text, each)
        case Exact(value=bool(each)):
            return f"strpos({text}, '{str(each).lower()}') > 0"
        case Exact():
            return f"strpos({text}, 'null') > 0"
        case Exists(present=False):
            return TRUE
        case Prefix(text=each, ignore_case=False) | Suffix(text=each, ignore_case=False):
            return _holds(text, each.strip('"'))
        case Wildcard(parts=parts):
            return _holds(text, max(parts, key=len))
        case Prefix(text=each) | Suffix(text=each) | EqualsIgnoreCase(text=each):
            return _holds(text, _folded_run(each), lower=True)
    return TRUE


def _holds(text: str, wanted: str, lower: bool = False) -> str:
    """The JSON holds a text, as it is or with escapes."""
    inside = literal(wanted)
    if inside is None or not wanted:
        return TRUE
    place = f"lower({text})" if lower else text
    if '"' in wanted or "\\" in wanted:
        return f"strpos({text}, '\\') > 0"
    escapes = ["\\u", *(["\\/"] if "/" in wanted else [])]
    return any_of(
        [f"strpos({place}, {inside}) > 0", *(f"strpos({text}, '{each}') > 0" for each in escapes)]
    )


def _folded_run(text: str) -> str:
    """The longest run of ASCII in a text, in lower case: a value that matches it in any case has
    that run, if its own letters are folded."""
    return max(_ASCII.findall(text), key=len, default="").lower()


# ---- one value


def _plain_test(value: str, matcher: Matcher) -> str:
    """The matcher matches a plain value; NULL is none."""
    match matcher:
        case Exact(value=bool(truth)):
            return f"{value} = '{str(truth).lower()}'"
        case Number(value=float(number)):
            return f"try_cast({value} AS double) = {_double(number)}"
        case NumericRange():
            return _range(value, matcher)
        case Address(low=low, high=high) | Cidr(low=low, high=high):
            return _address(value, low, high)
        case Prefix() | Suffix() | EqualsIgnoreCase() | Wildcard():
            return _text_test(value, matcher)
    return f"{value} IS NOT NULL"


def _text_test(value: str, matcher: Prefix | Suffix | EqualsIgnoreCase | Wildcard) -> str:
    text = matcher.text
    quoted = literal(text)
    if quoted is None:
        return f"{value} IS NOT NULL"
    if isinstance(matcher, Wildcard):
        return _like(value, matcher.parts)
    if isinstance(matcher, EqualsIgnoreCase) or matcher.ignore_case:
        return _folded(value, matcher)
    if isinstance(matcher, Prefix):
        tests = [f"starts_with({value}, {quoted})"]
        if text.endswith('"'):  # its own closing quote counts, too
            tests.append(f"{value} = {literal(text[:-1])}")
    else:
        tests = [_like(value, ("", text))]
        if text.startswith('"'):
            tests.append(f"{value} = {literal(text[1:])}")
    return any_of(tests)


def _folded(value: str, matcher: Prefix | Suffix | EqualsIgnoreCase) -> str:
    folded, quoted = matcher.text.lower(), literal(matcher.text.lower())
    if not matcher.text.isascii() or '"' in folded:
        run = literal(_folded_run(matcher.text))
        # Of other characters, each engine has an opinion of its own.
        return f"strpos(lower({value}), {run}) > 0" if run != "''" else f"{value} IS NOT NULL"
    if isinstance(matcher, Prefix):
        return f"starts_with(lower({value}), {quoted})"
    if isinstance(matcher, Suffix):
        return _like(f"lower({value})", ("", folded))
    return f"lower({value}) = {quoted}"


def _like(value: str, parts: Sequence[str]) -> str:
    escaped = [re.sub(f"[%_{_ESCAPE}]", rf"{_ESCAPE}\g<0>", part) for part in parts]
    pattern = literal("%".join(escaped))
    written = "".join(escaped)
    # A backslash is no escape in Trino, but in other engines, where no other is named.
    escape = f" ESCAPE '{_ESCAPE}'" if _ESCAPE in written or "\\" in written else ""
    return f"{value} LIKE {pattern}{escape}"


def _not_excluded(value: str, matcher: AnythingBut) -> str:
    """The value is there, and no matcher excludes it for certain.

    Numbers and booleans are texts in SQL, and no text for event-ruler: what could be one is not
    excluded.
    """
    strings, tests = [], []
    for each in matcher.values:
        if not _surely_text(each):
            continue
        match each:
            case Exact(value=str(text)):
                strings.append(text)
            case Prefix(ignore_case=True) | Suffix(ignore_case=True) | EqualsIgnoreCase():
                if each.text.isascii() and '"' not in each.text:
                    # Other letters fold to these, too, which event-ruler does not count.
                    tests.append(f"({_folded(value, each)} AND NOT regexp_like({value}, '[^ -~]'))")
            case Prefix() | Suffix() | Wildcard():
                tests.append(_text_test(value, each))
    excluded = any_of([_is_one(value, strings), *tests])
    return f"{value} IS NOT NULL" if excluded == FALSE else f"NOT {excluded}"


def _surely_text(matcher: Matcher) -> bool:
    """True if no number and no boolean, written as text, passes the matcher's SQL."""
    match matcher:
        case Exact(value=str(text)) | Prefix(text=text) | Suffix(text=text):
            pass
        case EqualsIgnoreCase(text=text):
            pass
        case Wildcard(parts=parts):
            text = "".join(parts)
        case _:
            return False
    if literal(text) is None or _OF_NUMBERS.issuperset(text):
        return False
    test = compile_matchers((matcher,))
    return not any(map(test, ("true", "false", "null")))


def _is_one(value: str, texts: Sequence[str]) -> str:
    texts = list(dict.fromkeys(texts))
    if not texts:
        return FALSE
    return f"{value} = {_list(texts)}" if len(texts) == 1 else f"{value} IN ({_list(texts)})"


def _list(texts: Iterable[str]) -> str:
    return ", ".join("'" + text.replace("'", "''") + "'" for text in texts)


def _double(number: float) -> str:
    text = repr(number).upper()
    return text if "E" in text else f"{text}E0"


def _range(value: str, limits: NumericRange) -> str:
    number = f"try_cast({value} AS double)"
    found = []
    if limits.low is not None:
        found.append(f"{number} >{'=' * limits.low_included} {_double(limits.low)}")
    if limits.high is not None:
        found.append(f"{number} <{'=' * limits.high_included} {_double(limits.high)}")
    return all_of(found)


def _address(value: str, low: str, high: str) -> str:
    """An address of the block, as far as one can tell by its text.

    An IPv6 address counts as one of any block of IPv4, and what could be an address as one of any
    block of IPv6. A bare number is compared digit by digit, so it counts as well.
    """
    if len(low) > _IPV4_DIGITS:
        return f"regexp_like({value}, '^[0-9a-fA-F:.+-]+$')"
    octets = "".join(_octets(low, high))
    return any_of(
        [
            f"regexp_like({value}, '^{octets}')",
            f"strpos({value}, ':') > 0",
            f"regexp_like({value}, '{_NUMBER}')",
        ]
    )


def _octets(low: str, high: str) -> Iterator[str]:
    for at in range(0, _IPV4_DIGITS, 2):
        first, last = int(low[at : at + 2], 16), int(high[at : at + 2], 16)
        end = "$" if at == _IPV4_DIGITS - 2 else "[.]"
        if first == 0 and last == 0xFF:
            return
        numbers = "|".join(map(str, range(first, last + 1)))
        yield f"0*({numbers}){end}" if first != last else f"0*{numbers}{end}"
        if first != last:
            return
