"""An imported pattern decides as the rule's own YAML does, and what it can't say is refused."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reactor.patterns import EventPattern
from reactor.testing import envelope, record
from sigma.rule import SigmaRule

from tests.unit.sigma.evaluator import holds
from trailctl.replay.catalogue import load_catalogue
from trailctl.sigma.entry import Made, made
from trailctl.sigma.meaning import UnsaidError

pytestmark = pytest.mark.unit


def rule(condition: str = "selection", **detections: Any) -> dict[str, Any]:
    return {
        "title": "Something happened",
        "logsource": {"product": "aws", "service": "cloudtrail"},
        "detection": {**detections, "condition": condition},
    }


def imported(given: dict[str, Any], cased: bool = False) -> Made:
    return made(SigmaRule.from_dict(given), "rule", cased)


def takes(entry: dict[str, Any], event: dict[str, Any]) -> bool:
    return any(EventPattern(json.dumps(p)).matches(event) for p in entry["patterns"].values())


# ---- made-up rules over made-up records

_TEXTS = ["a", "A", "aB", "ab", "b", "ba", "true", "22", "", "10.0.0.1", "a*b"]
_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "eventName": st.sampled_from(["a", "aB", "ab", "b", "BA"]),
    "userAgent": st.sampled_from([t for t in _TEXTS if t]),
    "errorCode": st.sampled_from(["a", "Ab", "b"]),
    "readOnly": st.booleans(),
    "sourceIPAddress": st.sampled_from(["10.0.0.1", "10.1.0.1", "2001:db8::1", "AWS Internal"]),
    "userIdentity.type": st.sampled_from(["a", "A", "b"]),
}
_ASKED = [
    *_FIELDS,
    *("requestParameters.x", "requestParameters.y", "requestParameters.list.p"),
    *("requestParameters.list.q", "responseElements.none"),
]
_LOOSE = st.one_of(
    st.sampled_from(_TEXTS), st.booleans(), st.none(), st.sampled_from([1, 22, 0, 2.5])
)
_REQUEST = st.fixed_dictionaries(
    {},
    optional={
        "x": st.one_of(_LOOSE, st.lists(_LOOSE, max_size=3)),
        "y": _LOOSE,
        "list": st.lists(
            st.fixed_dictionaries({}, optional={"p": _LOOSE, "q": _LOOSE}), max_size=3
        ),
    },
)


@st.composite
def records(draw: st.DrawFn) -> dict[str, Any]:
    made = record("s3.amazonaws.com", draw(_FIELDS["eventName"]), request=draw(_REQUEST))
    del made["userAgent"]
    for field in ("userAgent", "errorCode", "readOnly", "sourceIPAddress"):
        if draw(st.booleans()):
            made[field] = draw(_FIELDS[field])
    if draw(st.booleans()):
        made["userIdentity"]["type"] = draw(_FIELDS["userIdentity.type"])
    return made


@st.composite
def items(draw: st.DrawFn) -> tuple[str, Any]:
    field = draw(st.sampled_from(_ASKED))
    kind = draw(st.sampled_from(["", "", "", "startswith", "endswith", "contains", "number"]))
    cased = draw(st.sampled_from(["", "", "|cased"]))
    values = st.sampled_from(["a", "A", "b", "aB", "true", "22", "10.0.0.1", "*", "a*", "*b", "1"])
    if kind == "number":
        sign = draw(st.sampled_from(["|lt", "|lte", "|gt", "|gte", "|exists", "|cidr", ""]))
        value = draw(st.sampled_from([1, 22, 2.5, 0]))
        if sign == "|exists":
            return field + sign, draw(st.booleans())
        if sign == "|cidr":
            return field + sign, draw(st.sampled_from(["10.0.0.0/16", "10.0.0.0/8"]))
        return field + sign, value
    if kind:
        texts = draw(st.lists(values.filter(lambda v: "*" not in v), min_size=1, max_size=2))
        return f"{field}|{kind}{cased}{draw(st.sampled_from(['', '', '|all']))}", texts
    plain = st.one_of(values, st.booleans(), st.none(), st.sampled_from([1, 22]))
    if cased:
        return field + cased, draw(st.lists(values, min_size=1, max_size=2))
    return field, draw(st.one_of(plain, st.lists(plain, min_size=1, max_size=3)))


_CONDITIONS = [
    "s1",
    "s1 and s2",
    "s1 or s2",
    "s1 and not s2",
    "not s1",
    "not (s1 or s2) and s3",
    "1 of s* and not s3",
    "all of s*",
    "s1 and (s2 or not s3)",
    "1 of them",
]


@st.composite
def made_up(draw: st.DrawFn) -> dict[str, Any]:
    found = {}
    for name in ("s1", "s2", "s3"):
        body = dict(draw(st.lists(items(), min_size=1, max_size=2)))
        found[name] = [body, dict([draw(items())])] if draw(st.integers(0, 4)) == 0 else body
    return rule(draw(st.sampled_from(_CONDITIONS)), **found)


_SAID = {"imported": 0, "refused": 0, "true": 0}


@settings(max_examples=60, deadline=None)
@given(given=made_up(), logged=st.lists(records(), min_size=6, max_size=6))
def test_a_pattern_decides_as_the_rule(given: dict[str, Any], logged: list[dict[str, Any]]) -> None:
    try:
        entry = imported(given).entry
    except UnsaidError:
        _SAID["refused"] += 1
        return
    _SAID["imported"] += 1
    for one in logged:
        meant = holds(given, one)
        _SAID["true"] += meant
        assert takes(entry, envelope(one)) is meant, (given["detection"], entry["patterns"], one)


def test_enough_of_them_were_imported_and_held() -> None:
    """The test before says nothing if all is refused or nothing ever matches."""
    if sum(_SAID.values()):
        assert _SAID["imported"] > 3  # of 60; chance has given 7
        assert _SAID["true"] > 1


# ---- every kind of test, alone and negated, over every kind of value

FORMS: list[tuple[str, Any]] = [
    *(("", value) for value in ("a", "A", "aB", "true", "22", "10.0.0.1", "*", "a*", "*b")),
    *(("", value) for value in (None, True, False, 22, 2.5, ["a", None], ["a", "B", 22])),
    *(("|cased", value) for value in ("a", "aB", "10.0.0.1", "*a*", ["a", "B"], ["a", "b*"])),
    *((f"|{where}", "a") for where in ("startswith", "endswith")),
    *((f"|{where}|cased", "B") for where in ("startswith", "endswith", "contains")),
    *(("|contains", "2"), ("|contains", ["0.0", "22"]), ("|exists", True), ("|exists", False)),
    *((f"|{sign}", 22) for sign in ("lt", "lte", "gt", "gte")),
    *(("|cidr", "10.0.0.0/16"), ("|cidr", "2001:db8::/32")),
]
_PLACES = ("userAgent", "errorCode", "readOnly", "sourceIPAddress", "userIdentity.type")
_LOOSE_PLACES = ("requestParameters.x", "requestParameters.list.p")
_VALUES: list[Any] = [
    *("a", "A", "aB", "Ab", "b", "B", "ba", "true", "22", "2.5", "", "10.0.0.1", "10.0.0.01"),
    *("10.1.0.1", "2001:db8::1", "2001:DB8::1", "a*b", "xay", "xBy"),
]
_LOOSE_VALUES: list[Any] = [
    *_VALUES,
    True,
    False,
    None,
    1,
    22,
    22.0,
    2.5,
    23,
    [],
    ["a", "c"],
    [None],
]


def logged(field: str) -> list[dict[str, Any]]:
    """Records with each value in the field, and without the field."""
    found = [record("s3.amazonaws.com", "PutObject", request={})]
    values = [True, False] if field == "readOnly" else _VALUES
    for value in values if field in _PLACES else _LOOSE_VALUES:
        one = record("s3.amazonaws.com", "PutObject", request={"x": value, "list": [{"p": value}]})
        if field == "userIdentity.type":
            one["userIdentity"]["type"] = value
        elif field in _PLACES:
            one[field] = value
        found.append(one)
    for name in (field, "userAgent") if field in _PLACES else ():
        found[0].pop(name, None)
    return found


@pytest.mark.parametrize("condition", ["selection", "not selection"])
@pytest.mark.parametrize("field", [*_PLACES, *_LOOSE_PLACES])
def test_every_form(field: str, condition: str) -> None:
    records = logged(field)
    said = 0
    for modifiers, value in FORMS:
        given = rule(condition, selection={f"{field}{modifiers}": value})
        try:
            entry = imported(given).entry
        except UnsaidError:
            continue
        said += 1
        patterns = [EventPattern(json.dumps(pattern)) for pattern in entry["patterns"].values()]
        for one in records:
            if "cidr" in modifiers and "10.0.0.01" in json.dumps(one):
                continue  # EventBridge takes it for an address; no record has one spelled so
            got = any(pattern.matches(envelope(one)) for pattern in patterns)
            assert got is holds(given, one), (given["detection"], entry["patterns"], one)
    assert said > (2 if condition == "not selection" else 20)


# ---- the words that a pattern has for it

ABSENT = {"exists": False}
SAID: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"eventName": "ABC"}, {"eventName": [{"equals-ignore-case": "ABC"}]}),
    ({"eventName|cased": ["Abc", "Abd"]}, {"eventName": ["Abc", "Abd"]}),
    # AWS writes a service's name in lower case.
    ({"eventSource": "S3.amazonaws.com"}, {"eventSource": ["s3.amazonaws.com"]}),
    ({"errorCode": None}, {"errorCode": [ABSENT]}),
    (
        {"requestParameters.a": "true"},
        {"requestParameters": {"a": [{"equals-ignore-case": "true"}, True]}},
    ),
    (
        {"requestParameters.a": 22},
        {"requestParameters": {"a": [22, {"equals-ignore-case": "22"}]}},
    ),
    ({"requestParameters.a|gt": 22}, {"requestParameters": {"a": [{"numeric": [">", 22]}]}}),
    (
        {"userAgent|startswith": "Aws-cli"},
        {"userAgent": [{"prefix": {"equals-ignore-case": "Aws-cli"}}]},
    ),
    ({"userAgent|contains|cased": "Boto"}, {"userAgent": [{"wildcard": "*Boto*"}]}),
    ({"userAgent|contains": "1.2"}, {"userAgent": [{"wildcard": "*1.2*"}]}),
    ({"sourceIPAddress|cidr": "10.0.0.0/8"}, {"sourceIPAddress": [{"cidr": "10.0.0.0/8"}]}),
    # An exact address of EventBridge takes all its spellings.
    ({"sourceIPAddress": "10.0.0.1"}, {"sourceIPAddress": [{"wildcard": "10.0.0.1"}]}),
    ({"errorMessage": "*"}, {"errorMessage": [{"exists": True}]}),
]


@pytest.mark.parametrize(("selection", "detail"), SAID, ids=[str(given) for given, _ in SAID])
def test_words(selection: dict[str, Any], detail: dict[str, Any]) -> None:
    entry = imported(rule(selection=selection)).entry
    assert entry["patterns"]["main"] == {
        "source": [{"prefix": "aws."}],
        "detail-type": [{"suffix": " via CloudTrail"}],
        "detail": detail,
    }


NOT: list[tuple[dict[str, Any], list[Any]]] = [
    ({"userAgent": "A"}, [{"anything-but": {"equals-ignore-case": ["A"]}}, ABSENT]),
    ({"userAgent|cased": ["A", "B"]}, [{"anything-but": ["A", "B"]}, ABSENT]),
    ({"userAgent|startswith|cased": "A"}, [{"anything-but": {"prefix": ["A"]}}, ABSENT]),
    ({"userAgent|contains|cased": "A"}, [{"anything-but": {"wildcard": ["*A*"]}}, ABSENT]),
    ({"userAgent": None}, [{"exists": True}]),
    ({"userAgent|exists": True}, [ABSENT]),
]


@pytest.mark.parametrize(("selection", "said"), NOT, ids=[str(given) for given, _ in NOT])
def test_words_of_a_negation(selection: dict[str, Any], said: list[Any]) -> None:
    entry = imported(rule("not selection", selection=selection)).entry
    assert entry["patterns"]["main"]["detail"] == {"userAgent": said}


def test_different_fields_are_either_or() -> None:
    given = rule("source and 1 of s_*", source={"eventSource": "sts.amazonaws.com"})
    given["detection"] |= {"s_1": {"eventName": "A1"}, "s_2": {"errorCode": "B1"}}
    assert imported(given).entry["patterns"]["main"]["detail"] == {
        "eventSource": ["sts.amazonaws.com"],
        "$or": [
            {"eventName": [{"equals-ignore-case": "A1"}]},
            {"errorCode": [{"equals-ignore-case": "B1"}]},
        ],
    }


def test_what_is_too_long_for_a_pattern_is_split() -> None:
    names = [{"eventName": f"A{n:02}", "errorCode": f"E{n:02}"} for n in range(40)]
    given = rule(selection=names)
    patterns = imported(given).entry["patterns"]
    assert list(patterns) == ["main", "part2"]
    assert all(len(json.dumps(p, separators=(",", ":"))) < 2048 for p in patterns.values())
    for n, failed in itertools.product((0, 21, 39), (True, False)):
        one = record("s3.amazonaws.com", f"A{n:02}", error=f"E{n:02}" if failed else "E99")
        assert takes({"patterns": patterns}, envelope(one)) is holds(given, one) is failed


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("selection", {"userIdentity.arn|re": ".*"}, "regular expression"),
    ("selection", {"userAgent|contains": "boto"}, "inner text in any case"),
    ("not selection", {"userAgent|startswith": "boto"}, "negated text in any case"),
    ("not selection", {"requestParameters.a": "x"}, "negation of what may be a list"),
    ("not selection", {"sourceIPAddress|cidr": "10.0.0.0/8"}, "negation"),
    ("selection", {"requestParameters|contains": "x"}, "text of an object"),
    ("selection", {"status": "success"}, "unknown field"),
    ("selection", {"userIdentity.arn|fieldref": "requestParameters.x"}, "field compared"),
    ("selection", {"userAgent|expand": "%agents%"}, "placeholder"),
    ("selection", {"userAgent": "a?b"}, "one character"),
    ("selection", {"userAgent|contains|all|cased": ["a", "b"]}, "two tests of one field"),
    (
        "selection",
        {"requestParameters.a.b": "x", "requestParameters.a.c": "y"},
        "fields of one list",
    ),
    ("selection and not selection", {"eventName": "A"}, "contradiction"),
    ("selection", {"eventTime|hour": 3}, "time"),
    ("selection", {"userAgent": "é"}, "letters"),
]


@pytest.mark.parametrize(
    ("condition", "selection", "kind"), REFUSED, ids=[kind for *_, kind in REFUSED]
)
def test_what_a_pattern_cant_say_is_refused(
    condition: str, selection: dict[str, Any], kind: str
) -> None:
    with pytest.raises(UnsaidError) as refused:
        imported(rule(condition, selection=selection))
    assert refused.value.kind.startswith(kind)
    assert str(refused.value)


def test_words_of_the_whole_record_are_refused() -> None:
    given = rule("words", words=["AccessDenied", "Unauthorized"])
    with pytest.raises(UnsaidError) as refused:
        imported(given)
    assert refused.value.kind == "keyword"


def test_the_old_count_is_refused() -> None:
    given = rule("selection | count() > 5", selection={"eventName": "A"})
    with pytest.raises(UnsaidError) as refused:
        imported(given)
    assert "deprecated" in str(refused.value)


def test_another_log_is_refused() -> None:
    given = rule(selection={"eventName": "A"})
    given["logsource"] = {"product": "aws", "service": "vpcflow"}
    with pytest.raises(UnsaidError) as refused:
        imported(given)
    assert str(refused.value) == "its log is aws/vpcflow, not aws/cloudtrail"


def test_as_written() -> None:
    """`--cased`: what a person decides stands in the entry."""
    given = rule("selection and not other", selection={"userAgent|contains": "Boto"})
    given["detection"]["other"] = {"eventName|endswith": "Tags"}
    entry = imported(given, cased=True).entry
    assert entry["source"]["read_as"] == "cased"
    assert entry["patterns"]["main"]["detail"] == {
        "userAgent": [{"wildcard": "*Boto*"}],
        "eventName": [{"anything-but": {"suffix": ["Tags"]}}, ABSENT],
    }


# ---- over the catalogue's samples

LIKE_PUBLIC_ONES = [
    rule(
        "selection and not 1 of filter_*",
        selection={"eventSource": "iam.amazonaws.com", "eventName|startswith": "Create"},
        filter_failed={"errorCode|exists": True},
    ),
    rule(
        "1 of selection_*",
        selection_root={"userIdentity.type": "Root"},
        selection_mfa={"eventName": "consolelogin", "additionalEventData.MFAUsed": "NO"},
    ),
    rule(
        "selection and (none or denied)",
        selection={"eventSource": ["s3.amazonaws.com", "ec2.amazonaws.com"]},
        none={"errorCode": None},
        denied={"errorCode|endswith": "denied"},
    ),
    rule(selection={"readOnly": "true"}),
    rule("not selection", selection={"readOnly": True}),
]


@pytest.mark.parametrize("given", LIKE_PUBLIC_ONES, ids=[str(n) for n in range(5)])
def test_over_the_samples_of_the_catalogue(given: dict[str, Any]) -> None:
    entry = imported(given).entry
    seen = set()
    for each in load_catalogue().values():
        for sample in (*each.samples.match, *each.samples.no_match):
            meant = holds(given, sample.event["detail"])
            if sample.event["source"].startswith("aws."):
                assert takes(entry, sample.event) is meant, (each.id, sample.case)
                seen.add(meant)
    assert seen == {True, False}
