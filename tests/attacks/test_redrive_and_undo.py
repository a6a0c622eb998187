"""Somebody who may write to a queue, a log or a file, against who redrives and undoes."""

from __future__ import annotations

import ast
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
from reactor.audit import UNDOABLE

from tests.harness.local_aws import REPOSITORY
from trailctl.cli import main
from trailctl.errors import CheckError, UsageError
from trailctl.redrive import Wish, redrive
from trailctl.undo import Work, from_log

pytestmark = pytest.mark.unit

HERE = "eu-west-1:123456789012"
QUEUE = f"arn:aws:sqs:{HERE}:failures"
GUARD = f"arn:aws:lambda:{HERE}:function:guard"
EVIL = f"arn:aws:lambda:{HERE}:function:evil"
ABROAD = "arn:aws:lambda:eu-west-1:999988887777:function:guard"
RULE = f"arn:aws:events:{HERE}:rule/audit/launches"
SCHEDULE = f"arn:aws:scheduler:{HERE}:schedule/default/hourly"
EVENT = {"detail": {"eventName": "RunInstances"}}


class Aws:
    """Lambda, EventBridge and Scheduler as redrive asks them; SQS is moto's.

    The guard keeps its failures in the queue, and so does another account's function of its name;
    a rule and a schedule keep the dead letters of the guard there.
    """

    def __init__(self) -> None:
        self.sent: list[str] = []
        self._queues = boto3.client("sqs")

    def __call__(self, service: str) -> Any:
        return self._queues if service == "sqs" else self

    def get_function_event_invoke_config(self, FunctionName: str) -> Any:  # noqa: N803
        if FunctionName in (GUARD, ABROAD):
            return {"DestinationConfig": {"OnFailure": {"Destination": QUEUE}}}
        return missing()

    def get_function_configuration(self, FunctionName: str) -> Any:  # noqa: N803
        # Somebody's function may name the queue of others' function as its own.
        return {"DeadLetterConfig": {"TargetArn": f"{QUEUE}-of-others"}}

    def list_targets_by_rule(self, Rule: str, EventBusName: str = "") -> Any:  # noqa: N803
        if (EventBusName, Rule) != ("audit", "launches"):
            return missing()
        kept = {"DeadLetterConfig": {"Arn": QUEUE}}
        return {"Targets": [{"Arn": GUARD, **kept}, {"Arn": EVIL}]}

    def get_schedule(self, GroupName: str, Name: str) -> Any:  # noqa: N803
        if (GroupName, Name) != ("default", "hourly"):
            return missing()
        return {"Target": {"Arn": GUARD, "DeadLetterConfig": {"Arn": QUEUE}}}

    def invoke(self, FunctionName: str, **_: Any) -> None:  # noqa: N803
        self.sent.append(FunctionName)


def missing() -> Any:
    raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "no"}}, "Get")


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "testing"),
        ("AWS_SECRET_ACCESS_KEY", "testing"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_DEFAULT_REGION", "eu-west-1"),
    ):
        monkeypatch.setenv(name, value)
    with mock_aws():
        boto3.client("sqs").create_queue(QueueName="failures")
        yield Aws()


def put(body: Any, **attributes: str) -> None:
    queues = boto3.client("sqs")
    queues.send_message(
        QueueUrl=queues.get_queue_url(QueueName="failures")["QueueUrl"],
        MessageBody=json.dumps(body),
        MessageAttributes={
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
        },
    )


def failed(function: str, message: str = "it broke", **detail: Any) -> dict[str, Any]:
    return {
        "requestContext": {"functionArn": function, "condition": "RetriesExhausted"},
        "requestPayload": {"detail": {"eventName": "RunInstances", **detail}},
        "responsePayload": {"errorMessage": message},
    }


@pytest.mark.parametrize(
    ("body", "attributes"),
    [
        (failed(EVIL), {}),
        (failed(f"{EVIL}:$LATEST"), {}),
        (failed("evil"), {}),
        # His configuration names our queue, too. It is not ours to follow.
        (failed(ABROAD), {}),
        (failed(ABROAD.replace("eu-west-1", "us-east-1")), {}),
        (failed("arn:aws-cn:lambda:eu-west-1:123456789012:function:guard"), {}),
        (EVENT, {"TARGET_ARN": EVIL}),
        # A rule's target, but the queue does not keep its dead letters.
        (EVENT, {"TARGET_ARN": EVIL, "RULE_ARN": RULE}),
        (EVENT, {"TARGET_ARN": GUARD, "RULE_ARN": RULE.replace("launches", "his")}),
        (EVENT, {"TARGET_ARN": ABROAD, "RULE_ARN": RULE.replace("123456789012", "999988887777")}),
        (EVENT, {"TARGET_ARN": EVIL, "SCHEDULE_ARN": SCHEDULE}),
        (EVENT, {"TARGET_ARN": GUARD, "SCHEDULE_ARN": f"{SCHEDULE}-of-his"}),
        (EVENT, {}),
    ],
)  # fmt: skip
def test_a_message_made_up_goes_nowhere(
    aws: Aws, body: Any, attributes: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    put(body, **attributes)
    with pytest.raises(CheckError, match="1 of 1"):
        redrive(aws, "failures")
    assert aws.sent == []
    assert "name --function" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("body", "attributes"),
    [
        (failed(f"{GUARD}:$LATEST"), {}),
        (EVENT, {"TARGET_ARN": GUARD, "RULE_ARN": RULE}),
        (EVENT, {"TARGET_ARN": GUARD, "SCHEDULE_ARN": SCHEDULE}),
    ],
)
def test_what_the_configuration_says_goes_to_its_function(
    aws: Aws, body: Any, attributes: dict[str, str]
) -> None:
    put(body, **attributes)
    assert redrive(aws, "failures") == 1
    assert aws.sent == [GUARD]


def test_a_function_that_is_named_gets_all_whatever_they_say(aws: Aws) -> None:
    for arn in (EVIL, GUARD, ABROAD):
        put(failed(arn))
    assert redrive(aws, "failures", Wish("guard")) == 3
    assert aws.sent == ["guard"] * 3


def test_an_event_that_fails_at_once_is_sent_once(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is back in the queue before the next one is read: that must not go on for ever."""
    moments = iter(range(1, 1000))
    moto_clock = "moto.sqs.models.unix_time_millis"
    late = (time.time() + 60) * 1000

    def invoke(FunctionName: str, **_: Any) -> None:  # noqa: N803
        assert next(moments) < 10
        aws.sent.append(FunctionName)
        monkeypatch.setattr(moto_clock, lambda *_: late)
        put(failed(GUARD))

    put(failed(GUARD))
    aws.invoke = invoke  # type: ignore[method-assign]
    assert redrive(aws, "failures") == 1
    assert aws.sent == [GUARD]
    assert "1 came while it ran" in capsys.readouterr().out


# What a terminal acts on: colours, a forged line, a title, the clipboard, the text's direction.
ACTING = (
    "\x1b[2K\x1b[1A\r\nsent: x\x9b31m\x1b]0;t\x07\x1b]52;c;cm0=\x07\u202egnp.exe\u2066\u2028\u200b"
)


def test_redrive_prints_what_it_is_told_and_does_nothing_of_it(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    put(failed(GUARD, ACTING, eventName=ACTING))
    put(failed(EVIL + ACTING, eventName=ACTING))
    with pytest.raises(CheckError):
        redrive(aws, "failures")
    out = capsys.readouterr().out
    assert out.count("\n") == 4
    assert harmless(out)
    assert "\\x1b[2K" in out


def harmless(text: str) -> bool:
    return all(char == "\n" or char.isprintable() for char in text)


# --- undo

RECORD = {
    "id": "e-1/iam.put_role_policy/app",
    "status": "taken",
    "summary": "quarantine app",
    "reaction": "iam-role-guard",
    "time": "2026-01-01T00:00:00Z",
    "service": "iam",
    "operation": "put_role_policy",
    "account": "123456789012",
    "region": "eu-west-1",
    "undo": {
        "service": "iam",
        "operation": "delete_role_policy",
        "parameters": {"RoleName": "app", "PolicyName": "reactor-quarantine"},
        "command": "aws iam delete-role-policy ...",
    },
}


def with_undo(**changes: Any) -> dict[str, Any]:
    undo: Any = RECORD["undo"]
    return {**RECORD, "undo": {**undo, **changes}}


@pytest.fixture
def undo(aws: Aws, tmp_path: Path) -> Any:
    def run(record: Any, *options: str) -> int:
        file = tmp_path / "record.json"
        file.write_text(json.dumps(record))
        return main(["undo", str(file), *options])

    return run


def test_what_is_shown_is_what_is_done(undo: Any, capsys: pytest.CaptureFixture[str]) -> None:
    record = with_undo(
        operation="attach_role_policy",
        parameters={"RoleName": "his", "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
        command="aws iam delete-role-policy --role-name app",
    )
    assert undo(record) == 0
    out = capsys.readouterr().out
    assert "aws iam attach-role-policy --region eu-west-1" in out
    assert "AdministratorAccess" in out
    assert "delete-role-policy" not in out
    assert "in account 123456789012, eu-west-1" in out


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("iam", "create_access_key"),
        ("iam", "delete_role"),
        ("organizations", "leave_organization"),
        ("s3", "delete_bucket"),
        ("s3", "close"),
        ("iam", "_make_api_call"),
        ("iam", "__class__"),
        ("ec2", "delete_role_policy"),
        ("iam", "DELETE_ROLE_POLICY"),
        ("iam", ["delete_role_policy"]),
        (None, "delete_role_policy"),
    ],
)
def test_no_other_call_is_made(undo: Any, service: Any, operation: Any) -> None:
    assert undo(with_undo(service=service, operation=operation), "--yes") == 2


@pytest.mark.parametrize("parameters", [None, [], "x", [["RoleName", "app"]]])
def test_parameters_are_members(undo: Any, parameters: Any) -> None:
    assert undo(with_undo(parameters=parameters), "--yes") == 2


@pytest.mark.parametrize("account", [None, "", "123456789013", 123456789013, ["123456789012"], "*"])
def test_a_record_without_an_account_or_of_another_is_refused(undo: Any, account: Any) -> None:
    assert undo({**RECORD, "account": account}, "--yes") == 2
    assert undo({key: RECORD[key] for key in RECORD if key != "account"}, "--yes") == 2


@pytest.mark.parametrize(
    "region", [None, "", "us-east-1", "eu-west-1.evil.example", "eu-west-1 --endpoint-url x", "@x"]
)
def test_a_record_of_another_region_or_of_none_is_refused(undo: Any, region: Any) -> None:
    assert undo({**RECORD, "region": region}, "--yes") == 2


def test_it_asks_and_takes_nothing_but_yes(
    undo: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    iam = boto3.client("iam")
    statement = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    deny = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.create_role(RoleName="app", AssumeRolePolicyDocument="{}")
    policy = {"RoleName": "app", "PolicyName": "reactor-quarantine"}
    iam.put_role_policy(**policy, PolicyDocument=deny)
    for stream in ("stdin", "stdout"):
        monkeypatch.setattr(f"sys.{stream}.isatty", lambda: True, raising=False)
    for answer in ("", "y", "no", "YES please"):
        monkeypatch.setattr("builtins.input", lambda _, said=answer: said)
        assert undo(RECORD) == 0
        assert iam.list_role_policies(RoleName="app")["PolicyNames"]
    monkeypatch.setattr("builtins.input", lambda _: "yes")
    assert undo(RECORD) == 0
    assert iam.list_role_policies(RoleName="app")["PolicyNames"] == []
    assert capsys.readouterr().out.endswith("done\n")


def test_without_a_terminal_it_does_nothing(
    undo: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("builtins.input", lambda _: pytest.fail("it asked"))
    assert undo(RECORD) == 0
    assert "nothing was done" in capsys.readouterr().out


def test_a_call_of_one_s_own_reaction_is_named_by_hand(undo: Any, aws: Aws) -> None:
    ssm = boto3.client("ssm")
    ssm.put_parameter(Name="/a", Value="1", Type="String")
    record = with_undo(service="ssm", operation="delete_parameter", parameters={"Name": "/a"})
    assert undo(record, "--yes") == 2
    assert undo(record, "--yes", "--allow", "ssm.put_parameter") == 2
    assert undo(record, "--yes", "--allow", "ssm.delete_parameter") == 0
    assert ssm.describe_parameters()["Parameters"] == []


@pytest.mark.parametrize("text", ["ssm", "ssm.", "ssm.delete-parameter", "ssm.__class__", ".x"])
def test_what_is_allowed_has_a_name(undo: Any, text: str) -> None:
    with pytest.raises(SystemExit):
        undo(RECORD, "--allow", text)


def test_a_record_does_nothing_to_the_terminal(
    undo: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    record = with_undo(parameters={"RoleName": ACTING, "PolicyName": ACTING})
    record |= {"summary": ACTING, "reaction": ACTING, "time": ACTING}
    assert undo(record) == 0
    captured = capsys.readouterr()
    assert captured.out.count("\n") == 5
    assert harmless(captured.out)
    for broken in ({**record, "undo": None, "id": ACTING, "status": ACTING}, {"id": ACTING}):
        assert undo(broken, "--yes") == 2
        assert harmless(capsys.readouterr().err)


def test_two_records_of_one_id_in_the_log_are_refused() -> None:
    """He has a line of the log that says otherwise: which is the reaction's, nobody can tell."""
    other = with_undo(operation="attach_role_policy")
    lines = [json.dumps({"action": record}) for record in (RECORD, other, RECORD)]
    logs = SimpleNamespace(
        filter_log_events=lambda **_: {"events": [{"message": each} for each in lines]}
    )
    with pytest.raises(UsageError, match="several records"):
        from_log(logs, "/g", str(RECORD["id"]))
    del lines[1]
    assert from_log(logs, "/g", str(RECORD["id"])) == [RECORD]


def test_a_line_of_the_log_that_is_cut_hides_no_record() -> None:
    whole = json.dumps({"action": RECORD})
    lines = [whole[: len(whole) // 2], "{" * 100_000, whole]
    logs = SimpleNamespace(
        filter_log_events=lambda **_: {"events": [{"message": each} for each in lines]}
    )
    assert from_log(logs, "/g", str(RECORD["id"])) == [RECORD]


def test_what_the_guards_do_can_be_undone_and_nothing_else() -> None:
    """The list holds each call by which a reaction of the project undoes its action, no others."""
    found: dict[str, set[str]] = {}
    for path in (REPOSITORY / "lambda_src/reactor/reactions").glob("*.py"):
        for service, operation in undone(path):
            found.setdefault(service, set()).add(operation)
    assert found == {service: set(operations) for service, operations in UNDOABLE.items()}
    assert sum(map(len, found.values())) > 20


def undone(path: Path) -> Iterator[tuple[str, str]]:
    """`Undo("iam", "delete_role", ...)`, and the pairs that are given to a bucket's actions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Undo":
            texts = [str(each.value) for each in node.args[:2] if isinstance(each, ast.Constant)]
            if len(texts) == 2:
                yield texts[0], texts[1]
                continue
            # A service alone: the operations stand in tuples of (operation, parameters).
            for other in ast.walk(tree):
                if isinstance(other, ast.Assign | ast.AnnAssign):
                    target = other.targets[0] if isinstance(other, ast.Assign) else other.target
                    if getattr(target, "id", "") == "undo" and isinstance(other.value, ast.Tuple):
                        (first, *_) = other.value.elts
                        assert isinstance(first, ast.Constant)
                        yield texts[0], str(first.value)


def test_a_list_of_calls_is_of_calls_that_boto3_has() -> None:
    for service, operations in UNDOABLE.items():
        client = boto3.client(service, region_name="us-east-1")  # type: ignore[call-overload]
        assert [name for name in operations if not hasattr(client, name)] == []


def test_an_action_that_was_not_taken_can_not_be_taken_back() -> None:
    with pytest.raises(UsageError, match="can't be taken back: it was planned"):
        Work({**RECORD, "undo": None, "status": "planned"})
