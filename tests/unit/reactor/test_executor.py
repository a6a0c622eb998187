"""What is around every plan: exemptions, ledger, budget, kill switch, places, audit records."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any
from unittest.mock import patch

import boto3
import botocore.client
import pytest
from botocore.exceptions import ClientError
from reactor import kill_switch
from reactor.actions import Action, Undo
from reactor.aws import Aws
from reactor.event import Event, read_event
from reactor.exemptions import Exemptions
from reactor.ledger import BudgetSpentError, Ledger
from reactor.reaction import Reaction, Step
from reactor.retry import Clock
from reactor.run import ReactionError
from reactor.settings import Deployment, SettingsError
from reactor.testing import role_session

from tests.unit.reactor.sample_reaction import (
    SWITCH,
    TABLE,
    Make,
    Settings,
    event,
    names,
    sent,
    watched,
)
from tests.unit.reactor.world import (
    ACCOUNT,
    ALICE,
    DEPLOYER,
    REGION,
    Context,
    envelope,
    log_lines,
    record,
)

pytestmark = pytest.mark.unit

OTHER = "210987654321"
FUTURE, PAST = "2999-12-31", "2001-01-01"


# ---- ledger


def test_an_event_that_comes_again_does_nothing_twice(make: Make) -> None:
    reaction = make()
    with watched() as calls:
        first = reaction(event(), Context())
        boto3.client("ssm").delete_parameter(Name="/a")  # somebody took it back
        again = [reaction(event(), Context()) for _ in range(10)]
        cold = make()(event(), Context())
    assert (first["taken"], first["alerts"], first["repeated"]) == (1, 1, 0)
    assert {(a["taken"], a["alerts"], a["repeated"]) for a in [*again, cold]} == {(0, 0, 1)}
    assert names(calls) == ["PutParameter", "Publish"]


def tag(event: Event, settings: Settings, aws: Aws) -> list[Step]:
    """All instances that lack a tag, in one call."""
    found = aws.read("ec2", "describe_instances", {})
    instances = [i for each in (found or {})["Reservations"] for i in each["Instances"]]
    bare = [i["InstanceId"] for i in instances if not i.get("Tags")]
    if not bare:
        return []
    call = {"Resources": bare, "Tags": [{"Key": "seen", "Value": "yes"}]}
    return [
        Action(
            "ec2",
            "create_tags",
            call,
            tuple(bare),
            summary="tag",
            done="tagged",
            undo=Undo("ec2", "delete_tags", call),
            batch="Resources",
        )
    ]


def test_a_batch_is_remembered_by_each_of_its_resources(make: Make) -> None:
    ec2 = boto3.client("ec2")
    ec2.run_instances(ImageId="ami-1", InstanceType="t3.micro", MinCount=3, MaxCount=3)
    make()  # sets the environment

    def react() -> Any:
        calls = {"ec2.amazonaws.com": {"RunInstances"}}
        return Reaction("engine", tag, Settings, calls)(event(), Context())

    def tagged() -> list[str]:
        return [each["ResourceId"] for each in ec2.describe_tags()["Tags"]]

    assert react()["taken"] == 1
    first, second, _ = tagged()
    ec2.delete_tags(Resources=[first], Tags=[{"Key": "seen"}])  # somebody took it back
    again = react()
    assert (again["taken"], again["repeated"]) == (0, 1)
    assert first not in tagged()
    # What the event had not been about before is another matter.
    ec2.delete_tags(Resources=[second], Tags=[{"Key": "seen"}])
    (new,) = ec2.run_instances(ImageId="ami-1", InstanceType="t3.micro", MinCount=1, MaxCount=1)[
        "Instances"
    ]
    more = react()
    assert (more["taken"], more["repeated"]) == (1, 1)
    assert new["InstanceId"] in tagged()
    assert not {first, second} & {*tagged()}


def test_events_are_told_apart(make: Make) -> None:
    reaction = make()
    answers = [reaction(event(id_), Context()) for id_ in ("e-2", "e-1", "e-2")]
    assert [a["taken"] for a in answers] == [1, 1, 0]
    assert boto3.client("ssm").get_parameter(Name="/a")["Parameter"]["Value"] == "e-1"


def test_two_functions_share_a_table(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    assert make()(event(), Context())["taken"] == 1
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "second")
    boto3.client("ssm").delete_parameter(Name="/a")
    assert make(REACTION_NAME="second")(event(), Context())["taken"] == 1


def test_an_action_that_failed_is_tried_again_and_told_once_each_way(make: Make) -> None:
    reaction = make()
    with watched({"PutParameter": ["AccessDenied"]}), pytest.raises(ReactionError, match="set /a"):
        reaction(event(), Context())
    with watched({"PutParameter": ["AccessDenied"]}), pytest.raises(ReactionError):
        reaction(event(), Context())
    assert reaction(event(), Context())["taken"] == 1
    reaction(event(), Context())
    first, second = (text.splitlines()[0] for _, text in sent())
    assert "engine could not set /a (AccessDenied)" in first
    assert second.endswith("engine set /a.")


def test_without_the_ledger_nothing_is_done_and_all_is_told(
    make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    reaction = make()
    with (
        watched({"PutItem": ["InternalServerError"]}) as calls,
        pytest.raises(ReactionError, match=r"the ledger ledger failed \(InternalServerError\)"),
    ):
        reaction(event(), Context(left=5.5))
    assert names(calls) == []
    (metrics,) = [line for line in log_lines(capsys.readouterr().out) if "_aws" in line]
    assert metrics["ReactionsFailed"] == metrics["ActionsFailed"] == [1.0]
    assert reaction(event(), Context())["taken"] == 1


def test_a_ledger_that_fails_after_the_action_is_told(
    make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    reaction = make()
    with (
        watched({"UpdateItem": ["InternalServerError"]}) as calls,
        pytest.raises(ReactionError, match="write into the ledger"),
    ):
        reaction(event(), Context(left=5.5))
    assert names(calls) == ["PutParameter", "Publish"]
    statuses = [
        li["action"]["status"] for li in log_lines(capsys.readouterr().out) if "action" in li
    ]
    assert statuses == ["taken"]


def test_a_run_at_the_same_key_is_waited_for_and_then_told(make: Make) -> None:
    make()
    aws = Aws(REGION)
    ledger = Ledger(TABLE, "engine", 30, aws)
    pauses: list[float] = []

    class Patient(Clock):
        def sleep(self, seconds: float) -> None:
            pauses.append(seconds)
            self._end -= seconds

    def nested() -> dict[str, str]:
        with pytest.raises(Exception, match="another run has been at it for too long"):
            ledger.once(("k",), lambda: {"never": "done"}, Patient(Context(left=9)))
        return {"done": "once"}

    assert ledger.once(("k",), nested, Clock(Context())) == ({"done": "once"}, False)
    assert ledger.once(("k",), nested, Clock(Context())) == ({"done": "once"}, True)
    assert len(pauses) >= 2


def test_the_ledger_remembers_as_long_as_it_is_told(make: Make) -> None:
    make(REACTION_LEDGER_DAYS="40")(event(), Context())
    items = boto3.client("dynamodb").scan(TableName=TABLE)["Items"]
    ends = [int(item["expiration"]["N"]) for item in items]
    now = datetime.now(UTC).timestamp()
    assert len(ends) == 4  # the action, its request's id, the alert, and what was done
    assert all(abs(end - now - 40 * 86400) < 120 for end in ends)


def test_a_topic_that_was_down_hears_later_what_was_done(make: Make) -> None:
    reaction = make()
    with (
        watched({"Publish": ["InternalError"]}),
        pytest.raises(ReactionError, match="send the alert"),
    ):
        reaction(event(), Context(left=5.5))
    assert sent() == []
    answer = reaction(event(), Context())  # /a is as it should be by now: the plan is empty
    assert (answer["taken"], answer["alerts"]) == (0, 1)
    ((_, text),) = sent()
    assert text.splitlines()[0] == "alice did it; engine set /a."


# ---- budget


def test_a_spent_budget_notifies_only_and_says_so_once_an_hour(
    make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    reaction = make(
        {"parameters": ["/a", "/b"]}, REACTION_BUDGET="3", REACTION_PRINCIPAL_BUDGET="3"
    )
    answers = [reaction(event(f"e-{n}"), Context()) for n in range(3)]
    assert [a["taken"] for a in answers] == [2, 1, 0]
    subjects = [subject for subject, _ in sent()]
    assert sum("spent its budget" in subject for subject in subjects) == 1
    texts = [text for subject, text in sent() if "spent" not in subject]
    assert texts[2].splitlines()[0] == (
        "alice did it; engine would set /a (the budget of 3 actions an hour is spent) and would "
        "set /b (the budget of 3 actions an hour is spent)."
    )
    lines = log_lines(capsys.readouterr().out)
    assert sum(line.get("BudgetSpent") == [1.0] for line in lines) == 2
    assert [line["ActionsHeld"] for line in lines if "ActionsHeld" in line] == [[1.0], [2.0]]


def test_a_failed_action_costs_nothing_and_a_repeated_one_neither(make: Make) -> None:
    reaction = make(REACTION_BUDGET="1")
    with watched({"PutParameter": ["AccessDenied"]}), pytest.raises(ReactionError):
        reaction(event(), Context())
    assert reaction(event(), Context())["taken"] == 1
    boto3.client("ssm").delete_parameter(Name="/a")
    assert reaction(event(), Context())["repeated"] == 1
    with pytest.raises(BudgetSpentError, match="0 actions are left"):
        Ledger(TABLE, "engine", 30, Aws(REGION)).spend(1, 1)


def test_a_budget_needs_a_table() -> None:
    with pytest.raises(SettingsError, match="set REACTION_LEDGER_TABLE too"):
        Deployment.from_environment({"REACTION_BUDGET": "3"}, "x")
    with pytest.raises(SettingsError, match="REACTION_BUDGET is 'many'"):
        Deployment.from_environment({"REACTION_BUDGET": "many"}, "x")


# ---- detections


def test_detections_are_counted_by_severity_in_every_mode_and_once_an_event(
    make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    reaction = make()
    for id_ in ("e-1", "e-1", "e-2"):
        reaction(event(id_), Context())
    make(REACTION_MODE="dry_run")(event("e-3"), Context())
    with watched({"Publish": ["AuthorizationError"]}), pytest.raises(ReactionError):
        make()(event("e-4"), Context())
    lines = log_lines(capsys.readouterr().out)
    counted = {(key, *line[key]) for line in lines for key in line if key.startswith("Detections")}
    assert counted == {("DetectionsHigh", 1.0)}
    assert sum("DetectionsHigh" in line for line in lines) == 3


# ---- kill switch


@pytest.mark.parametrize(
    ("value", "done", "told"),
    [
        ("enforce", ["PutParameter", "Publish"], ""),
        ("notify", ["Publish"], f"the kill switch {SWITCH} says notify"),
        ("dry_run", [], f"the kill switch {SWITCH} says dry_run"),
        ("on", ["Publish"], f"the kill switch {SWITCH} says 'on', which is no mode"),
    ],
)
def test_the_kill_switch_caps_the_mode(
    value: str, done: list[str], told: str, make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    boto3.client("ssm").put_parameter(Name=SWITCH, Value=value, Type="String", Overwrite=True)
    with watched() as calls:
        make(REACTION_KILL_SWITCH=SWITCH)(event(), Context())
    assert names(calls) == done
    assert told in capsys.readouterr().out


@pytest.mark.parametrize("code", ["ParameterNotFound", "AccessDeniedException", "Throttling"])
def test_an_unreadable_kill_switch_means_notify(
    code: str, make: Make, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Clock, "sleep", lambda *_: None)
    reaction = make(REACTION_KILL_SWITCH=SWITCH)
    with watched({f"GetParameter {SWITCH}": [code]}) as calls:
        reaction(event(), Context())
    assert names(calls) == ["Publish"]
    assert f"can't be read: {code}" in dict(calls)["Publish"]["Message"]
    lines = log_lines(capsys.readouterr().out)
    assert any(line.get("KillSwitchUnreadable") == [1.0] for line in lines)


@pytest.mark.parametrize(
    ("code", "later", "done"),
    [
        ("ThrottlingException", 3500, ["PutParameter", "Publish"]),
        ("ThrottlingException", 3601, ["Publish"]),
        ("AccessDeniedException", 1, ["Publish"]),
    ],
)
def test_who_gets_the_switch_throttled_gains_nothing(
    code: str, later: int, done: list[str], make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    boto3.client("ssm").put_parameter(Name=SWITCH, Value="enforce", Type="String", Overwrite=True)
    monkeypatch.setattr(kill_switch, "MAX_AGE", -1.0)
    monkeypatch.setattr(Clock, "sleep", lambda *_: None)
    reaction = make(REACTION_KILL_SWITCH=SWITCH)
    reaction(event("e-1"), Context())
    monkeypatch.setattr(
        kill_switch, "KEPT", kill_switch.KEPT - later
    )  # as if so much time had passed
    with watched({f"GetParameter {SWITCH}": [code]}) as calls:
        reaction(event("e-2"), Context())
    assert names(calls) == done


def test_thrown_in_the_middle_of_an_event_no_further_action_is_taken(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reactor.kill_switch.MAX_AGE", -1.0)
    reaction = make({"parameters": ["/a", "/b", "/c"]}, REACTION_KILL_SWITCH=SWITCH)
    client: Any = botocore.client.BaseClient
    original = client._make_api_call

    def call(self: Any, operation: str, parameters: dict[str, Any]) -> Any:
        answer = original(self, operation, parameters)
        if operation == "PutParameter" and parameters["Name"] == "/a":
            thrown = {"Name": SWITCH, "Value": "dry_run", "Type": "String", "Overwrite": True}
            original(self, "PutParameter", thrown)
        return answer

    with patch.object(client, "_make_api_call", call):
        answer = reaction(event(), Context())
    assert (answer["planned"], answer["taken"], answer["alerts"]) == (3, 1, 0)


def test_the_switch_is_read_once_a_second_at_most(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert kill_switch.MAX_AGE == 1.0
    monkeypatch.setattr(kill_switch, "MAX_AGE", 600.0)  # a busy machine takes longer for five
    reaction = make({"parameters": []}, REACTION_KILL_SWITCH=SWITCH)
    with watched() as calls:
        for n in range(5):
            reaction(event(f"e-{n}"), Context())
    assert sum(name == "GetParameter" for name, _ in calls) == 1


def test_in_dry_run_neither_switch_nor_ledger_is_asked(make: Make) -> None:
    with watched() as calls:
        make(REACTION_MODE="dry_run", REACTION_KILL_SWITCH=SWITCH, REACTION_AUDIT_BUS="audit")(
            event(), Context()
        )
    assert [name for name, _ in calls] == ["GetParameter"]  # the plan's own look at /a


# ---- exemptions


@pytest.mark.parametrize(
    ("exemptions", "exempt"),
    [
        ({"principals": {f"arn:aws:iam::{ACCOUNT}:role/ci/deploy": FUTURE}}, True),
        ({"principals": {"arn:aws:iam::*:role/ci/d?ploy": FUTURE}}, True),
        ({"principals": {f"arn:aws:iam::{ACCOUNT}:role/ci/deploy": PAST}}, False),
        ({"principals": {f"arn:aws:iam::{ACCOUNT}:role/deploy": FUTURE}}, False),
        ({"principals": {"arn:aws:iam::*:user/*": FUTURE}}, False),
        ({"role_paths": {"/ci/": FUTURE}}, True),
        ({"role_paths": {"/ci/": FUTURE}, "accounts": {ACCOUNT: PAST}}, True),
        ({"role_paths": {"/c/": FUTURE}}, False),
        ({"accounts": {ACCOUNT: FUTURE}}, True),
        ({"accounts": {OTHER: FUTURE}}, False),
        ({"iac": [f"arn:aws:iam::{ACCOUNT}:role/ci/*"]}, True),
        ({"iac": ["arn:aws:iam::*:role/other"]}, False),
    ],
)
def test_exempt_callers_are_left_alone_and_logged(
    exemptions: dict[str, Any], exempt: bool, make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    reaction = make(REACTION_EXEMPTIONS=json.dumps(exemptions))
    with watched() as calls:
        answer = reaction(event(identity=DEPLOYER), Context())
    out = capsys.readouterr().out
    assert answer["handled"] is not exempt
    assert names(calls) == ([] if exempt else ["PutParameter", "Publish"])
    assert ("event left alone: exemption used" in out) is exempt
    assert ("exemption expired" in out) is (PAST in json.dumps(exemptions) and not exempt)


@pytest.mark.parametrize(
    "identity",
    [
        role_session("app", "breakglass"),
        {
            "type": "FederatedUser",
            "arn": f"arn:aws:sts::{ACCOUNT}:federated-user/breakglass",
            "sessionContext": {
                "sessionIssuer": {"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/eve"}
            },
        },
    ],
)
def test_a_session_name_exempts_nobody(identity: dict[str, Any]) -> None:
    day = date(2999, 1, 1)
    exemptions = Exemptions(principals={"*breakglass": day}, iac=("*/breakglass",))
    assert exemptions.of(read_event(event(identity=identity))) is None
    unpathed = json.loads(json.dumps(role_session("breakglass", "x", path="/ops/")))
    assert exemptions.of(read_event(event(identity=unpathed))) is not None
    unpathed["sessionContext"]["sessionIssuer"] = {}
    assert exemptions.of(read_event(event(identity=unpathed))) is not None


def test_a_role_of_another_account_has_no_exempt_path() -> None:
    foreign = json.loads(json.dumps(DEPLOYER).replace(ACCOUNT, OTHER))
    read = read_event(event(identity=foreign))
    paths = Exemptions(role_paths={"/ci/": date(2999, 1, 1)})
    assert paths.of(read_event(event(identity=DEPLOYER))) is not None
    assert paths.of(read) is None


def test_the_last_day_is_a_whole_day() -> None:
    exemptions = Exemptions(accounts={ACCOUNT: date(2026, 5, 1)})
    read = read_event(event())
    last, after = exemptions.of(read, date(2026, 5, 1)), exemptions.of(read, date(2026, 5, 2))
    assert last is not None
    assert after is not None
    assert (last.expired, after.expired) == (False, True)


def test_a_tag_exempts_a_resource(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    exemptions = json.dumps({"tags": {"exempt=yes": FUTURE}})
    answer = make({"tag": "yes"}, REACTION_EXEMPTIONS=exemptions)(event(), Context())
    # Left alone means that nobody is told either.
    assert (answer["taken"], answer["exempt"], answer["alerts"]) == (0, 1, 0)
    assert "exempt until 2999-12-31 (tag exempt=yes)" in capsys.readouterr().out


@pytest.mark.parametrize(
    "request_",
    [
        {"tagSpecificationSet": {"items": [{"tags": [{"key": "exempt", "value": "yes"}]}]}},
        {"tags": [{"key": "exempt", "value": "yes"}]},
        {"tagSet": {"items": [{"key": "exempt", "value": "yes"}]}},
        {"Tagging": {"TagSet": {"Tag": {"Key": "exempt", "Value": "yes"}}}},
        {"tags": {"exempt": "yes"}},
    ],
)
def test_a_call_cannot_exempt_its_own_resource(request_: dict[str, Any], make: Make) -> None:
    exemptions = json.dumps({"tags": {"exempt=yes": FUTURE}})
    reaction = make({"tag": "yes"}, REACTION_EXEMPTIONS=exemptions)
    answer = reaction(event(requestParameters=request_), Context())
    assert (answer["taken"], answer["exempt"]) == (1, 0)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[", "is no JSON"),
        ("[]", "must be a JSON object"),
        ('{"principal": {}}', "the kinds are principals, role_paths, accounts, tags and iac"),
        ('{"principals": ["arn:x"]}', "must have an object as principals"),
        ('{"principals": {"admin": "2999-01-01"}}', "has 'admin' among principals"),
        ('{"accounts": {"123": "2999-01-01"}}', "write twelve digits"),
        ('{"role_paths": {"ci": "2999-01-01"}}', "write a path such as /ci/"),
        ('{"role_paths": {"/": "2999-01-01"}}', "write a path such as /ci/"),
        ('{"tags": {"a": "2999-01-01"}}', "write a tag as key=value"),
        ('{"tags": {"a=b": null}}', "write a day as in 2026-12-31"),
        ('{"tags": {"a=b": "soon"}}', "write a day as in 2026-12-31"),
        ('{"iac": "arn:x"}', "must have a list of ARNs as iac"),
    ],
)
def test_a_misspelt_exemption_fails_every_event(text: str, told: str, make: Make) -> None:
    with pytest.raises(SettingsError, match=told):
        make(REACTION_EXEMPTIONS=text)(event(), Context())


# ---- loops


def test_its_own_calls_are_left_alone(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/reactions/guard-eu-west-1"
    reaction = make(REACTION_ROLE=role)
    own = role_session("guard-eu-west-1", "engine", path="/reactions/")
    Ledger(TABLE, "engine", 30, Aws(REGION)).remember("call", "r-1", {"event": "e-0"})
    answer = reaction(event(identity=own, requestID="r-1"), Context())
    assert (answer["handled"], answer["why"]) == (False, "its own call")
    unpathed = json.loads(json.dumps(own))
    unpathed["sessionContext"]["sessionIssuer"] = {}
    assert reaction(event(identity=unpathed, requestID="r-1"), Context())["handled"] is False
    foreign = json.loads(json.dumps(own).replace(ACCOUNT, OTHER))
    assert reaction(event("e-2", identity=foreign), Context())["handled"] is True
    assert reaction(event("e-3", identity=ALICE), Context())["handled"] is True
    assert "the call is this reaction's own" in capsys.readouterr().out


def test_calls_through_a_member_role_are_its_own(make: Make) -> None:
    reaction = make(REACTION_MEMBER_ROLE="security/member", REACTION_NAME="guard 1")
    own = role_session("member", "guard-1", path="/security/")
    Ledger(TABLE, "guard 1", 30, Aws(REGION)).remember("call", "r-1", {"event": "e-0"})
    assert reaction(event(identity=own, requestID="r-1"), Context())["handled"] is False
    other = role_session("member", "another", path="/security/")
    assert reaction(event(identity=other, requestID="r-1"), Context())["handled"] is True


# ---- places


def test_with_a_member_role_it_acts_in_the_events_account_and_region(make: Make) -> None:
    reaction = make(
        REACTION_MEMBER_ROLE="/security/member",
        REACTION_EXTERNAL_ID="shared",
        REACTION_NAME="engine",
    )
    with watched() as calls:
        for id_ in ("e-1", "e-2"):
            abroad = event(id_, recipientAccountId=OTHER, awsRegion="us-east-2")
            assert reaction(abroad, Context())["taken"] == 1
    assumed = [parameters for name, parameters in calls if name == "AssumeRole"]
    assert assumed == [
        {
            "RoleArn": f"arn:aws:iam::{OTHER}:role/security/member",
            "RoleSessionName": "engine",
            "ExternalId": "shared",
        }
    ]
    here = boto3.client("ssm").get_parameters(Names=["/a"])
    assert here["InvalidParameters"] == ["/a"]
    given = boto3.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{OTHER}:role/security/member", RoleSessionName="look"
    )["Credentials"]
    there = boto3.client(
        "ssm",
        region_name="us-east-2",
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    assert there.get_parameter(Name="/a")["Parameter"]["Value"] == "e-2"


@pytest.mark.parametrize("environment", [{}, {"REACTION_MEMBER_ROLE": "member"}])
def test_without_a_way_there_it_refuses_and_alerts(
    environment: dict[str, str], make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    with watched({"AssumeRole": ["AccessDenied"]}) as calls:
        answer = make(**environment)(event(recipientAccountId=OTHER), Context())
    assert names(calls) == ["Publish"]
    assert (answer["refused"], answer["taken"]) == (1, 0)
    ((subject, _),) = sent()
    assert "engine refused to act on RunInstances" in subject
    assert ("may not assume" in capsys.readouterr().out) is bool(environment)


def test_a_member_role_that_is_throttled_is_tried_again(make: Make) -> None:
    with watched({"AssumeRole": ["Throttling"]}), pytest.raises(ClientError, match="Throttling"):
        make(REACTION_MEMBER_ROLE="member")(event(recipientAccountId=OTHER), Context(left=5.5))


# ---- settling


def test_it_waits_until_the_event_has_settled(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("reactor.retry.Clock.sleep", lambda _, seconds: pauses.append(seconds))
    reaction = make(REACTION_SETTLE_SECONDS="20")
    begun = datetime.now(UTC)
    reaction(event(eventTime=f"{begun:%Y-%m-%dT%H:%M:%SZ}"), Context(left=60))
    took = (datetime.now(UTC) - begun).total_seconds()
    reaction(event("e-2"), Context(left=60))
    reaction(event("e-3", eventTime="2999-01-01T00:00:00Z"), Context(left=60))
    assert 19 - took < pauses[0] <= 20  # an event's time has no part of a second
    assert pauses[1:] == [0.0, 20.0]


# ---- audit


def test_an_action_leaves_a_record_in_log_and_on_the_bus(
    make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    reaction = make(REACTION_AUDIT_BUS="audit")
    with watched() as calls:
        for _ in range(2):
            reaction(event(), Context())
    ((_, put),) = [each for each in calls if each[0] == "PutEvents"]
    (entry,) = put["Entries"]
    detail = json.loads(entry.pop("Detail"))
    assert entry == {
        "Source": "cloudtrail-reactor",
        "DetailType": "Reaction Action",
        "EventBusName": "audit",
        "Resources": [],
    }
    assert detail["status"] == "taken"
    assert (detail["before"], detail["after"]) == ({"Value": None}, {"Value": "e-1"})
    assert detail["undo"]["command"] == (
        'aws ssm delete-parameter --region eu-west-1 --cli-input-json \'{"Name": "/a"}\''
    )
    assert detail["event"]["id"] == "e-1"
    assert detail["latency_ms"] > 0
    (logged,) = [li["action"] for li in log_lines(capsys.readouterr().out) if "action" in li]
    assert json.loads(json.dumps(logged)) == detail


def test_a_record_that_could_not_be_sent_is_sent_by_the_next_try(make: Make) -> None:
    reaction = make(REACTION_AUDIT_BUS="audit")
    with (
        watched({"PutEvents": ["InternalException"]}),
        pytest.raises(ReactionError, match="write the audit record"),
    ):
        reaction(event(), Context(left=5.5))
    with watched() as calls:
        answer = reaction(event(), Context())
    assert answer["taken"] == 0
    ((_, put),) = [each for each in calls if each[0] == "PutEvents"]
    assert json.loads(put["Entries"][0]["Detail"])["status"] == "taken"


def test_a_large_record_says_what_it_leaves_out() -> None:
    from reactor import audit
    from reactor.actions import Outcome

    action = Action("s", "o", {"x": "y" * 300_000}, ("r",), "do", "did")
    found = audit.record(Outcome(action, "taken"), read_event(envelope(record())), "n", "enforce")
    detail = json.loads(audit.entry(found, "bus")["Detail"])
    assert "parameters" in detail["omitted"]
    assert detail["status"] == "taken"
