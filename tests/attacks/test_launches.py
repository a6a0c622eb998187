"""Somebody who launches instances against ec2-launch-guard: by tags, old events, cut records."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import boto3
import botocore.client as botocore_client
import pytest
from botocore.exceptions import ClientError
from moto.ec2.models import ec2_backends
from moto.ec2.utils import filter_dict_attribute_mapping
from reactor.reaction import Reaction
from reactor.reactions import ec2_launch_guard as guard
from reactor.run import ReactionError

from tests.unit.reactor.world import ACCOUNT, NOW, REGION, Context, envelope, launch, log_lines

pytestmark = pytest.mark.unit

BaseClient: Any = botocore_client.BaseClient
React = Callable[..., Reaction[guard.Settings]]
RunInstances = Callable[..., list[str]]
Sent = Callable[[], list[tuple[str, str]]]
LARGE, CUT = "p4d.24xlarge", {"omitted": True, "originalSize": 181_326}
STOP = {"alert_from_size": "4xlarge", "stop_flagged": True}
FOREVER = {"tags": {"reactor-exempt=yes": "2999-12-31"}}


def spec(kind: str, **tags: str) -> dict[str, Any]:
    given = [{"Key": key.replace("__", ":"), "Value": value} for key, value in tags.items()]
    return {"ResourceType": kind, "Tags": given}


def seen(id_: str) -> tuple[str, dict[str, str]]:
    answer = boto3.client("ec2").describe_instances(InstanceIds=[id_])
    (instance,) = answer["Reservations"][0]["Instances"]
    return instance["State"]["Name"], {t["Key"]: t["Value"] for t in instance.get("Tags", ())}


def volume_of(id_: str) -> str:
    filters = [{"Name": "attachment.instance-id", "Values": [id_]}]
    (volume,) = boto3.client("ec2").describe_volumes(Filters=filters)["Volumes"]
    return str(volume["VolumeId"])


@contextmanager
def refusing(
    operation: str, code: str, ids: set[str], told: str = "{} may not"
) -> Iterator[list[list[str]]]:
    """EC2 refuses a whole call for the first of these instances that it names."""
    original, batches = BaseClient._make_api_call, []

    def call(self: Any, name: str, parameters: dict[str, Any]) -> Any:
        if name == operation:
            batches.append(parameters["InstanceIds"])
            for id_ in parameters["InstanceIds"]:
                if id_ in ids:
                    message = told.format(id_)
                    raise ClientError({"Error": {"Code": code, "Message": message}}, name)
        return original(self, name, parameters)

    with patch.object(BaseClient, "_make_api_call", call):
        yield batches


# ---- tags of the launcher's own


@pytest.mark.parametrize("where", ["request", "launch template"])
def test_a_tag_that_the_launcher_brings_exempts_nothing(
    where: str, react: React, run_instances: RunInstances, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REACTION_EXEMPTIONS", json.dumps(FOREVER))
    tags = {"reactor-exempt": "yes"}
    (id_,) = run_instances(InstanceType=LARGE, TagSpecifications=[spec("instance", **tags)])
    event = launch([id_], LARGE, tags=tags)
    if where == "launch template":  # the request names the template only
        event["requestParameters"]["tagSpecificationSet"] = {}
    assert react(guard, **STOP)(envelope(event), Context())["exempt"] == 0
    state, now = seen(id_)
    assert state == "stopped"
    assert now["reactor:owner"] == "alice"


def test_a_tag_that_the_launcher_adds_in_a_hurry_exempts_nothing(
    react: React, run_instances: RunInstances, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REACTION_EXEMPTIONS", json.dumps(FOREVER))
    (id_,) = run_instances(InstanceType=LARGE)
    tags = [{"Key": "reactor-exempt", "Value": "yes"}]
    boto3.client("ec2").create_tags(Resources=[id_, volume_of(id_)], Tags=tags)
    assert react(guard, **STOP)(envelope(launch([id_], LARGE)), Context())["exempt"] == 0
    assert seen(id_)[0] == "stopped"


def test_a_preset_owner_is_overwritten_on_instance_and_volume_and_can_be_given_back(
    react: React, run_instances: RunInstances, capsys: pytest.CaptureFixture[str]
) -> None:
    preset = {"reactor__owner": "ceo", "reactor__launch-source": "console"}
    specs = [spec("instance", **preset), spec("volume", **preset)]
    (id_,) = run_instances(TagSpecifications=specs)
    volume = volume_of(id_)
    boto3.client("ec2").create_tags(Resources=[volume], Tags=specs[1]["Tags"])
    react(guard)(envelope(launch([id_])), Context())

    def owners() -> list[str]:
        (tagged,) = boto3.client("ec2").describe_volumes(VolumeIds=[volume])["Volumes"]
        of_volume = {tag["Key"]: tag["Value"] for tag in tagged["Tags"]}
        return [seen(id_)[1]["reactor:owner"], of_volume["reactor:owner"]]

    assert owners() == ["alice", "alice"]
    lines = log_lines(capsys.readouterr().out)
    for undo in [line["action"]["undo"] for line in lines if "undo" in line.get("action", {})]:
        getattr(boto3.client("ec2"), undo["operation"])(**undo["parameters"])
    assert owners() == ["ceo", "ceo"]
    assert set(seen(id_)[1]) == {"reactor:owner", "reactor:launch-source"}


def test_a_volume_of_others_that_the_launcher_attaches_keeps_its_owner(
    react: React, run_instances: RunInstances
) -> None:
    (id_,) = run_instances()
    ec2 = boto3.client("ec2")
    volume = ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=1)["VolumeId"]
    theirs = [{"Key": "reactor:owner", "Value": "bob"}]
    ec2.create_tags(Resources=[volume], Tags=theirs)
    ec2.attach_volume(Device="/dev/sdf", InstanceId=id_, VolumeId=volume)
    held = ec2_backends[ACCOUNT][REGION].volumes[volume]
    held.create_time = held.create_time.replace(year=2024)
    react(guard)(envelope(launch([id_])), Context())
    assert ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["Tags"] == theirs


# ---- events that blame the wrong instances


def test_an_old_instance_in_a_forged_event_is_not_stopped(
    react: React, run_instances: RunInstances, sent: Sent
) -> None:
    (victim,) = run_instances(InstanceType=LARGE)
    nic = ec2_backends[ACCOUNT][REGION].get_instance(victim).nics[0]
    nic.attach_time = NOW.replace(month=1)
    answer = react(guard, **STOP)(envelope(launch([victim], LARGE)), Context())
    assert (answer["planned"], answer["alerts"]) == (0, 1)
    assert seen(victim) == ("running", {})
    assert f"not of this call: {victim} was launched at 2025-01-22" in sent()[0][1]


@pytest.mark.parametrize("reservation", ["r-0fedcba9876543210", None])
def test_an_instance_of_another_reservation_is_not_stopped_and_the_rest_is(
    reservation: str | None, react: React, run_instances: RunInstances, sent: Sent
) -> None:
    (own,), (victim,) = run_instances(InstanceType=LARGE), run_instances(InstanceType=LARGE)
    event = launch([own, victim], LARGE)
    if reservation is None:
        del event["responseElements"]["reservationId"]
    react(guard, **STOP)(envelope(event), Context())
    assert seen(victim) == ("running", {})
    assert seen(own)[0] == ("running" if reservation is None else "stopped")
    assert f"{victim} is of the reservation r-" in sent()[0][1]


def test_a_restarted_instance_is_still_the_launchs(
    react: React, run_instances: RunInstances
) -> None:
    (id_,) = run_instances(InstanceType=LARGE)
    instance = ec2_backends[ACCOUNT][REGION].get_instance(id_)
    instance.launch_time = instance.launch_time.replace(day=23)
    assert react(guard, **STOP)(envelope(launch([id_], LARGE)), Context())["taken"] == 2


def test_the_type_is_what_ec2_says(react: React, run_instances: RunInstances) -> None:
    (small,) = run_instances()
    react(guard, **STOP)(envelope(launch([small], LARGE)), Context())
    assert seen(small)[0] == "running"


# ---- events that CloudTrail cut


@pytest.fixture(autouse=True)
def tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Moto keeps client tokens, and does not filter by them."""
    monkeypatch.setitem(filter_dict_attribute_mapping, "client-token", "client_token")


def cut(ids: list[str], token: str | None) -> dict[str, Any]:
    event = launch(ids, LARGE, responseElements=CUT)
    event["requestParameters"] = CUT if token is None else {"clientToken": token}
    return envelope(event)


@pytest.mark.parametrize("token", ["8f2b", None])
def test_what_a_cut_launch_made_is_found_stopped_and_told_at_once(
    token: str | None, react: React, run_instances: RunInstances, sent: Sent
) -> None:
    ids = run_instances(3, InstanceType=LARGE, **({"ClientToken": token} if token else {}))
    answer = react(guard, **STOP)(cut(ids, token), Context())
    assert (answer["taken"], answer["alerts"], answer["failed"]) == (2, 1, 0)
    assert {seen(id_)[0] for id_ in ids} == {"stopped"}
    ((subject, text),) = sent()
    assert subject.startswith("[high] alice launched 3 x p4d.24xlarge")
    assert "CloudTrail left out as too large what the call launched" in text


def test_a_cut_launch_blames_nobody_where_two_launched(
    react: React, run_instances: RunInstances, sent: Sent
) -> None:
    (one,), (two,) = run_instances(InstanceType=LARGE), run_instances(InstanceType=LARGE)
    assert react(guard, **STOP)(cut([one], None), Context())["planned"] == 0
    assert {seen(one)[0], seen(two)[0]} == {"running"}
    ((subject, text),) = sent()
    assert subject.startswith("[high] alice launched what can't be told")
    assert one in text
    assert two in text


def test_a_cut_launch_of_which_nothing_is_found_says_so(
    react: React, run_instances: RunInstances, sent: Sent
) -> None:
    (other,) = run_instances(InstanceType=LARGE)
    assert react(guard, **STOP)(cut([other], "gone"), Context())["alerts"] == 1
    assert seen(other)[0] == "running"
    assert "by its client token, none is found" in sent()[0][1]


# ---- one that can't be stopped


@pytest.mark.parametrize(
    "code",
    ["OperationNotPermitted", "UnauthorizedOperation", "UnsupportedOperation", "AccessDenied"],
)
@pytest.mark.parametrize("told", ["The instance '{}' may not be stopped", "Encoded: cGFzcw"])
def test_protected_instances_do_not_spare_the_others(
    code: str, told: str, react: React, run_instances: RunInstances, sent: Sent
) -> None:
    ids = run_instances(8, InstanceType=LARGE)
    protected = {ids[0], ids[5]}
    handler = react(guard, **STOP)
    with (
        refusing("StopInstances", code, protected, told) as batches,
        pytest.raises(ReactionError, match=code),
    ):
        handler(envelope(launch(ids, LARGE)), Context())
    assert {id_ for id_ in ids if seen(id_)[0] == "running"} == protected
    assert len(batches) < 2 * len(ids)
    assert "could not stop" in sent()[0][1]
    assert all(seen(id_)[1]["reactor:owner"] == "alice" for id_ in ids)


def test_without_any_permission_the_alert_still_leaves(
    react: React, run_instances: RunInstances, sent: Sent
) -> None:
    ids = run_instances(40, InstanceType=LARGE)
    handler = react(guard, **STOP)
    with (
        refusing("StopInstances", "UnauthorizedOperation", set(ids)) as batches,
        pytest.raises(ReactionError),
    ):
        handler(envelope(launch(ids, LARGE)), Context())
    assert len(batches) < 2 * len(ids)
    assert "could not stop" in sent()[0][1]


# ---- a small instance that becomes a large one


def resize(id_: str, request: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A ModifyInstanceAttribute as CloudTrail records it."""
    detail = launch([id_], eventName="ModifyInstanceAttribute", **more)
    detail["requestParameters"] = {"instanceId": id_, **request}
    detail["responseElements"] = {"_return": True}
    return envelope(detail)


@pytest.mark.parametrize(
    "request_",
    [
        {"instanceType": {"value": LARGE}},
        # As `aws ec2 modify-instance-attribute --attribute instanceType --value ...` is recorded.
        {"attribute": "instanceType", "value": "<sensitiveDataRemoved>"},
    ],
)
@pytest.mark.parametrize("started", [False, True])
def test_a_small_instance_that_is_made_a_large_one_is_told_and_stopped_if_it_runs(
    request_: dict[str, Any], started: bool, react: React, run_instances: RunInstances, sent: Sent
) -> None:
    (id_,) = run_instances(InstanceType="t3.micro")
    ec2 = boto3.client("ec2")
    ec2.stop_instances(InstanceIds=[id_])
    ec2.modify_instance_attribute(InstanceId=id_, InstanceType={"Value": LARGE})
    if started:
        ec2.start_instances(InstanceIds=[id_])
    answer = react(guard, **STOP)(resize(id_, request_), Context())
    assert (answer["taken"], answer["alerts"]) == (int(started), 1)
    assert seen(id_) == ("stopped", {})
    ((subject, text),) = sent()
    assert f"made the instance {id_} of type {LARGE}" in subject
    assert f"{LARGE} is of size 4xlarge or beyond" in text


def test_a_large_type_that_is_taken_back_at_once_is_told(
    react: React, run_instances: RunInstances, sent: Sent
) -> None:
    (id_,) = run_instances(InstanceType="t3.micro")
    event = resize(id_, {"instanceType": {"value": LARGE}})
    assert react(guard, alert_from_size="4xlarge")(event, Context())["alerts"] == 1
    assert LARGE in sent()[0][0]


@pytest.mark.parametrize(
    "request_",
    [
        {"instanceType": {"value": "t3.small"}},
        {"attribute": "disableApiTermination", "value": "<sensitiveDataRemoved>"},
        {"groupSet": {"items": [{"groupId": "sg-0123456789abcdef0"}]}},
    ],
)
def test_another_change_of_an_instance_is_nothing(
    request_: dict[str, Any], react: React, run_instances: RunInstances
) -> None:
    (id_,) = run_instances(InstanceType=LARGE)
    answer = react(guard, **STOP, alert_from_count=1)(resize(id_, request_), Context())
    assert (answer["planned"], answer["alerts"]) == (0, 0)
