"""trailctl redrive sends kept events again; trailctl undo takes actions back."""

from __future__ import annotations

import io
import json
import time
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
from trailctl.redrive import Wish, read, redrive
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
UNDO = {
    "service": "ssm",
    "operation": "delete_parameter",
    "parameters": {"Name": "/a"},
    "command": "aws ssm delete-parameter ...",
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
    "undo": UNDO,
}

_ZIP = b"PK\x05\x06" + bytes(18)  # an empty archive
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

    def __init__(self, refused: str = "") -> None:
        self.refused = refused
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
        return {"Targets": [{"Arn": ARN, "DeadLetterConfig": {"Arn": QUEUE}}]}

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
    assert redrive(Aws(), queue, Wish(limit=2)) == 2
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
    for target in (ARN, "arn:aws:sns:eu-west-1:123456789012:topic-of-others"):
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
    assert read({"Body": json.dumps(EVENT)}).target == ""


def dead_letter(queue: str, target: str) -> None:
    boto3.client("sqs").send_message(
        QueueUrl=queue,
        MessageBody=json.dumps(EVENT),
        MessageAttributes={
            "RULE_ARN": {"DataType": "String", "StringValue": RULE},
            "TARGET_ARN": {"DataType": "String", "StringValue": target},
            "ERROR_CODE": {"DataType": "String", "StringValue": "NO_PERMISSIONS"},
        },
    )


def test_redrive_sends_what_the_rule_sends_to_topics_and_queues(
    queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqs, sns = boto3.client("sqs"), boto3.client("sns")
    ordered = sqs.create_queue(
        QueueName="orders.fifo",
        Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"},
    )["QueueUrl"]
    heard = sqs.create_queue(QueueName="heard")["QueueUrl"]
    topic = sns.create_topic(Name="alerts")["TopicArn"]
    sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint="arn:aws:sqs:eu-west-1:123456789012:heard",
        Attributes={"RawMessageDelivery": "true"},
    )
    fifo = "arn:aws:sqs:eu-west-1:123456789012:orders.fifo"
    targets = [
        {
            "Arn": topic,
            "InputTransformer": {
                "InputPathsMap": {"call": "$.detail.eventName"},
                "InputTemplate": '"somebody called <call>"',
            },
        },
        {"Arn": fifo, "InputPath": "$.detail", "SqsParameters": {"MessageGroupId": "all"}},
    ]
    kept: Any = [{**each, "DeadLetterConfig": {"Arn": QUEUE}} for each in targets]
    aws = Aws()
    monkeypatch.setattr(aws, "list_targets_by_rule", lambda **_: {"Targets": kept})
    dead_letter(queue, topic)
    dead_letter(queue, fifo)

    def client(service: str) -> Any:
        return sns if service == "sns" else aws(service)

    assert redrive(client, "failures") == 2
    assert left(queue) == 0
    (message,) = sqs.receive_message(QueueUrl=heard)["Messages"]
    assert message["Body"] == '"somebody called RunInstances"'
    (message,) = sqs.receive_message(QueueUrl=ordered, AttributeNames=["All"])["Messages"]
    assert message["Body"] == '{"eventName":"RunInstances"}'
    assert message["Attributes"]["MessageGroupId"] == "all"


def test_redrive_gives_a_function_what_its_rule_makes_of_the_event(
    queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws = Aws()
    template = '{"detection": {"id": "x"}, "event": <aws.events.event.json>}'
    target: Any = {
        "Arn": ARN,
        "DeadLetterConfig": {"Arn": QUEUE},
        "InputTransformer": {"InputTemplate": template},
    }
    monkeypatch.setattr(aws, "list_targets_by_rule", lambda **_: {"Targets": [target]})
    dead_letter(queue, ARN)

    assert redrive(aws, "failures") == 1
    assert aws.sent == [(ARN, {"detection": {"id": "x"}, "event": EVENT})]


def test_redrive_tells_and_asks_before_it_sends(
    queue: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sqs, aws = boto3.client("sqs"), Aws()
    for _ in range(3):
        sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(FAILED))
    sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=1)

    assert redrive(aws, "failures", Wish(agrees=lambda: False)) == 0

    assert aws.sent == []
    assert capsys.readouterr().out.splitlines() == [
        "failures: 2 events wait, 1 more are being read by somebody",
        "nothing was sent: add --yes to send",
    ]


def test_a_script_must_say_yes(queue: str, capsys: pytest.CaptureFixture[str]) -> None:
    boto3.client("sqs").send_message(QueueUrl=queue, MessageBody=json.dumps(FAILED))

    assert main(["redrive", "failures"]) == 0

    assert "nothing was sent: add --yes to send" in capsys.readouterr().out
    assert left(queue) == 1


def test_a_dry_run_says_what_would_go_where_and_leaves_it_to_others(
    queue: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sqs, aws = boto3.client("sqs"), Aws()
    for body in (FAILED, FAILED, EVENT):
        sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(body))

    with pytest.raises(CheckError, match="1 of 3"):
        redrive(aws, "failures", Wish(dry_run=True))

    out = capsys.readouterr().out
    assert "would send: RunInstances to guard (it broke)" in out
    assert "2 would be sent, 1 would stay in failures" in out
    assert aws.sent == []
    # They can be read at once, not when the time of a reader is over.
    assert len(sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]) == 3


def test_what_stays_can_be_read_at_once(queue: str) -> None:
    sqs = boto3.client("sqs")
    sqs.send_message(QueueUrl=queue, MessageBody="no JSON")

    with pytest.raises(CheckError):
        redrive(Aws(), "failures")

    assert len(sqs.receive_message(QueueUrl=queue)["Messages"]) == 1


def test_it_waits_to_see_whether_they_come_back(
    queue: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sqs = boto3.client("sqs")
    slept: list[float] = []

    class Failing(Aws):
        def sleep(self, seconds: float) -> None:
            slept.append(seconds)
            sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(FAILED))

    aws = Failing()
    clock = SimpleNamespace(sleep=aws.sleep, monotonic=time.monotonic, time=time.time)
    monkeypatch.setattr("trailctl.redrive.time", clock)
    for _ in range(2):
        sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(FAILED))

    with pytest.raises(CheckError, match="2 of 2 came back"):
        redrive(aws, "failures", Wish(wait=300))

    assert len(slept) == 2
    sqs.purge_queue(QueueUrl=queue)
    sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(FAILED))
    now = iter([0.0, 1.0, 2.0, 400.0])
    clock = SimpleNamespace(sleep=slept.append, monotonic=lambda: next(now), time=time.time)
    monkeypatch.setattr("trailctl.redrive.time", clock)
    assert redrive(aws, "failures", Wish(wait=300)) == 1
    assert capsys.readouterr().out.endswith("none came back within 300 s\n")


def test_redrive_refuses_a_queue_that_does_not_exist(
    queue: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["redrive", "nothing"]) == 2
    assert (
        "trailctl: there is no queue nothing in this account and Region" in capsys.readouterr().err
    )
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
    assert "give a file with the record, the id of the event" in capsys.readouterr().err


def test_undo_takes_back_all_that_was_done_about_an_event(
    queue: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ssm = boto3.client("ssm")
    records = []
    for name in ("/a", "/b", "/c"):
        event = "e-2" if name == "/c" else "e-1"
        ssm.put_parameter(Name=name, Value="1", Type="String")
        undo = {**UNDO, "parameters": {"Name": name}}
        id_ = f"{event}/ssm.put_parameter/{name}"
        records.append({**RECORD, "id": id_, "summary": f"set {name}", "undo": undo})
    lines = [{"message": json.dumps({"action": each})} for each in records]
    logs = SimpleNamespace(filter_log_events=lambda **_: {"events": lines})
    client = boto3.session.Session.client
    monkeypatch.setattr(
        boto3.session.Session,
        "client",
        lambda self, name, **more: logs if name == "logs" else client(self, name, **more),
    )
    assert main(["undo", "e-1", "--log-group", "/g", *ALLOWED, "--yes"]) == 0
    told = capsys.readouterr().out
    assert told.index("set /b") < told.index("set /a")  # the last one first
    left = {each["Name"] for each in ssm.describe_parameters()["Parameters"]}
    assert left == {"/c"}
    # One that fails does not keep the others.
    ssm.put_parameter(Name="/a", Value="1", Type="String")
    assert main(["undo", "e-1", "--log-group", "/g", *ALLOWED, "--yes"]) == 1
    assert "could not be taken back" in capsys.readouterr().err
    assert not _parameter()


# --- the action is found, and whether it was taken back

EVENT_ID = "1a8e25cb-458c-4ec3-89db-50732e95757f"
LEDGER = "guard-ledger"


def reaction(name: str, ledger: str = LEDGER, **environment: str) -> None:
    """A function of moto's, with the environment that modules/reaction gives it."""
    iam, role = boto3.client("iam"), f"arn:aws:iam::123456789012:role/{name}"
    iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    variables = {"REACTION_MODE": "enforce", "REACTION_NAME": name, **environment}
    boto3.client("lambda").create_function(
        FunctionName=name,
        Role=role,
        Runtime="python3.13",
        Handler="handler.handler",
        Code={"ZipFile": _ZIP},
        Environment={"Variables": {**variables, "REACTION_LEDGER_TABLE": ledger}},
    )


def table(name: str = LEDGER) -> None:
    boto3.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )


@pytest.fixture
def logs(queue: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[dict[str, Any]]]:
    """Records by log group, as the reactions wrote them; other groups are not there."""
    written: dict[str, list[dict[str, Any]]] = {}

    def filter_log_events(**call: str) -> Any:
        if call["logGroupName"] not in written:
            raise ClientError(
                {"Error": {"Code": "ResourceNotFoundException", "Message": "no"}}, "Filter"
            )
        assert call["filterPattern"] == f'"action taken" "{EVENT_ID}"'
        records = written[call["logGroupName"]]
        return {"events": [{"message": json.dumps({"action": each})} for each in records]}

    stub = SimpleNamespace(filter_log_events=filter_log_events)
    client = boto3.session.Session.client
    monkeypatch.setattr(
        boto3.session.Session,
        "client",
        lambda self, name, **more: stub if name == "logs" else client(self, name, **more),
    )
    return written


def taken(name: str, reaction: str = "guard", time: str = "2026-01-01T00:00:00Z") -> dict[str, Any]:
    boto3.client("ssm").put_parameter(Name=name, Value="1", Type="String", Overwrite=True)
    return {
        **RECORD,
        "id": f"{EVENT_ID}/ssm.put_parameter/{name}",
        "reaction": reaction,
        "summary": f"set {name}",
        "time": time,
        "undo": {**UNDO, "parameters": {"Name": name}},
    }


def parameters() -> list[str]:
    return [each["Name"] for each in boto3.client("ssm").describe_parameters()["Parameters"]]


def test_an_event_s_actions_are_found_in_the_logs_of_all_reactions(
    logs: dict[str, list[dict[str, Any]]], capsys: pytest.CaptureFixture[str]
) -> None:
    table()
    for name in ("guard", "tagger", "new"):  # new has written nothing yet
        reaction(name)
    logs["/aws/lambda/guard"] = [taken("/a")]
    logs["/aws/lambda/tagger"] = [taken("/b", "tagger", "2026-01-01T00:00:09Z")]
    assert main(["undo", EVENT_ID, *ALLOWED, "--yes"]) == 0
    told = capsys.readouterr().out
    assert told.index("set /b") < told.index("set /a")  # the last one first
    assert parameters() == []
    logs.clear()
    assert main(["undo", EVENT_ID, "--yes"]) == 2
    assert "/aws/lambda/guard, /aws/lambda/new, /aws/lambda/tagger" in capsys.readouterr().err


def test_a_function_that_calls_itself_a_reaction_adds_nothing_to_anothers_records(
    logs: dict[str, list[dict[str, Any]]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever may make a function makes its log."""
    table()
    for name in ("guard", "his"):
        reaction(name)
    logs["/aws/lambda/guard"] = [taken("/a")]
    # Under another's name, it is not its own.
    logs["/aws/lambda/his"] = [taken("/b", "guard")]
    assert main(["undo", EVENT_ID, *ALLOWED, "--yes"]) == 0
    assert "set /b" not in capsys.readouterr().out
    assert parameters() == ["/b"]
    # Nor by the other's name.
    reaction("guards", REACTION_NAME="guard")
    assert main(["undo", EVENT_ID, *ALLOWED, "--yes"]) == 2
    assert "two functions call themselves guard" in capsys.readouterr().err
    assert parameters() == ["/b"]


def test_run_twice_it_says_who_took_it_back_and_does_nothing(
    logs: dict[str, list[dict[str, Any]]], capsys: pytest.CaptureFixture[str]
) -> None:
    table()
    reaction("guard")
    logs["/aws/lambda/guard"] = [taken("/a")]
    assert main(["undo", EVENT_ID, *ALLOWED, "--yes"]) == 0
    assert "taken back already" not in capsys.readouterr().out
    boto3.client("ssm").put_parameter(Name="/a", Value="by hand", Type="String")
    for command in (
        [EVENT_ID],
        [EVENT_ID, "--yes"],
        [EVENT_ID, "--log-group", "/aws/lambda/guard"],
    ):
        assert main(["undo", *command, *ALLOWED]) == 0
        told = capsys.readouterr().out
        assert "taken back already: arn:aws:sts::123456789012:user/moto took it back at 20" in told
        assert told.endswith("nothing is left to take back: --again does it all the same\n")
        assert parameters() == ["/a"]
    # One more action about the event is taken back, and no other.
    logs["/aws/lambda/guard"].append(taken("/b"))
    assert main(["undo", EVENT_ID, *ALLOWED, "--yes"]) == 0
    assert parameters() == ["/a"]
    assert main(["undo", EVENT_ID, *ALLOWED, "--yes", "--again"]) == 1  # /b is no more
    assert parameters() == []


def test_without_the_ledger_it_says_so_and_goes_on(
    logs: dict[str, list[dict[str, Any]]], capsys: pytest.CaptureFixture[str]
) -> None:
    reaction("guard", ledger="gone")
    logs["/aws/lambda/guard"] = [taken("/a")]
    assert main(["undo", EVENT_ID, *ALLOWED, "--yes"]) == 0
    told = capsys.readouterr().out
    assert "whether it was taken back before is not known: the ledger gone can't be read" in told
    assert parameters() == []


def test_what_could_not_be_taken_back_is_not_written_down(
    logs: dict[str, list[dict[str, Any]]], capsys: pytest.CaptureFixture[str]
) -> None:
    table()
    reaction("guard")
    logs["/aws/lambda/guard"] = [taken("/a")]
    boto3.client("ssm").delete_parameter(Name="/a")
    for _ in range(2):
        assert main(["undo", EVENT_ID, *ALLOWED, "--yes"]) == 1
        assert "taken back already" not in capsys.readouterr().out
