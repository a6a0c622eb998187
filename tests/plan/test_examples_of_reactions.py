"""The examples of reactions: planned as they stand, short, in dry_run, with what they bring."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import pytest

from tests.harness.local_aws import REPOSITORY
from tests.harness.plans import Planner

pytestmark = pytest.mark.plan

EXAMPLES = ["bucket-baseline", "ec2-cost-guard", "iam-role-guard", "own-reaction", "trail-guard"]


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
def test_it_is_short_and_its_readme_tells_its_variables(name: str) -> None:
    folder = REPOSITORY / "examples" / name
    assert len((folder / "main.tf").read_text(encoding="utf-8").splitlines()) < 90
    text = (folder / "variables.tf").read_text(encoding="utf-8")
    readme = (folder / "README.md").read_text(encoding="utf-8")
    for variable in re.findall(r'^variable "(\w+)"', text, re.MULTILINE):
        assert f"| `{variable}` |" in readme


def test_the_zip_of_ones_own_handler_is_its_source() -> None:
    folder = REPOSITORY / "examples" / "own-reaction"
    with zipfile.ZipFile(folder / "own_reaction.zip") as archive:
        assert archive.namelist() == ["own_reaction.py"]
        packed = archive.read("own_reaction.py").decode()
    assert packed == (folder / "own_reaction.py").read_text(encoding="utf-8")
