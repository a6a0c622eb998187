"""The examples of reactions: planned as they stand, short, in dry_run, with what they bring."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from tests.harness.local_aws import REPOSITORY
from tests.harness.plans import Planner

pytestmark = pytest.mark.plan

# One has tests of its own, and one has many rules (below).
APART = {"detections", "ec2-launch-monitor"}
EXAMPLES = sorted(
    path.parent.name
    for path in (REPOSITORY / "examples").glob("*/variables.tf")
    if 'variable "mode"' in path.read_text(encoding="utf-8") and path.parent.name not in APART
)


def test_the_examples_are_found() -> None:
    assert {"own-reaction", "trail-guard"} <= {*EXAMPLES}


@pytest.mark.parametrize("name", EXAMPLES)
def test_it_needs_nothing_set_and_starts_in_dry_run(tf: Planner, name: str) -> None:
    plan = tf.plan(Path("examples") / name)
    assert plan.warnings == ()
    actions = {c["change"]["actions"][0] for c in plan.resource_changes.values()}
    assert actions <= {"create", "read"}
    settings = json.loads(json.dumps(plan.json["variables"]))
    assert settings["mode"]["value"] == "dry_run"
    assert plan.one("aws_lambda_function")["function_name"] == f"{name}-guard"
    assert plan.one("aws_cloudtrail")["name"] == name
    assert len(plan.of_type("aws_cloudwatch_event_target")) == 1


@pytest.mark.parametrize("name", EXAMPLES)
def test_it_is_short(name: str) -> None:
    text = (REPOSITORY / "examples" / name / "main.tf").read_text(encoding="utf-8")
    assert len(text.splitlines()) < 90


def test_the_zip_of_ones_own_handler_is_its_source() -> None:
    folder = REPOSITORY / "examples" / "own-reaction"
    with zipfile.ZipFile(folder / "own_reaction.zip") as archive:
        assert archive.namelist() == ["own_reaction.py"]
        packed = archive.read("own_reaction.py").decode()
    assert packed == (folder / "own_reaction.py").read_text(encoding="utf-8")


def test_the_catalogue_goes_to_one_function(tf: Planner) -> None:
    """Every rule of the severity hands its definition over, and nothing waits."""
    plan = tf.plan(Path("examples/detections"))
    assert plan.warnings == ()
    targets = plan.of_type("aws_cloudwatch_event_target")
    assert len(targets) > 80
    for target in targets.values():
        (transformer,) = target["input_transformer"]
        assert transformer["input_template"].startswith('{"detection":{')
        assert transformer["input_template"].endswith(',"event":<aws.events.event.json>}')
    assert plan.one("aws_lambda_function")["function_name"] == "detections-notify"
    assert plan.json["variables"]["mode"]["value"] == "dry_run"
    assert len(plan.json["planned_values"]["outputs"]["sequences"]["value"]) >= 8
