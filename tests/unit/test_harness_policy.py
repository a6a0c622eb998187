"""Plans as the policy tools are given them."""

from __future__ import annotations

from typing import Any

import pytest

from policy.audit import UNKNOWN, readable
from tests.harness.policy import with_value, without

pytestmark = pytest.mark.unit


def plan() -> dict[str, Any]:
    known = {"name": "a", "rule": [{"key": None, "size": 1}, {"size": 2}], "tags": None}
    return {
        "planned_values": {
            "root_module": {
                "child_modules": [
                    {"resources": [{"address": "module.m.t.x", "type": "t", "values": dict(known)}]}
                ]
            }
        },
        "resource_changes": [
            {
                "address": "module.m.t.x",
                "type": "t",
                "change": {
                    "after": dict(known),
                    "after_unknown": {"arn": True, "rule": [{"key": True}, {}], "tags": {}},
                },
            }
        ],
        "configuration": {
            "root_module": {
                "module_calls": {
                    "m": {
                        "module": {
                            "resources": [{"type": "t", "expressions": {"name": {}, "rule": {}}}]
                        }
                    }
                }
            }
        },
    }


def test_unknown_values_are_filled_in_and_known_ones_kept() -> None:
    given = plan()
    after = readable(given)["resource_changes"][0]["change"]["after"]
    assert after["arn"] == UNKNOWN
    assert after["rule"] == [{"key": UNKNOWN, "size": 1}, {"size": 2}]
    assert after["name"] == "a"
    assert given == plan()  # the given one is left as it was


def test_references_stay_where_a_feature_asks_for_them() -> None:
    given = plan()
    resources = given["configuration"]["root_module"]["module_calls"]["m"]["module"]["resources"]
    asked = "aws_lambda_function_event_invoke_config"
    resources.append({"type": asked, "expressions": {"function_name": {}}})
    call = readable(given)["configuration"]["root_module"]["module_calls"]["m"]
    left = {one["type"]: one["expressions"] for one in call["module"]["resources"]}
    assert left == {"t": {}, asked: {"function_name": {}}}


def test_a_changed_value_is_changed_wherever_a_tool_may_look() -> None:
    changed = with_value(plan(), "t", "rule", [])
    assert changed["resource_changes"][0]["change"]["after"]["rule"] == []
    assert "rule" not in changed["resource_changes"][0]["change"]["after_unknown"]
    assert "'rule': [{" not in str(changed)
    module = changed["configuration"]["root_module"]["module_calls"]["m"]["module"]
    assert module["resources"][0]["expressions"] == {"name": {}}
    with pytest.raises(AssertionError, match="the plan has no u"):
        with_value(plan(), "u", "rule", [])


def test_a_type_is_taken_out_whole() -> None:
    assert "'t'" not in str(without(plan(), "t"))
