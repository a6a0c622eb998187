"""A guard's findings in Security Hub, an alert's in a queue, and what an undo makes of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.reactions.cases import CASES, Case, group
from tests.e2e.reactions.world import World
from tests.harness.mail import bodies
from tests.judges.test_findings import faults_of_asff, faults_of_ocsf
from trailctl.cli import main

pytestmark = pytest.mark.e2e


def of(name: str) -> Any:
    return pytest.mark.parametrize(
        "case", [pytest.param(CASES[name], marks=group(name))], ids=[name]
    )


@of("security-group-guard")
def test_an_alert_is_in_security_hub_and_the_undo_is_noted_there(
    case: Case, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the command that the mail gives, as somebody who copies it."""
    hub = world.root("securityhub")
    known = {each["Id"] for each in hub.get_findings()["Findings"]}
    resource = case.provoke(world)
    world.settled()
    (found,) = [each for each in hub.get_findings()["Findings"] if each["Id"] not in known]
    assert faults_of_asff({k: v for k, v in found.items() if k != "Workflow"}) == []
    assert found["Workflow"] == {"Status": "NEW"}
    assert (found["RecordState"], found["Severity"]["Label"]) == ("ACTIVE", "HIGH")
    assert found["ProductFields"]["cloudtrail-reactor/disposition"] == "corrected"
    ((_, text),) = world.alerts()
    command = text.rstrip().splitlines()[-1].split()
    assert command[:2] == ["trailctl", "undo"]
    for name, value in world.stack.aws.environment(account=world.stack.account).items():
        monkeypatch.setenv(name, value)
    with world.deaf():
        assert main([*command[1:], "--yes"]) == 0
    assert not case.acted(world, resource)
    (noted,) = hub.get_findings(Filters={"Id": [{"Value": found["Id"], "Comparison": "EQUALS"}]})[
        "Findings"
    ]
    assert "took back: revoke the rule" in noted["Note"]["Text"]


@of("notify")
def test_an_alert_is_an_ocsf_event_in_a_queue(case: Case, world: World) -> None:
    sqs = world.root("sqs")
    url = sqs.get_queue_url(QueueName="siem")["QueueUrl"]
    bodies(sqs, url)
    case.provoke(world)
    world.settled()
    (found,) = bodies(sqs, url)
    assert faults_of_ocsf(found) == []
    assert found["finding_info"]["title"].startswith("an access key was made")
    assert found["evidences"][0]["actor"]["user"]["name"] == "ana"
    assert found["disposition"] == "Detected"
