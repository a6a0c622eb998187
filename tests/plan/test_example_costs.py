"""What an example costs is what it makes: keys, alarms and dashboards are counted in its plan."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.harness.local_aws import REPOSITORY
from tests.harness.plans import Planner
from tests.policy.test_checkov import EXAMPLES, VARIABLES

pytestmark = pytest.mark.plan

COUNTED = {
    r"KMS keys?": "aws_kms_key",
    r"alarms?": "aws_cloudwatch_metric_alarm",
}


# These plans are made for checkov, too.
@pytest.mark.parametrize("name", EXAMPLES)
def test_keys_and_alarms_are_those_of_the_plan(tf: Planner, name: str) -> None:
    plan = tf.plan(Path("examples") / name, VARIABLES.get(name, {}))
    text = (REPOSITORY / "examples" / name / "README.md").read_text(encoding="utf-8")
    for words, kind in COUNTED.items():
        told = re.search(rf"^\| (\d+) {words} \|", text, re.MULTILINE)
        assert (int(told[1]) if told else 0) == len(plan.of_type(kind)), kind
    boards = plan.of_type("aws_cloudwatch_dashboard")
    assert len(boards) == len(re.findall(r"^\| a dashboard ", text, re.MULTILINE))
