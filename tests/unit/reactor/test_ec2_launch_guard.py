"""ec2-launch-guard: its plan for every launch, and the handler in a moto account."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from unittest.mock import patch

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from hypothesis import given, settings
from moto.sns.models import sns_backends
from reactor.actions import Action, Alert
from reactor.alerts import MAX_SUBJECT, message, subject
from reactor.event import read_event
from reactor.reaction import Reaction
from reactor.reactions.ec2_launch_guard import Settings, plan
from reactor.run import ReactionError
from reactor.settings import SettingsError
from reactor.tagging import MAX_RESOURCES
from reactor.testing import AwsDouble

from tests.unit.reactor.fuzz import odd
from tests.unit.reactor.world import (
    ACCOUNT,
    ALICE,
    AUTO_SCALING,
    AUTO_SCALING_AS_ROOT,
    BOB_BY_SSO,
    DEPLOYER,
    KARPENTER,
    REGION,
    RESERVATION,
    ROOT,
    TOPIC,
    Context,
    envelope,
    launch,
    log_lines,
    record,
)

pytestmark = pytest.mark.unit

Configure = Callable[..., Reaction[Settings]]
RunInstances = Callable[..., list[str]]
ID = "i-0aaaaaaaaaaaaaaa1"
AT = "2025-11-22T12:00:05Z"


def _ec2(**answers: Any) -> AwsDouble:
    """EC2 as a plan sees it; anything but a look at it is an error."""
    looks = {"instances": "Reservations", "volumes": "Volumes", "instance_types": "InstanceTypes"}
    return AwsDouble(
        {f"ec2.describe_{what}": {key: answers.get(key, [])} for what, key in looks.items()}
    )


def _plan(
    detail: dict[str, Any], settings: Settings | None = None, **answers: Any
) -> tuple[list[Action], list[Alert]]:
    steps = plan(read_event(envelope(detail)), settings or Settings(), _ec2(**answers))
    actions = [step for step in steps if isinstance(step, Action)]
    alerts = [step for step in steps if isinstance(step, Alert)]
    assert len(actions) + len(alerts) == len(steps)
    return actions, alerts


def _tags(action: Action) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in action.parameters["Tags"]}


# ---- the plan: tags


@pytest.mark.parametrize(
    ("identity", "changes", "owner", "source"),
    [
        (ALICE, {}, "alice", "aws-cli"),
        (DEPLOYER, {"userAgent": "HashiCorp Terraform/1.11.4"}, "deploy/ci-42", "terraform"),
        (BOB_BY_SSO, {"sessionCredentialFromConsole": "true"}, "bob@example.com", "console"),
        (ROOT, {"userAgent": "Boto3/1.43"}, "root", "boto3"),
        (AUTO_SCALING, {}, "autoscaling.amazonaws.com", "autoscaling"),
        (AUTO_SCALING_AS_ROOT, {}, "autoscaling.amazonaws.com", "autoscaling"),
        (KARPENTER, {}, "karpenter/1700000000", "ec2fleet"),
        ({**DEPLOYER, "invokedBy": "cloudformation.amazonaws.com"}, {}, "deploy/ci-42", None),
        ({**ALICE, "userName": "a,b"}, {}, "a_b", "aws-cli"),
        ({}, {}, "unknown", "aws-cli"),
    ],
)
def test_owner_and_source(
    identity: dict[str, Any], changes: dict[str, Any], owner: str, source: str | None
) -> None:
    detail = launch([ID], **changes)
    detail["userIdentity"] = identity
    ((action,), alerts) = _plan(detail)
    tags = _tags(action)
    assert tags["reactor:owner"] == owner
    assert tags["reactor:launch-source"] == (source or "cloudformation")
    assert tags["reactor:launched-at"] == AT
    assert len(tags) == 4
    assert alerts == []


@pytest.mark.parametrize(
    ("tag", "owner"),
    [
        ({"aws:autoscaling:groupName": "web"}, "autoscaling-group/web"),
        ({"aws:ec2:fleet-id": "fleet-1"}, "ec2-fleet/fleet-1"),
        ({"aws:ec2spot:fleet-request-id": "sfr-1"}, "spot-fleet/sfr-1"),
    ],
)
def test_a_service_launches_for_its_group(tag: dict[str, str], owner: str) -> None:
    for identity in (AUTO_SCALING, AUTO_SCALING_AS_ROOT):
        ((action,), _) = _plan(launch([ID], identity=identity, tags=tag))
        assert _tags(action)["reactor:owner"] == owner


def test_one_call_tags_every_instance_and_named_volume() -> None:
    ids = [f"i-{n:017x}" for n in range(3)]
    ((action,), _) = _plan(launch(ids, volumes={ids[1]: ["vol-1"]}))
    assert action.parameters["Resources"] == [ids[0], ids[1], "vol-1", ids[2]]
    assert action.resources == (ids[0], ids[1], "vol-1", ids[2])
    assert (action.service, action.operation) == ("ec2", "create_tags")
    assert action.summary.startswith("tag 3 instances and 1 volume with reactor:owner, ")
    assert action.undo is not None
    assert action.undo.operation == "delete_tags"
    assert action.undo.parameters["Resources"] == action.parameters["Resources"]


def test_as_few_calls_as_the_limit_allows() -> None:
    ids = [f"i-{n:017x}" for n in range(2 * MAX_RESOURCES + 1)]
    actions, _ = _plan(launch(ids))
    assert [len(action.resources) for action in actions] == [MAX_RESOURCES, MAX_RESOURCES, 1]
    assert [id_ for action in actions for id_ in action.resources] == ids
    assert MAX_RESOURCES <= 1000


def test_the_prefix_is_set() -> None:
    ((action,), _) = _plan(launch([ID]), Settings(tag_prefix="acme/"))
    assert set(_tags(action)) == {
        "acme/owner",
        "acme/creator-kind",
        "acme/launch-source",
        "acme/launched-at",
    }


def test_a_launch_that_brings_the_right_tags_needs_nothing() -> None:
    facts = {
        "owner": "alice",
        "creator-kind": "iam-user",
        "launch-source": "aws-cli",
        "launched-at": AT,
    }
    tags = {f"reactor:{name}": value for name, value in facts.items()}
    assert _plan(launch([ID], tags=tags)) == ([], [])


def test_a_failed_launch_needs_nothing() -> None:
    detail = launch([ID], "p5.48xlarge", errorCode="Client.InsufficientInstanceCapacity")
    assert _plan(detail, Settings(alert_from_size="nano", alert_from_count=1)) == ([], [])


@pytest.mark.parametrize(
    ("response", "told"),
    [
        (None, "for no known reason"),
        ({}, "for no known reason"),
        ({"instancesSet": {}}, "for no known reason"),
        ({"instancesSet": {"items": [{"instanceType": "t3.micro"}]}}, "for no known reason"),
        ({"omitted": True, "originalSize": 400000}, "as too large"),
    ],
)
def test_a_launch_without_instances_is_told(response: object, told: str) -> None:
    (actions, (alert,)) = _plan(launch([ID], responseElements=response))
    assert (actions, alert.severity) == ([], "high")
    assert told in dict(alert.details)["Look at"]


def _now(id_: str, tags: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    given = [{"Key": key, "Value": value} for key, value in (tags or {}).items()]
    state = {
        "InstanceId": id_,
        "Tags": given,
        "State": {"Name": "running"},
        "LaunchTime": datetime.fromisoformat(AT),
        **more,
    }
    return {"OwnerId": ACCOUNT, "ReservationId": RESERVATION, "Instances": [state]}


def test_tags_that_arrived_late_are_overwritten_and_can_be_given_back() -> None:
    late = {"reactor:owner": "team-a", "Name": "web", "aws:ec2launchtemplate:id": "lt-1"}
    volume = {
        "VolumeId": "vol-9",
        "Tags": [{"Key": "reactor:owner", "Value": "team-a"}],
        "Attachments": [{"InstanceId": ID}],
        "CreateTime": datetime.fromisoformat(AT),
    }
    (missing, false), _ = _plan(launch([ID]), Reservations=[_now(ID, late)], Volumes=[volume])
    assert set(_tags(missing)) == {
        "reactor:creator-kind",
        "reactor:launch-source",
        "reactor:launched-at",
    }
    assert _tags(false) == {"reactor:owner": "alice"}
    assert missing.resources == false.resources == (ID, "vol-9")
    assert false.summary == "retag 1 instance and 1 volume whose reactor:owner said otherwise"
    assert false.undo is not None
    assert (false.undo.operation, false.undo.parameters) == (
        "create_tags",
        {"Resources": [ID, "vol-9"], "Tags": [{"Key": "reactor:owner", "Value": "team-a"}]},
    )
    assert missing.name != false.name
    # Only AWS's own tags may exempt what the call made.
    assert false.tags == {ID: {"aws:ec2launchtemplate:id": "lt-1"}, "vol-9": {}}


def test_a_tag_of_the_request_that_somebody_removed_is_missing() -> None:
    ((action,), _) = _plan(launch([ID], tags={"reactor:owner": "a"}), Reservations=[_now(ID)])
    assert "reactor:owner" in _tags(action)


def test_gone_resources_are_not_tagged() -> None:
    gone = _now(ID, State={"Name": "terminated"})
    assert _plan(launch([ID]), Reservations=[gone]) == ([], [])


# ---- the plan: what is stopped

STOP = Settings(alert_from_size="4xlarge", alert_instance_types=("p*",), stop_flagged=True)


def _stopped(detail: dict[str, Any], settings: Settings = STOP, **answers: Any) -> list[str]:
    actions, alerts = _plan(detail, settings, **answers)
    stops = [action for action in actions if action.operation == "stop_instances"]
    assert len(stops) <= 1
    assert alerts or not stops
    return [id_ for action in stops for id_ in action.parameters["InstanceIds"]]


def test_flagged_instances_are_stopped_and_can_be_started() -> None:
    ids = ["i-0aaaaaaaaaaaaaaa1", "i-0aaaaaaaaaaaaaaa2", "i-0aaaaaaaaaaaaaaa3"]
    detail = launch(ids, types=["m5.8xlarge", "t3.micro", "p4d.24xlarge"])
    assert _stopped(detail) == [ids[0], ids[2]]
    assert _stopped(detail, Settings(alert_from_size="4xlarge")) == []
    assert _stopped(detail, Settings(alert_from_count=3, stop_flagged=True)) == ids
    actions, _ = _plan(detail, STOP)
    stop = actions[0]
    assert stop.summary == "stop 2 instances"
    assert stop.undo is not None
    assert (stop.undo.operation, stop.undo.parameters) == (
        "start_instances",
        {"InstanceIds": [ids[0], ids[2]]},
    )
    assert "IncorrectInstanceState" in stop.not_yet


@pytest.mark.parametrize(
    "now",
    [
        _now(ID, {"aws:autoscaling:groupName": "web"}),
        _now(ID, {"aws:ec2:fleet-id": "fleet-1"}),
        _now(ID, InstanceLifecycle="spot"),
        _now(ID, State={"Name": "stopping"}),
        _now(ID, State={"Name": "terminated"}),
    ],
)
def test_instances_of_groups_and_spot_instances_are_not_stopped(now: dict[str, Any]) -> None:
    assert _stopped(launch([ID], "p4d.24xlarge"), Reservations=[now]) == []


TYPES = [
    {"InstanceType": "m5.2xlarge", "VCpuInfo": {"DefaultVCpus": 8}},
    {"InstanceType": "g5.xlarge", "VCpuInfo": {"DefaultVCpus": 4}, "GpuInfo": {"Gpus": [{}]}},
]


@pytest.mark.parametrize(
    ("settings", "types", "why"),
    [
        (Settings(alert_from_vcpus=16), ["m5.2xlarge"] * 2, "16 vCPUs in all, alerted from 16"),
        (Settings(alert_from_vcpus=16), ["m5.2xlarge", "g5.xlarge"], None),
        (Settings(alert_on_accelerators=True), ["m5.2xlarge", "g5.xlarge"], "g5.xlarge has acc"),
        (Settings(alert_on_accelerators=True), ["m5.2xlarge"], None),
        (Settings(alert_on_accelerators=True), ["x9.new"], "what accelerators x9.new has can't"),
    ],
)
def test_vcpus_and_accelerators_of_a_type_make_an_alert(
    settings: Settings, types: list[str], why: str | None
) -> None:
    ids = [f"i-{n:017x}" for n in range(len(types))]
    _, alerts = _plan(launch(ids, types=types), settings, InstanceTypes=TYPES)
    assert [dict(alert.details)["Why"].startswith(why or "") for alert in alerts] == (
        [True] if why else []
    )


def test_unknown_types_make_an_alert() -> None:
    _, (alert,) = _plan(launch([ID]), Settings(alert_from_vcpus=1000))
    assert "a number of vCPUs that can't be told in all" in dict(alert.details)["Why"]


# ---- the plan: alerts


@pytest.mark.parametrize(
    ("settings", "types", "why"),
    [
        (Settings(alert_from_size="4xlarge"), ["m5.4xlarge"], "m5.4xlarge is of size 4xlarge or"),
        (Settings(alert_from_size="4xlarge"), ["m5.2xlarge"], None),
        (Settings(alert_from_size="4xlarge"), ["t3.micro", "c7i.metal-24xl"], "c7i.metal-24xl is"),
        (Settings(alert_instance_types=("p*", "g?.*")), ["g5.xlarge"], "g5.xlarge matches g?.*"),
        (Settings(alert_instance_types=("p*",)), ["t3.micro"], None),
        (Settings(alert_from_count=2), ["t3.nano", "t3.nano"], "2 at once, alerted from 2"),
        (Settings(alert_from_count=3), ["t3.nano", "t3.nano"], None),
        (Settings(), ["u-6tb1.112xlarge"] * 50, None),
    ],
)
def test_thresholds(settings: Settings, types: list[str], why: str | None) -> None:
    ids = [f"i-{n:017x}" for n in range(len(types))]
    _, alerts = _plan(launch(ids, types=types), settings)
    if why is None:
        assert alerts == []
    else:
        (alert,) = alerts
        assert dict(alert.details)["Why"].startswith(why)


def test_one_alert_for_everything_that_stands_out() -> None:
    ids = [f"i-{n:017x}" for n in range(30)]
    settings = Settings("reactor:", "xlarge", ("p*",), 2)
    actions, (alert,) = _plan(launch(ids, "p5.48xlarge", DEPLOYER), settings)
    assert len(actions) == 1
    assert alert.headline == (
        "ci-42 (role deploy) launched 30 x p5.48xlarge in eu-west-1, account 123456789012, "
        "at 2025-11-22 12:00:05 UTC"
    )
    assert dict(alert.details)["Instances"].endswith(f"{ids[19]} and 10 more")
    assert ids[20] not in dict(alert.details)["Instances"]


@pytest.mark.parametrize("name", ["x" * 200, "Jörg\nMüller", "\x00\x1f", "\ud800"])
def test_a_subject_that_sns_takes(name: str) -> None:
    detail = launch([ID], identity={**ALICE, "userName": name})
    _, (alert,) = _plan(detail, Settings(alert_from_count=1))
    line = subject(alert)
    assert 0 < len(line) <= MAX_SUBJECT
    assert line.isascii()
    assert line.isprintable()
    event = read_event(envelope(detail))
    text = message(alert, event, [], "guard", "notify")
    assert len(text.encode()) <= 262144
    assert "\n" not in text.partition("\n\n")[0]


_WHOLE_LAUNCH = envelope(
    launch(
        [ID, "i-0aaaaaaaaaaaaaaa2"],
        identity=BOB_BY_SSO,
        tags={"reactor:owner": "core"},
        volumes={ID: ["vol-1"]},
    )
)


@settings(max_examples=300)
@given(odd(_WHOLE_LAUNCH))
def test_an_odd_launch_is_planned_or_told_to_be_malformed(value: object) -> None:
    event = read_event(value)
    every = Settings("reactor:", "nano", ("*",), 1)
    steps = plan(event, every, _ec2())
    assert event.instances or event.failed or any(isinstance(step, Alert) for step in steps)
    for step in steps:
        if isinstance(step, Action):
            assert 0 < len(step.resources) <= MAX_RESOURCES
            assert all(0 < len(value) <= 256 for value in _tags(step).values())
            json.dumps(step.parameters)
        else:
            message(step, event, [], "guard", "notify").encode()
            assert 0 < len(subject(step)) <= MAX_SUBJECT


# ---- the handler


def _read_tags(ids: list[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {id_: {} for id_ in ids}
    filters = [{"Name": "resource-id", "Values": ids}]
    for tag in boto3.client("ec2").describe_tags(Filters=filters)["Tags"]:
        found[tag["ResourceId"]][tag["Key"]] = tag["Value"]
    return found


def _sent() -> list[tuple[str, str]]:
    topic = sns_backends[ACCOUNT][REGION].topics[TOPIC]
    return [(str(note[2]), note[1]) for note in topic.sent_notifications]


@contextmanager
def _failing(
    failures: dict[str, list[str]], gone: str = "", *, named: bool = True
) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """Lets calls fail: lists of error codes by operation, the last one for good, and whatever
    names a resource that is gone. Gives all other calls but those that only look; instances have
    no volumes here.
    """
    original = BaseClient._make_api_call  # type: ignore[attr-defined]
    calls: list[tuple[str, dict[str, Any]]] = []

    def call(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
        if operation == "DescribeVolumes":
            return {"Volumes": []}
        if not operation.startswith("Describe"):
            calls.append((operation, parameters))
        codes = failures.get(operation, [])
        code = codes.pop(0) if len(codes) > 1 else "".join(codes)
        if gone in parameters.get("Resources", []):
            code = "InvalidInstanceID.NotFound"
        if code:
            told = f"The instance ID '{gone}' does not exist" if gone and named else "refused"
            raise ClientError({"Error": {"Code": code, "Message": told}}, operation)
        return original(client, operation, parameters)

    with patch.object(BaseClient, "_make_api_call", call):
        yield calls


LARGE = json.dumps({"alert_from_size": "4xlarge"})


def test_enforce_tags_and_alerts(
    configure: Configure, run_instances: RunInstances, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = run_instances(3, InstanceType="p4d.24xlarge")
    answer = configure("enforce", LARGE)(envelope(launch(ids, "p4d.24xlarge", DEPLOYER)), Context())
    assert answer == {
        "event_id": "1a8e25cb-458c-4ec3-89db-50732e95757f",
        "handled": True,
        "mode": "enforce",
        "planned": 1,
        "taken": 1,
        "exempt": 0,
        "repeated": 0,
        "refused": 0,
        "failed": 0,
        "alerts": 1,
    }
    expected = {
        "reactor:owner": "deploy/ci-42",
        "reactor:creator-kind": "role",
        "reactor:launch-source": "aws-cli",
        "reactor:launched-at": AT,
    }
    assert _read_tags(ids) == dict.fromkeys(ids, expected)
    ((title, text),) = _sent()
    assert title == "[medium] deploy/ci-42 launched 3 x p4d.24xlarge in eu-west-1 (123456789012)"
    assert text.splitlines()[0] == (
        "ci-42 (role deploy) launched 3 x p4d.24xlarge in eu-west-1, account 123456789012, "
        "at 2025-11-22 12:00:05 UTC; ec2-launch-guard tagged 3 instances and 3 volumes with "
        "reactor:owner, "
        "reactor:creator-kind, reactor:launch-source and reactor:launched-at."
    )
    assert all(id_ in text for id_ in ids)
    lines = log_lines(capsys.readouterr().out)
    (audit,) = [line for line in lines if line.get("message") == "action taken"]
    resources = audit["action"]["resources"]
    assert [each for each in resources if each.startswith("i-")] == ids
    assert len([each for each in resources if each.startswith("vol-")]) == 3
    assert audit["action"]["undo"]["operation"] == "delete_tags"
    assert audit["event_id"] == "1a8e25cb-458c-4ec3-89db-50732e95757f"
    (metrics,) = [line for line in lines if "_aws" in line]
    assert metrics["ActionsPlanned"] == metrics["ActionsTaken"] == metrics["AlertsSent"] == [1.0]
    assert metrics["ReactionLatency"][0] > 0
    (definition,) = metrics["_aws"]["CloudWatchMetrics"]
    assert (definition["Namespace"], definition["Dimensions"]) == (
        "CloudTrailReactor",
        [["service"]],
    )


def test_the_same_event_again_changes_nothing(
    configure: Configure, run_instances: RunInstances
) -> None:
    ids = run_instances(2)
    handler = configure()
    handler(envelope(launch(ids)), Context())
    before = _read_tags(ids)
    for _ in range(3):
        handler(envelope(launch(ids)), Context())
    assert _read_tags(ids) == before


def test_the_undo_command_takes_the_tags_away(
    configure: Configure, run_instances: RunInstances, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = run_instances(2)
    configure()(envelope(launch(ids)), Context())
    (audit,) = [
        line["action"]
        for line in log_lines(capsys.readouterr().out)
        if line.get("message") == "action taken"
    ]
    undo = audit["undo"]
    getattr(boto3.client(undo["service"]), undo["operation"])(**undo["parameters"])
    assert _read_tags(ids) == {id_: {} for id_ in ids}


def test_volumes_are_found_and_tagged(configure: Configure, run_instances: RunInstances) -> None:
    (id_,) = run_instances(1)  # its event names no volume
    volumes = boto3.client("ec2").describe_volumes(
        Filters=[{"Name": "attachment.instance-id", "Values": [id_]}]
    )["Volumes"]
    (volume,) = [volume["VolumeId"] for volume in volumes]
    configure()(envelope(launch([id_])), Context())
    assert _read_tags([volume])[volume]["reactor:owner"] == "alice"


@pytest.mark.parametrize("mode", [None, "dry_run"])
def test_dry_run_changes_nothing(
    mode: str | None,
    configure: Configure,
    run_instances: RunInstances,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ids = run_instances(2, InstanceType="p4d.24xlarge")
    with _failing({}) as calls:
        answer = configure(mode, LARGE)(envelope(launch(ids, "p4d.24xlarge")), Context())
    assert calls == []
    assert (answer["mode"], answer["planned"], answer["taken"], answer["alerts"]) == (
        "dry_run",
        1,
        0,
        0,
    )
    assert _sent() == []
    lines = log_lines(capsys.readouterr().out)
    (planned,) = [line["action"] for line in lines if line.get("message") == "action planned"]
    assert planned["parameters"]["Resources"] == ids
    (held,) = [line["alert"] for line in lines if "alert" in line]
    assert "ec2-launch-guard is in dry_run mode and would tag 2 instances with" in held["text"]


def test_notify_sends_the_alert_and_changes_nothing(
    configure: Configure, run_instances: RunInstances
) -> None:
    ids = run_instances(2, InstanceType="p4d.24xlarge")
    with _failing({}) as calls:
        answer = configure("notify", LARGE)(envelope(launch(ids, "p4d.24xlarge")), Context())
    assert [operation for operation, _ in calls] == ["Publish"]
    assert (answer["taken"], answer["alerts"]) == (0, 1)
    ((_, text),) = _sent()
    assert text.startswith("alice (IAM user) launched 2 x p4d.24xlarge in eu-west-1")
    assert "is in notify mode and would tag 2 instances" in text.splitlines()[0]


def test_without_a_topic_the_alert_is_logged(
    configure: Configure, run_instances: RunInstances, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = run_instances(1, InstanceType="p4d.24xlarge")
    answer = configure("enforce", LARGE, topic="")(envelope(launch(ids, "p4d.24xlarge")), Context())
    assert (answer["taken"], answer["alerts"]) == (1, 0)
    assert "alert has nowhere to go: set ALERT_TOPIC_ARN" in capsys.readouterr().out


def test_a_topic_of_another_region_is_reached(
    configure: Configure, run_instances: RunInstances
) -> None:
    arn = boto3.client("sns", region_name="us-east-1").create_topic(Name="central")["TopicArn"]
    ids = run_instances(1, InstanceType="p4d.24xlarge")
    answer = configure("notify", LARGE, topic=arn)(envelope(launch(ids, "p4d.24xlarge")), Context())
    assert answer["alerts"] == 1
    topic = sns_backends[ACCOUNT]["us-east-1"].topics[arn]
    assert len(topic.sent_notifications) == 1


# ---- failures


def test_denied_tags_are_told_and_raised(
    configure: Configure, run_instances: RunInstances, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = run_instances(1, InstanceType="p4d.24xlarge")
    handler = configure("enforce", LARGE)
    with (
        _failing({"CreateTags": ["UnauthorizedOperation"]}) as calls,
        pytest.raises(ReactionError, match=r"tag 1 instance with .*UnauthorizedOperation"),
    ):
        handler(envelope(launch(ids, "p4d.24xlarge")), Context())
    assert [operation for operation, _ in calls] == ["CreateTags", "Publish"]
    ((_, text),) = _sent()
    assert "ec2-launch-guard could not tag 1 instance with" in text.splitlines()[0]
    assert "(UnauthorizedOperation)." in text.splitlines()[0]
    lines = log_lines(capsys.readouterr().out)
    (metrics,) = [line for line in lines if "_aws" in line]
    assert metrics["ActionsFailed"] == metrics["ReactionsFailed"] == [1.0]
    assert "ActionsTaken" not in metrics


def test_an_instance_that_is_not_visible_yet_is_waited_for(
    configure: Configure, run_instances: RunInstances, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("reactor.retry.Clock.sleep", lambda _, seconds: pauses.append(seconds))
    ids = run_instances(2)
    with _failing({"CreateTags": ["InvalidInstanceID.NotFound", "RequestLimitExceeded", ""]}):
        answer = configure()(envelope(launch(ids)), Context())
    assert answer["taken"] == 1
    assert len(pauses) == 2
    assert all("reactor:owner" in tags for tags in _read_tags(ids).values())


def test_an_instance_that_is_gone_does_not_keep_the_others_from_their_tags(
    configure: Configure, run_instances: RunInstances, capsys: pytest.CaptureFixture[str]
) -> None:
    here = run_instances(2, InstanceType="p4d.24xlarge")
    gone = "i-0123456789abcdef0"
    handler = configure("enforce", LARGE)
    with (
        _failing({}, gone) as calls,
        pytest.raises(ReactionError, match=rf"tag {gone} with .*InvalidInstanceID\.NotFound"),
    ):
        handler(envelope(launch([here[0], gone, here[1]], "p4d.24xlarge")), Context(left=8.0))
    tried = [parameters["Resources"] for name, parameters in calls if name == "CreateTags"]
    batches = [batch for batch, _ in itertools.groupby(tried)]  # how often, time decides
    assert batches == [[here[0], gone, here[1]], here, [gone]]
    assert all("reactor:owner" in tags for tags in _read_tags(here).values())
    ((_, text),) = _sent()
    assert "ec2-launch-guard tagged 2 of 3 instances with" in text.splitlines()[0]
    assert f"and could not tag {gone} with" in text.splitlines()[0]
    audits = [line["action"] for line in log_lines(capsys.readouterr().out) if "action" in line]
    assert [(audit["status"], audit["resources"]) for audit in audits] == [
        ("taken", here),
        ("failed", [gone]),
    ]
    assert audits[0]["undo"]["parameters"]["Resources"] == here


def test_a_missing_resource_that_the_error_does_not_name_is_found(
    configure: Configure, run_instances: RunInstances
) -> None:
    ids = [*run_instances(5), "i-0123456789abcdef0"]
    handler = configure()
    with (
        _failing({}, ids[-1], named=False) as calls,
        pytest.raises(ReactionError, match=f"tag {ids[-1]} with"),
    ):
        handler(envelope(launch(ids)), Context(left=9))  # some is left for the halves
    assert all("reactor:owner" in tags for tags in _read_tags(ids[:-1]).values())
    assert len(calls) < 2 * len(ids)


def test_a_topic_that_is_down_is_raised_after_the_tags_were_set(
    configure: Configure, run_instances: RunInstances, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = run_instances(1, InstanceType="p4d.24xlarge")
    handler = configure("enforce", LARGE)
    with (
        _failing({"Publish": ["InternalError"]}),
        pytest.raises(ReactionError, match=r"send the alert: .*InternalError"),
    ):
        handler(envelope(launch(ids, "p4d.24xlarge")), Context(left=5.5))
    assert _read_tags(ids)[ids[0]]["reactor:owner"] == "alice"
    lines = log_lines(capsys.readouterr().out)
    assert any(line.get("message") == "alert failed" for line in lines)
    (metrics,) = [line for line in lines if "_aws" in line]
    assert metrics["AlertsFailed"] == metrics["ActionsTaken"] == [1.0]


def test_every_batch_is_tried_before_a_failure_is_raised(
    configure: Configure, aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [f"i-{n:017x}" for n in range(MAX_RESOURCES + 1)]
    handler = configure()
    with (
        _failing({"CreateTags": ["RequestLimitExceeded"]}) as calls,
        pytest.raises(ReactionError, match=r"tag 500 instances.*; tag 1 instance "),
    ):
        handler(envelope(launch(ids)), Context(left=5.5))
    assert [len(parameters["Resources"]) for _, parameters in calls] == [500, 1]


# ---- where it does not act


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"recipientAccountId": "210987654321"}, "account 210987654321, Region eu-west-1"),
        ({"awsRegion": "us-east-1"}, "account 123456789012, Region us-east-1"),
    ],
)
@pytest.mark.parametrize("settings", ["{}", LARGE])
def test_elsewhere_it_refuses_and_says_so(
    changes: dict[str, Any],
    place: str,
    settings: str,
    configure: Configure,
    run_instances: RunInstances,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ids = run_instances(1, InstanceType="p4d.24xlarge")
    with _failing({}) as calls:
        answer = configure("enforce", settings)(
            envelope(launch(ids, "p4d.24xlarge", **changes)), Context()
        )
    assert [operation for operation, _ in calls] == ["Publish"]
    assert (answer["refused"], answer["taken"], answer["alerts"]) == (1, 0, 1)
    assert _read_tags(ids) == {ids[0]: {}}
    ((_, text),) = _sent()
    first = text.splitlines()[0]
    assert "ec2-launch-guard refused to tag 1 instance with" in first
    assert f"the event is of {place}; this function acts in account {ACCOUNT}" in first
    assert "action refused" in capsys.readouterr().out


def test_a_function_that_does_not_know_where_it_is_refuses(
    configure: Configure, run_instances: RunInstances
) -> None:
    ids = run_instances(1)
    answer = configure()(envelope(launch(ids)), Context(invoked_function_arn=""))
    assert (answer["refused"], answer["taken"]) == (1, 0)


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        {},
        "text",
        {"detail": None},
        envelope(record(eventName="StopInstances")),
        envelope(record(eventSource="s3.amazonaws.com")),
        envelope(launch([ID]), source="my.app"),
        envelope(launch([ID]), **{"detail-type": "something else"}),
        launch([ID]),
    ],
)
def test_other_events_are_logged_and_left_alone(
    event: object, configure: Configure, aws: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with _failing({}) as calls:
        answer = configure()(event, Context())
    assert answer["handled"] is False
    assert calls == []
    assert "event left alone" in capsys.readouterr().out


def test_a_failed_launch_does_nothing(configure: Configure, aws: None) -> None:
    with _failing({}) as calls:
        answer = configure("enforce", LARGE)(
            envelope(
                launch(
                    [], "p5.48xlarge", errorCode="Client.VcpuLimitExceeded", responseElements=None
                )
            ),
            Context(),
        )
    assert calls == []
    assert (answer["handled"], answer["planned"], answer["alerts"]) == (True, 0, 0)


def test_a_misspelt_setting_fails_every_event(configure: Configure, aws: None) -> None:
    handler = configure("enforce", '{"alert_from_sice": "large"}')
    for _ in range(2):
        with pytest.raises(SettingsError, match="did you mean 'alert_from_size'"):
            handler(envelope(launch([ID])), Context())


def test_one_event_leaves_no_keys_in_the_log_of_the_next(
    configure: Configure, run_instances: RunInstances, capsys: pytest.CaptureFixture[str]
) -> None:
    handler = configure("dry_run")
    handler(envelope(launch([ID])), Context())
    capsys.readouterr()
    handler(envelope(launch([ID], eventID="second")), Context())
    lines = [line for line in log_lines(capsys.readouterr().out) if "message" in line]
    assert {line["event_id"] for line in lines} == {"second"}
