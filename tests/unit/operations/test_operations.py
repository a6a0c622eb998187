"""trailctl redrive sends kept events again; trailctl undo takes actions back."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from trailctl.cli import main
from trailctl.errors import CheckError, UsageError
from trailctl.redrive import read, redrive
from trailctl.undo import from_text

pytestmark = pytest.mark.unit

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:guard"
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:failures"
RULE = "arn:aws:events:eu-west-1:123456789012:rule/launches"
EVENT = {"detail": {"eventName": "RunInstances"}}
FAILED = {
    "requestContext": {"functionArn": f"{ARN}:$LATEST", "condition": "RetriesExhausted"},
    "requestPayload": EVENT,
    "responsePayload": {"errorMessage": "it broke"},
}
RECORD = {
    "id": "e-1/ssm.put_parameter//a",
    "status": "taken",
    "summary": "set /a",
    "reaction": "guard",
    "time": "2026-01-01T00:00:00Z",
    "service": "ssm",
    "operation": "put_parameter",
    "account": "123456789012",
    "region": "eu-west-1",
    "undo": {
        "service": "ssm",
        "operation": "delete_parameter",
        "parameters": {"Name": "/a"},
        "command": "aws ssm delete-parameter ...",
    },
}

ALLOWED = ("--allow", "ssm.delete_parameter")  # an action of a reaction of one's own


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "testing"),
        ("AWS_SECRET_ACCESS_KEY", "testing"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_DEFAULT_REGION", "eu-west-1"),
    ):
        monkeypatch.setenv(name, value)
    with mock_aws():
        yield str(boto3.client("sqs").create_queue(QueueName="failures")["QueueUrl"])


class Aws:
    """Lambda, as far as redrive calls it; it refuses the function of one name. SQS is moto's."""

    def __init__(self, refused: str = "", template: str = "") -> None:
        self.refused = refused
        self.template = template
        self.sent: list[tuple[str, Any]] = []
        self._queues = boto3.client("sqs")

    def __call__(self, service: str) -> Any:
        return self._queues if service == "sqs" else self

    def get_function_event_invoke_config(self, **_: str) -> Any:
        return {"DestinationConfig": {"OnFailure": {"Destination": QUEUE}}}

    def get_function_configuration(self, **_: str) -> Any:
        return {}

    def list_targets_by_rule(self, **call: str) -> Any:
        assert call == {"Rule": "launches"}
        more = {"InputTransformer": {"InputTemplate": self.template}} if self.template else {}
        return {"Targets": [{"Arn": ARN, "DeadLetterConfig": {"Arn": QUEUE}, **more}]}

    def invoke(self, **call: Any) -> None:
        assert call["InvocationType"] == "Event"
        if self.refused and self.refused in call["FunctionName"]:
            error: Any = {"Error": {"Code": "ResourceNotFoundException", "Message": "no"}}
            raise ClientError(error, "Invoke")
        self.sent.append((call["FunctionName"], json.loads(call["Payload"])))


def left(url: str) -> int:
    answer = boto3.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    numbers = answer["Attributes"]
    return int(numbers["ApproximateNumberOfMessages"]) + int(
        numbers["ApproximateNumberOfMessagesNotVisible"]
    )


def test_redrive_sends_kept_events_again_and_deletes_them(
    queue: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sqs, aws = boto3.client("sqs"), Aws()
    for _ in range(12):
        sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(FAILED))
    assert redrive(aws, "failures") == 12
    assert aws.sent == [(ARN, EVENT)] * 12
    assert left(queue) == 0
    out = capsys.readouterr().out
    assert "sent: RunInstances to guard (it broke)" in out
    assert out.endswith("12 sent, 0 left in failures\n")


def test_redrive_stops_at_the_limit(queue: str) -> None:
    sqs = boto3.client("sqs")
    for _ in range(3):
        sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(FAILED))
    assert redrive(Aws(), queue, limit=2) == 2
    assert left(queue) == 1


def test_redrive_leaves_what_it_can_not_send(
    queue: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sqs = boto3.client("sqs")
    for body in (json.dumps(FAILED), json.dumps(EVENT), "no JSON"):
        sqs.send_message(QueueUrl=queue, MessageBody=body)
    with pytest.raises(CheckError, match="3 of 3 events could not be sent again"):
        redrive(Aws(refused="guard"), "failures")
    assert left(queue) == 3
    assert "its function is not known; name --function" in capsys.readouterr().out


def test_redrive_sends_dead_letters_to_their_target_function(queue: str) -> None:
    sqs, aws = boto3.client("sqs"), Aws()
    for target in (ARN, "arn:aws:sns:eu-west-1:123456789012:topic"):
        sqs.send_message(
            QueueUrl=queue,
            MessageBody=json.dumps(EVENT),
            MessageAttributes={
                "RULE_ARN": {"DataType": "String", "StringValue": RULE},
                "TARGET_ARN": {"DataType": "String", "StringValue": target},
                "ERROR_CODE": {"DataType": "String", "StringValue": "NO_PERMISSIONS"},
            },
        )
    with pytest.raises(CheckError, match="1 of 2"):
        redrive(aws, "failures")
    assert aws.sent == [(ARN, EVENT)]
    assert read({"Body": json.dumps(EVENT)}).function == ""


@pytest.mark.parametrize(
    ("template", "sent"),
    [
        (
            '{"detection":{"id":"d"},"event":<aws.events.event.json>}',
            {"detection": {"id": "d"}, "event": EVENT},
        ),
        ('"<who> did it"', EVENT),
    ],
)
def test_redrive_puts_the_detection_beside_a_dead_letter(
    queue: str, template: str, sent: Any
) -> None:
    """A rule's dead letter is the event as it came, before its target's template."""
    aws = Aws(template=template)
    boto3.client("sqs").send_message(
        QueueUrl=queue,
        MessageBody=json.dumps(EVENT),
        MessageAttributes={
            "RULE_ARN": {"DataType": "String", "StringValue": RULE},
            "TARGET_ARN": {"DataType": "String", "StringValue": ARN},
        },
    )
    assert redrive(aws, "failures") == 1
    assert aws.sent == [(ARN, sent)]


def test_redrive_refuses_a_queue_that_does_not_exist(
    queue: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["redrive", "nothing"]) == 2
    assert "trailctl: there is no queue nothing here" in capsys.readouterr().err
    assert main(["redrive", "failures"]) == 0


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(RECORD),
        json.dumps({"level": "INFO", "action": RECORD}),
        json.dumps({"source": "cloudtrail-reactor", "detail": RECORD}),
    ],
)
def test_undo_reads_a_record_a_log_line_and_a_bus_event(text: str) -> None:
    assert from_text(text) == RECORD


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"action": {}}'])
def test_undo_refuses_text_that_is_no_audit_record(text: str) -> None:
    with pytest.raises(UsageError, match="this is no audit record"):
        from_text(text)


def _parameter() -> bool:
    try:
        boto3.client("ssm").get_parameter(Name="/a")
    except ClientError:
        return False
    return True


def test_undo_prints_the_call_and_makes_it_with_yes(
    queue: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    boto3.client("ssm").put_parameter(Name="/a", Value="1", Type="String")
    file = tmp_path / "record.json"
    file.write_text(json.dumps(RECORD))
    assert main(["undo", str(file), *ALLOWED]) == 0
    assert _parameter()
    command = "undo: aws ssm delete-parameter --region eu-west-1 --cli-input-json"
    assert command in capsys.readouterr().out
    assert main(["undo", str(file), *ALLOWED, "--yes"]) == 0
    assert not _parameter()
    assert main(["undo", str(file), *ALLOWED, "--yes"]) == 1
    assert "it could not be taken back" in capsys.readouterr().err


def test_undo_finds_a_record_in_the_log_by_its_id(
    queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    boto3.client("ssm").put_parameter(Name="/a", Value="1", Type="String")
    lines = [
        {"message": "action taken", "action": {**RECORD, "id": "other"}},
        {"message": "action taken", "action": RECORD},
    ]
    pages = [
        {"events": [{"message": json.dumps(lines[0])}], "nextToken": "t"},
        {"events": [{"message": "2026 [INFO] " + json.dumps(lines[1])}]},
    ]
    logs = SimpleNamespace(filter_log_events=lambda **_: pages.pop(0))
    client = boto3.session.Session.client
    monkeypatch.setattr(
        boto3.session.Session,
        "client",
        lambda self, name, **more: logs if name == "logs" else client(self, name, **more),
    )
    assert main(["undo", str(RECORD["id"]), "--log-group", "/g", *ALLOWED, "--yes"]) == 0
    assert not _parameter()
    pages += [{"events": []}]
    assert main(["undo", "nothing", "--log-group", "/g"]) == 2


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"account": "210987654321"}, "use credentials of that account"),
        ({"undo": None, "status": "planned"}, "can't be taken back: it was planned"),
    ],
)
def test_undo_refuses_another_account_and_what_was_not_taken(
    change: dict[str, Any],
    told: str,
    queue: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps({**RECORD, **change})))
    assert main(["undo", "-", *ALLOWED, "--yes"]) == 2
    assert told in capsys.readouterr().err


def test_undo_refuses_a_file_that_does_not_exist(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["undo", "nowhere.json"]) == 2
    assert "give a file with the record, or its id and --log-group" in capsys.readouterr().err
