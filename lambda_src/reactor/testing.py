"""Helps to test reactions without AWS: makes events, answers reads, runs handlers.

    from reactor.testing import AwsDouble, api_call, rehearse, role_session

    event = api_call("s3.amazonaws.com", "CreateBucket", request={"bucketName": "b"})
    aws = AwsDouble({"s3.get_bucket_tagging": {"TagSet": []}})
    seen = rehearse(handler, event, aws=aws, mode="enforce", settings={"tag": "owner"})
    assert seen.taken == ("tag b",)

The package that pip installs has this module; Lambda's zip does not.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast

from reactor.actions import Action, Clue
from reactor.aws import Aws
from reactor.event import Event, read_event
from reactor.patterns.envelope import envelope as as_event
from reactor.reaction import Reaction, Step
from reactor.retry import Clock
from reactor.settings import parse_settings
from reactor.telemetry import Telemetry

if TYPE_CHECKING:
    from reactor.settings import Mode

S = TypeVar("S")
ACCOUNT = "123456789012"
REGION = "eu-west-1"
TIME = "2025-11-22T12:00:05Z"
_PUBLISH = "sns.publish"

# ---- callers: the userIdentity of a record
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html


def user(name: str, *, path: str = "/", account: str = ACCOUNT, **fields: object) -> dict[str, Any]:
    """An IAM user. `fields` replace or add fields, here and in the callers below."""
    return {
        "type": "IAMUser",
        "principalId": f"AIDAEXAMPLE{name.upper()}",
        "arn": f"arn:aws:iam::{account}:user{path}{name}",
        "accountId": account,
        "accessKeyId": "AKIAEXAMPLE",
        "userName": name,
        **fields,
    }


def role_session(
    role: str, session: str, *, path: str = "/", account: str = ACCOUNT, **fields: object
) -> dict[str, Any]:
    """A session of a role. Only the session's issuer tells the role's path."""
    return {
        "type": "AssumedRole",
        "principalId": f"AROAEXAMPLE:{session}",
        "arn": f"arn:aws:sts::{account}:assumed-role/{role}/{session}",
        "accountId": account,
        "accessKeyId": "ASIAEXAMPLE",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": "AROAEXAMPLE",
                "arn": f"arn:aws:iam::{account}:role{path}{role}",
                "accountId": account,
                "userName": role,
            },
            "attributes": {"creationDate": "2025-11-22T11:00:00Z", "mfaAuthenticated": "false"},
        },
        **fields,
    }


def root(*, account: str = ACCOUNT, **fields: object) -> dict[str, Any]:
    """The root user of an account."""
    return {
        "type": "Root",
        "principalId": account,
        "arn": f"arn:aws:iam::{account}:root",
        "accountId": account,
        **fields,
    }


def service(name: str, **fields: object) -> dict[str, Any]:
    """An AWS service that calls by itself, such as `autoscaling.amazonaws.com`."""
    return {"type": "AWSService", "invokedBy": name, **fields}


# ---- events


def record(
    event_source: str,
    event_name: str,
    *,
    actor: Mapping[str, Any] | None = None,
    request: Mapping[str, Any] | None = None,
    response: Mapping[str, Any] | None = None,
    error: str = "",
    error_message: str = "",
    account: str = ACCOUNT,
    region: str = REGION,
    time: str = TIME,
    **fields: object,
) -> dict[str, Any]:
    """A CloudTrail record of an API call, such as `ssm.amazonaws.com`, `PutParameter`.

    `actor` is one of the callers above (default: the IAM user alice of the account), `error` the
    errorCode of a call that failed. Every record has an eventID of its own. `fields` replace or add
    fields of the record, by their names there (`userAgent`, `eventID`).
    """
    told = {"errorCode": error, "errorMessage": error_message or f"{event_name} was refused."}
    return {
        "eventVersion": "1.11",
        "userIdentity": dict(actor) if actor is not None else user("alice", account=account),
        "eventTime": time,
        "eventSource": event_source,
        "eventName": event_name,
        "awsRegion": region,
        "sourceIPAddress": "203.0.113.7",
        "userAgent": "aws-cli/2.17.32",
        **(told if error else {}),
        "requestParameters": None if request is None else dict(request),
        "responseElements": None if response is None else dict(response),
        "requestID": str(uuid.uuid4()),
        "eventID": str(uuid.uuid4()),
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account,
        "eventCategory": "Management",
        **fields,
    }


def envelope(record: Mapping[str, Any], **fields: object) -> dict[str, Any]:
    """The EventBridge event that a record arrives in; `fields` replace the envelope's own.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
    """
    known = {"recipientAccountId": ACCOUNT, "eventTime": TIME, "awsRegion": REGION, **record}
    return {**as_event(known, str(uuid.uuid4())), "detail": dict(record), **fields}


def api_call(event_source: str, event_name: str, **what: Any) -> dict[str, Any]:
    """The EventBridge event of an API call: `record` with the same arguments, in its envelope."""
    return envelope(record(event_source, event_name, **what))


# ---- AWS


@dataclass(frozen=True)
class Refusal:
    """AWS answers a call with this error code: `Refusal("ParameterNotFound")`."""

    code: str
    message: str = "refused by the test"


@dataclass(frozen=True)
class Call:
    """A call that was made: `boto3.client(service).operation(**parameters)`.

    `region` is None for the Region of the client's own place.
    """

    service: str
    operation: str
    parameters: Mapping[str, Any]
    region: str | None = None

    @property
    def name(self) -> str:
        """The call's name, such as `ssm.get_parameter`."""
        return f"{self.service}.{self.operation}"


AwsAnswer = Mapping[str, Any] | Refusal | Callable[[Mapping[str, Any]], Any]


class UnexpectedCallError(AssertionError):
    """The code under test made a call that AwsDouble has no answer to."""


class AwsDouble(Aws):
    """Stands in for `Aws` and answers from a table; nothing leaves the process.

    `answers` maps a call's name (`ssm.get_parameter`) to its answer: boto3's own answer, a Refusal,
    or a function of the call's parameters that returns one of these. Any other call raises
    UnexpectedCallError. `calls` holds all calls that were made, in order.
    """

    def __init__(self, answers: Mapping[str, AwsAnswer] | None = None) -> None:
        super().__init__(REGION)
        self.clock = Clock(_Context())
        self.answers: dict[str, AwsAnswer] = {**(answers or {})}
        self.calls: list[Call] = []

    def client(self, service: str, region: str | None = None) -> Any:
        """A client that has every operation, and answers those in the table."""
        return _Client(self, service, region)

    def answer(self, call: Call) -> Any:
        """The answer to a call. Raises UnexpectedCallError, or botocore's ClientError."""
        self.calls.append(call)
        if call.name not in self.answers:
            _unexpected(call, self.answers)
        found = self.answers[call.name]
        if callable(found):
            found = found(call.parameters)
        if isinstance(found, Refusal):
            from botocore.exceptions import ClientError

            error: Any = {"Error": {"Code": found.code, "Message": found.message}}
            raise ClientError(error, call.operation)
        return found


class _Client:
    def __init__(self, aws: AwsDouble, service: str, region: str | None) -> None:
        self._aws, self._service, self._region = aws, service, region

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        if operation.startswith("_"):
            raise AttributeError(operation)
        return lambda **parameters: self._aws.answer(
            Call(self._service, operation, parameters, self._region)
        )


def _unexpected(call: Call, answers: Iterable[str]) -> NoReturn:
    given = ", ".join(f"{key}={value!r}" for key, value in call.parameters.items())
    known = ", ".join(sorted(answers)) or "nothing"
    raise UnexpectedCallError(
        f"{call.name}({given}) was called, and AwsDouble answers {known}: give it an answer to "
        f"{call.name!r}, or don't make the call."
    )


# ---- what a reaction does


def decide(
    reaction: Reaction[S],
    event: Mapping[str, Any],
    *,
    aws: Aws | None = None,
    settings: Mapping[str, Any] | None = None,
) -> list[Step]:
    """The decisions of a reaction's plan about an event: its actions and alerts.

    `settings` are those of REACTION_SETTINGS; a setting that is left out has its default. Raises
    SettingsError and what the plan raises.
    """
    parsed = parse_settings(reaction.settings, json.dumps(dict(settings or {})))
    found = reaction.plan(read_event(event), parsed, aws or AwsDouble())
    return [step for step in found if not isinstance(step, Clue)]


@dataclass(frozen=True)
class Told:
    """An alert as a person reads it."""

    severity: str
    subject: str
    text: str

    def __str__(self) -> str:
        """Its severity and its one sentence."""
        return f"[{self.severity}] {self.text.splitlines()[0]}"


@dataclass(frozen=True)
class Rehearsal:
    """The actions and alerts of a handler for an event, from the log that it writes.

    `answer` is the handler's return value, `left_alone` why it did not look at the event (empty: it
    did). `actions` are the audit records, each with `status` (planned, taken, exempt, refused),
    `summary` and, where it was taken, `undo`. `calls` are the calls that were made and change
    something. `alerts` were sent; `held_back` were not, since the mode is dry_run. `log` has all
    lines: level, message and fields.
    """

    answer: Mapping[str, Any]
    actions: tuple[Mapping[str, Any], ...]
    calls: tuple[Call, ...]
    alerts: tuple[Told, ...]
    held_back: tuple[Told, ...]
    log: tuple[tuple[str, str, Mapping[str, Any]], ...] = field(repr=False)

    @property
    def left_alone(self) -> str:
        """The reason why the handler did not look at the event: `not one of this reaction's calls`,
        ...
        """
        return str(self.answer.get("why", ""))

    @property
    def planned(self) -> tuple[str, ...]:
        """Summaries of the actions that the mode held back."""
        return self._summaries("planned")

    @property
    def taken(self) -> tuple[str, ...]:
        """Summaries of the actions that were taken."""
        return self._summaries("taken")

    @property
    def undo(self) -> tuple[str, ...]:
        """Commands of the AWS CLI that take the actions back, the last action first."""
        taken = [action["undo"]["command"] for action in self.actions if "undo" in action]
        return tuple(reversed(taken))

    def _summaries(self, status: str) -> tuple[str, ...]:
        return tuple(each["summary"] for each in self.actions if each["status"] == status)

    def __str__(self) -> str:
        """A line for each action, alert and undo."""
        lines = [f"left alone: {self.left_alone}"] if self.left_alone else []
        lines += [f"{each['status']}: {each['summary']}" for each in self.actions]
        lines += [f"alert sent: {each}" for each in self.alerts]
        lines += [f"alert held back: {each}" for each in self.held_back]
        return "\n".join([*lines, *(f"undo: {command}" for command in self.undo)])


def rehearse(
    reaction: Reaction[S],
    event: Mapping[str, Any],
    *,
    aws: AwsDouble | None = None,
    mode: Mode = "dry_run",
    settings: Mapping[str, Any] | None = None,
    exemptions: Mapping[str, Any] | None = None,
    at: tuple[str, str] | None = None,
) -> Rehearsal:
    """Runs the whole handler on an event, as Lambda would, and returns what it did.

    `aws` answers the calls with which the plan reads. It answers the plan's actions with `{}`
    unless its table has another answer; with a Refusal there, the handler raises ReactionError.
    `exemptions` are those of REACTION_EXEMPTIONS (`{"role_paths": {"/ci/": "2026-12-31"}}`). `at`
    is the account and Region that the function runs in, the event's own unless it is given. There
    is no ledger, budget or kill switch. Raises what the handler raises.
    """
    double = aws if aws is not None else AwsDouble()
    read = read_event(event)
    account, region = at or (read.account, read.region)
    environment = {
        "ALERT_TOPIC_ARN": f"arn:aws:sns:{region}:{account}:alerts",
        "REACTION_EXEMPTIONS": json.dumps(dict(exemptions or {})),
        "REACTION_MODE": mode,
        "REACTION_SETTINGS": json.dumps(dict(settings or {})),
    }
    notes = _Notes()
    stage = _Stage(double)

    def plan(event: Event, settings: S, aws: Aws, /) -> Sequence[Step | Clue]:
        steps = reaction.plan(event, settings, aws)
        stage.expect(steps)
        return steps

    handler = Reaction(reaction.name, plan, reaction.settings, reaction.calls)
    handler.prepare(environment, stage, notes)
    answer = handler(event, _Context(f"arn:aws:lambda:{region}:{account}:function:{reaction.name}"))
    held = [keys["alert"] for _, message, keys in notes.lines if "alert held back" in message]
    return Rehearsal(
        answer=answer,
        actions=tuple(keys["action"] for _, _, keys in notes.lines if "action" in keys),
        calls=tuple(call for call in stage.made if call.name != _PUBLISH),
        alerts=tuple(_told(call.parameters) for call in stage.made if call.name == _PUBLISH),
        held_back=tuple(Told(each["severity"], each["subject"], each["text"]) for each in held),
        log=tuple(notes.lines),
    )


def _told(message: Mapping[str, Any]) -> Told:
    severity = message["MessageAttributes"]["severity"]["StringValue"]
    return Told(severity, message["Subject"], message["Message"])


class _Stage(AwsDouble):
    """A double that also answers the alerts' topic and the plan's actions."""

    def __init__(self, double: AwsDouble) -> None:
        super().__init__({_PUBLISH: {"MessageId": "rehearsed"}, **double.answers})
        self.calls = double.calls  # the caller's double has the calls, too
        self._begun = len(self.calls)

    def expect(self, steps: Iterable[Step | Clue]) -> None:
        """Answers the decided actions from now on."""
        self._begun = len(self.calls)
        for step in steps:
            if isinstance(step, Action):
                self.answers.setdefault(f"{step.service}.{step.operation}", {})

    @property
    def made(self) -> list[Call]:
        """The calls since the plan was made."""
        return self.calls[self._begun :]


class _Notes(Telemetry):
    """Keeps the lines of the log and writes none."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, Mapping[str, Any]]] = []
        self.log = cast("Any", _Log(self.lines))

    def bind(self, **keys: object) -> None:
        """Does nothing: each line has its own fields."""

    def count(self, metric: str, number: int = 1) -> None:
        """Does nothing: the handler's answer has the numbers."""

    def flush(self, **milliseconds: float) -> None:
        """Does nothing."""


class _Log:
    def __init__(self, lines: list[tuple[str, str, Mapping[str, Any]]]) -> None:
        self._lines = lines

    def __getattr__(self, level: str) -> Callable[..., None]:
        return lambda message, **keys: self._lines.append((level, message, keys))


@dataclass(frozen=True)
class _Context:
    """Lambda's context with hardly any time left, so that no retry waits for AWS to catch up."""

    invoked_function_arn: str = ""
    aws_request_id: str = "rehearsal"

    def get_remaining_time_in_millis(self) -> int:
        return 5_500
