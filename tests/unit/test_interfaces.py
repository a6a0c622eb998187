"""The modules' interfaces are those of interfaces.json, and what breaks a caller is told."""

from __future__ import annotations

import copy
import json

import pytest

from scripts import interfaces, release

pytestmark = pytest.mark.unit

RECORDED = json.loads(interfaces.FILE.read_text(encoding="utf-8"))
KEY = "key = optional(object({ id = string }))"
OLD: interfaces.Interfaces = {
    "m": {
        "outputs": {"arn": {}},
        "variables": {
            "name": {"type": "string"},
            "target": {
                "default": "null",
                "type": f"object({{ arn = string, {KEY} }})",
            },
        },
    }
}


def test_the_interfaces_are_those_that_are_recorded() -> None:
    found = interfaces.changes(RECORDED, interfaces.interfaces())
    assert found == [], "run scripts/interfaces.py, and write what is breaking into CHANGELOG.md"
    assert interfaces.FILE.read_text(encoding="utf-8") == interfaces.text(RECORDED)


def test_every_module_and_argument_is_read() -> None:
    assert len(RECORDED) >= 20
    assert RECORDED["trail"]["variables"]["name"] == {"nullable": "false", "type": "string"}
    assert all("type" in v for m in RECORDED.values() for v in m["variables"].values())


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        ("outputs arn", None, "breaking: m: the output arn is gone"),
        ("outputs id", {}, "m: the output id is new"),
        (
            "outputs arn",
            {"sensitive": "true"},
            "breaking: m: the output arn is sensitive, or no longer so",
        ),
        ("variables name", None, "breaking: m: the variable name is gone"),
        ("variables tags", {"type": "string", "default": "{}"}, "m: the variable tags is new"),
        (
            "variables path",
            {"type": "string"},
            "breaking: m: the variable path is new, and required",
        ),
        ("variables name type", "number", "breaking: m: type of name is number, and was string"),
        ("variables name default", '"a"', 'm: default of name is "a", and was not set'),
        (
            "variables name nullable",
            "false",
            "breaking: m: nullable of name is false, and was not set",
        ),
        ("variables target default", "{}", "breaking: m: default of target is {}, and was null"),
    ],
)
def test_a_change_is_told_and_whether_it_can_break_a_caller(
    path: str, value: object, line: str
) -> None:
    new = copy.deepcopy(OLD)
    *folders, last = path.split()
    place: dict[str, object] = new["m"]  # type: ignore[assignment]
    for folder in folders:
        place = place[folder]  # type: ignore[assignment]
    if value is None:
        del place[last]
    else:
        place[last] = value
    assert interfaces.changes(OLD, new) == [line]


@pytest.mark.parametrize(
    ("type_", "breaks"),
    [
        (f"object({{ arn = string, {KEY}, name = optional(string) }})", False),
        (f"object({{ arn = string, id = string, {KEY} }})", True),
        ("object({ arn = string })", True),
        ("object({ arn = string, key = optional(object({ id = number })) })", True),
    ],
)
def test_only_an_attribute_more_that_may_be_left_out_breaks_nobody(
    type_: str, breaks: bool
) -> None:
    new = copy.deepcopy(OLD)
    new["m"]["variables"]["target"]["type"] = type_
    (line,) = interfaces.changes(OLD, new)
    assert line.startswith("breaking: ") == breaks


@pytest.mark.parametrize(
    ("version", "newest", "refused"),
    [
        ("0.1.1", (0, 1, 0), True),
        ("0.2.0", (0, 1, 0), False),
        ("1.0.0", (0, 1, 0), False),
        ("1.3.0", (1, 2, 0), True),
        ("2.0.0", (1, 2, 0), False),
    ],
)
def test_a_version_says_that_it_breaks_callers(
    version: str, newest: tuple[int, ...], refused: bool
) -> None:
    release.check_interfaces(version, newest, ["m: the output id is new"])
    if refused:
        with pytest.raises(release.ReleaseError, match="the output arn is gone"):
            release.check_interfaces(version, newest, ["breaking: m: the output arn is gone"])
    else:
        release.check_interfaces(version, newest, ["breaking: m: the output arn is gone"])
