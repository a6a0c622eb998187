"""Findings on their way: once each, updated and never lost, whatever fails and whoever forges."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import boto3
import botocore.client
import pytest
from reactor.reaction import Reaction
from reactor.reactions import ec2_launch_guard, notify
from reactor.settings import Deployment, SettingsError
from reactor.testing import user

from tests.attacks.conftest import Later
from tests.attacks.test_windows import attach
from tests.judges.test_findings import faults_of_asff, faults_of_ocsf
from tests.unit.reactor.sample_reaction import Make, event, names, sent, watched
from tests.unit.reactor.world import ACCOUNT, REGION, Context, envelope, launch
from trailctl.cli import main

pytestmark = pytest.mark.unit

React = Callable[..., Reaction[Any]]
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:siem"
HUB = f"arn:aws:securityhub:{REGION}:{ACCOUNT}:hub/default"
UUID = "1a8e25cb-458c-4ec3-89db-50732e95757f"


@pytest.fixture
def queue(aws: None, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[dict[str, Any]]]:
    """The OCSF events that came into a queue, each valid."""
    monkeypatch.setenv("REACTION_FINDINGS", QUEUE)
    url = boto3.client("sqs").create_queue(QueueName="siem")["QueueUrl"]

    def came() -> list[dict[str, Any]]:
        sqs, found = boto3.client("sqs"), []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for each in messages:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
                found.append(json.loads(each["Body"]))
                assert faults_of_ocsf(found[-1]) == []
        return found

    return came


def in_hub() -> list[dict[str, Any]]:
    found: Any = boto3.client("securityhub").get_findings()["Findings"]
    assert [faults_of_asff(each) for each in found] == [[]] * len(found)
    return list(found)


def test_an_alert_is_a_finding_and_what_was_done_is_in_it(make: Make) -> None:
    reaction = make(REACTION_FINDINGS=HUB)
    with watched() as calls:
        for _ in range(3):
            reaction(event(), Context())
    assert names(calls) == ["PutParameter", "Publish"]
    (found,) = in_hub()
    assert (
        found["ProductArn"] == f"arn:aws:securityhub:{REGION}:{ACCOUNT}:product/{ACCOUNT}/default"
    )
    assert found["ProductFields"]["cloudtrail-reactor/disposition"] == "corrected"
    assert found["Description"] == f"{sent()[0][1].splitlines()[0]}"


def test_without_a_topic_the_finding_is_what_is_sent(make: Make) -> None:
    answer = make(REACTION_FINDINGS=HUB, ALERT_TOPIC_ARN="")(event(), Context())
    assert (answer["taken"], answer["alerts"]) == (1, 1)
    assert len(in_hub()) == 1


def test_in_dry_run_there_is_none(make: Make) -> None:
    reaction = make(REACTION_FINDINGS=HUB, REACTION_MODE="dry_run")
    with watched() as calls:
        reaction(event(), Context())
    assert names(calls) == []


def test_one_that_can_not_be_delivered_fails_the_run_and_nothing_is_done_twice(make: Make) -> None:
    """As with an alert: Lambda tries again, and in the end the failure queue has the event."""
    reaction = make(REACTION_FINDINGS=HUB)
    failing = {"BatchImportFindings": ["InvalidAccessException", "InvalidAccessException", ""]}
    with watched(failing) as calls:
        for _ in range(2):
            with pytest.raises(Exception, match=r"send the finding: .*InvalidAccessException"):
                reaction(event(), Context())
        answer = reaction(event(), Context())
    assert answer["taken"] == 0
    assert names(calls).count("PutParameter") == names(calls).count("Publish") == 1
    (found,) = in_hub()
    assert found["ProductFields"]["cloudtrail-reactor/disposition"] == "corrected"


def test_throttling_is_waited_for(make: Make) -> None:
    with watched({"BatchImportFindings": ["ThrottlingException", "LimitExceededException", ""]}):
        make(REACTION_FINDINGS=HUB)(event(), Context())
    assert len(in_hub()) == 1


@pytest.mark.parametrize("target", ["securityhub", "events"])
def test_a_part_that_failed_is_no_success(
    target: str, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both answer 200 and say in the body that they did not take it."""
    client: Any = botocore.client.BaseClient
    original = client._make_api_call
    refused = {"ErrorCode": "InvalidInput", "ErrorMessage": "no"}
    answers = {
        "BatchImportFindings": {"FailedCount": 1, "FailedFindings": [{"Id": "x", **refused}]},
        "PutEvents": {"FailedEntryCount": 1, "Entries": [refused]},
    }

    def call(self: Any, operation: str, parameters: Any) -> Any:
        return answers.get(operation) or original(self, operation, parameters)

    monkeypatch.setattr(client, "_make_api_call", call)
    arn = HUB if target == "securityhub" else f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/siem"
    with pytest.raises(Exception, match=r"send the finding: .* refused it: InvalidInput no"):
        make(REACTION_FINDINGS=arn)(event(), Context())


def test_what_the_budget_held_back_updates_the_finding(
    later: Later,
    react: React,
    queue: Callable[[], list[dict[str, Any]]],
    run_instances: Callable[..., list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    later.prepare(monkeypatch, "ec2-launch-guard")
    monkeypatch.setenv("REACTION_BUDGET", "4")
    guard = react(ec2_launch_guard, alert_instance_types=["p4d.*"], stop_flagged=True)
    ids = run_instances(6, InstanceType="p4d.24xlarge")
    guard(envelope(launch(ids, "p4d.24xlarge", user("eve"), eventID=UUID)), Context())
    first, *budgets = sorted(queue(), key=lambda each: "spent" in each["finding_info"]["title"])
    assert {"spent its budget" in each["finding_info"]["title"] for each in budgets} == {True}
    for _ in range(3):
        later.come(guard)
    updates = [
        each for each in queue() if each["finding_info"]["uid"] == first["finding_info"]["uid"]
    ]
    assert (first["activity_name"], first["disposition"]) == ("Create", "Partially Corrected")
    assert {each["activity_name"] for each in updates} == {"Update"}
    assert updates[-1]["disposition"] == "Corrected"
    created = {each["finding_info"]["created_time"] for each in [first, *updates]}
    assert len(created) == 1


def test_the_same_alert_in_a_window_is_one_finding_that_counts(
    later: Later,
    react: React,
    queue: Callable[[], list[dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    later.prepare(monkeypatch, "notify")
    handler = react(notify, "notify", title="a policy was attached", severity="high")
    for n in range(9):
        handler(attach("A", at=f"12:00:0{n}"), Context())
    found = queue()
    assert len({each["finding_info"]["uid"] for each in found}) == 1
    assert [each["count"] for each in found] == [1, 2, 4, 8]  # an update costs money
    assert [each["activity_id"] for each in found] == [1, 2, 2, 2]
    last = found[-1]
    assert last["end_time"] - last["start_time"] == 7000
    # Another key is another finding; a copy of an event is none.
    copy = attach("B")
    for _ in range(3):
        handler(copy, Context())
    (other,) = queue()
    assert other["finding_info"]["uid"] != last["finding_info"]["uid"]
    assert other["count"] == 1


def test_a_caller_with_many_targets_makes_no_flood_of_findings(
    later: Later,
    react: React,
    queue: Callable[[], list[dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    later.prepare(monkeypatch, "notify")
    handler = react(notify, "notify", severity="high")
    for n in range(14):
        for _ in range(2):
            handler(attach("A", f"role-{n}"), Context())
    assert len(queue()) == 10 * 2  # each once, and once more for its second event
    later.come(handler)
    (rest,) = queue()
    assert "18 more alerts" in rest["finding_info"]["title"]


def test_a_made_up_event_updates_nobody_elses_finding(
    make: Make, queue: Callable[[], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has the id of a true one, and says that all is well."""
    reaction = make(REACTION_FINDINGS=QUEUE)
    true = event()
    reaction(true, Context())
    forged = json.loads(json.dumps(true))
    forged["detail"]["userIdentity"] = user("eve")
    reaction(forged, Context())
    mine = {**true, "source": "mine.ec2"}  # whoever puts it on the bus can't say aws.ec2
    reaction(mine, Context())
    found = queue()
    assert len(found) == len({each["finding_info"]["uid"] for each in found})
    assert {each["activity_name"] for each in found} == {"Create"}


def test_the_audit_record_says_which_finding_an_undo_updates(
    make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    make(REACTION_FINDINGS=HUB)(event(), Context())
    lines = [
        json.loads(each) for each in capsys.readouterr().out.splitlines() if '"action"' in each
    ]
    (record,) = (each["action"] for each in lines if each["message"] == "action taken")
    (found,) = in_hub()
    assert record["finding"] == {
        "uid": found["Id"],
        "target": HUB,
        "title": found["Title"],
        "severity": "high",
    }


@pytest.mark.parametrize(
    "arn",
    [
        "siem",
        f"arn:aws:s3:::{ACCOUNT}",
        f"arn:aws:sns:{REGION}:{ACCOUNT}:siem",
        f"arn:aws:securityhub:{REGION}:{ACCOUNT}:product/{ACCOUNT}/default",
        f"arn:aws:sqs:{REGION}:{ACCOUNT}:",
        f"{QUEUE} ",
        f"{QUEUE}\n",
    ],
)
def test_a_target_that_is_none_is_refused(arn: str) -> None:
    with pytest.raises(SettingsError, match="is no target of findings"):
        Deployment.from_environment({"REACTION_FINDINGS": arn}, "guard")


# ---- and the undo


def undone(record: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> int:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(record)))
    return main(["undo", "-", "--allow", "ssm.delete_parameter", "--yes"])


def audited(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    lines = [
        json.loads(each) for each in capsys.readouterr().out.splitlines() if '"action"' in each
    ]
    return dict(next(each["action"] for each in lines if each["message"] == "action taken"))


def test_an_undo_updates_the_finding_in_a_queue(
    make: Make,
    queue: Callable[[], list[dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    make(REACTION_FINDINGS=QUEUE)(event(), Context())
    assert undone(audited(capsys), monkeypatch) == 0
    first, update = queue()
    assert update["finding_info"]["uid"] == first["finding_info"]["uid"]
    assert (update["activity_name"], update["status"]) == ("Update", "In Progress")
    assert (update["disposition"], update["action"]) == ("Uncorrected", "Allowed")
    assert "took back: set /a" in update["message"]
    assert f"finding updated in {QUEUE}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"target": f"arn:aws:sqs:{REGION}:999999999999:siem"}, "it is of another account"),
        ({"target": "arn:aws:s3:::siem"}, "its target is none"),
        ({"uid": "arn:aws:securityhub:eu-west-1::product/aws/guardduty/x"}, "none of this project"),
        ({"uid": f"cloudtrail-reactor/{'0' * 63}\n"}, "none of this project"),
    ],
)
def test_a_forged_record_writes_nowhere_else(
    change: dict[str, str],
    told: str,
    make: Make,
    queue: Callable[[], list[dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    make(REACTION_FINDINGS=QUEUE)(event(), Context())
    record = audited(capsys)
    record["finding"].update(change)
    # Of another account may be a hub's finding: that is no failure.
    assert undone(record, monkeypatch) == (0 if "another account" in told else 1)
    said = capsys.readouterr()
    assert told in said.out + said.err
    assert "done" in said.out  # the action itself is taken back
    assert len(queue()) == 1
