"""The movable clock: what follows it, and what stays on the machine's time."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest

from tests.e2e.localaws.conftest import ACCOUNT, OwnAws

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("own-local-aws")]

CREATED = {"source": ["aws.sqs"], "detail": {"eventName": ["CreateQueue"]}}


def clock(own: OwnAws, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "trailctl", "local", "clock", *arguments, "--port", own.port],
        env=own.variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_clock_prints_and_moves(own: OwnAws) -> None:
    shown = datetime.fromisoformat(clock(own).stdout.strip())
    assert abs(shown - datetime.now(UTC)) < timedelta(seconds=30)
    moved = clock(own, "+1h30m")
    assert moved.returncode == 0
    assert timedelta(minutes=90) <= datetime.fromisoformat(moved.stdout.strip()) - shown
    assert own.aws.now() - shown < timedelta(minutes=91)
    assert moved.stderr == ""
    assert clock(own, "PT1S").returncode == 0


@pytest.mark.parametrize("text", ["1x", "+400d", "soon", "+99999999w"])
def test_clock_refuses_in_one_line(own: OwnAws, text: str) -> None:
    done = clock(own, text)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("trailctl: ")
    assert done.stderr.count("\n") == 1
    assert own.aws.now() - datetime.now(UTC) < timedelta(minutes=1)


def test_records_events_and_history_have_its_time(own: OwnAws) -> None:
    own.trail()
    queue = own.queue("seen")
    assert own.aws.drain()  # this queue's own record is from before the rules
    own.rule("created", queue, CREATED)
    own.rule("put", queue, {"source": ["my.app"]})
    own.aws.advance(86_400)
    tomorrow = own.aws.now()

    made = own.client("sqs").create_queue(QueueName="later")
    told = parsedate_to_datetime(made["ResponseMetadata"]["HTTPHeaders"]["date"])
    assert abs(told - tomorrow) < timedelta(minutes=1)
    entry = {"Source": "my.app", "DetailType": "X", "Detail": "{}"}
    own.client("events").put_events(Entries=[entry])

    events = own.received(queue)
    assert len(events) == 2
    for event in events:
        assert abs(datetime.fromisoformat(event["time"]) - tomorrow) < timedelta(seconds=30)
    record = next(e for e in events if e["source"] == "aws.sqs")["detail"]
    assert abs(datetime.fromisoformat(record["eventTime"]) - tomorrow) < timedelta(seconds=30)
    found = own.client("cloudtrail").lookup_events(
        StartTime=tomorrow - timedelta(minutes=1),
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "CreateQueue"}],
    )["Events"]
    assert len(found) == 1


def test_clients_go_on_signing_with_the_machine_s_time(own: OwnAws) -> None:
    own.aws.advance(300 * 86_400)
    assert own.client("sts").get_caller_identity()["Account"] == ACCOUNT
    assert own.client("s3").create_bucket(Bucket="later")["ResponseMetadata"]["RequestId"]


def test_a_reaction_acts_on_what_is_called_days_ahead(own: OwnAws) -> None:
    own.trail()
    guard = own.function("guard", "reactor.reactions.ec2_launch_guard.handler")
    own.rule("launched", guard, {"detail": {"eventName": ["RunInstances"]}})
    for days in (0, 3, 3):
        own.aws.advance(days * 86_400)
        own.client("ec2").run_instances(
            ImageId="ami-0abcdef1234567890", InstanceType="t3.micro", MinCount=1, MaxCount=1
        )
        assert own.aws.drain()
    found = own.client("ec2").describe_instances()["Reservations"]
    tags = [{t["Key"]: t["Value"] for t in r["Instances"][0].get("Tags", ())} for r in found]
    launched = sorted(datetime.fromisoformat(each["reactor:launched-at"]) for each in tags)
    gaps = [later - earlier for earlier, later in itertools.pairwise(launched)]
    assert [round(gap / timedelta(days=1)) for gap in gaps] == [3, 3]
    assert [step for step in own.steps("function") if step["step"] != "ran"] == []
    (item,) = own.client("dynamodb").scan(TableName="guard-ledger", Limit=1)["Items"]
    assert int(item["expiration"]["N"]) > time.time() + 29 * 86_400


PATIENT = """
import boto3, time
def handler(event, context):
    s3, begun = boto3.client("s3"), time.time()
    s3.put_object(Bucket="signs", Key="begun")
    while not s3.list_objects_v2(Bucket="signs", Prefix="go").get("KeyCount"):
        time.sleep(0.05)
    return time.time() - begun
"""


def test_a_function_that_runs_while_it_is_moved_keeps_its_time_and_may_still_call(
    own: OwnAws,
) -> None:
    s3 = own.client("s3")
    s3.create_bucket(Bucket="signs")
    function = own.function("patient", "patient.handler", {"patient.py": PATIENT})
    with ThreadPoolExecutor(1) as pool:
        for _ in range(2):
            own.aws.advance(3600)
            for each in s3.list_objects_v2(Bucket="signs").get("Contents", ()):
                s3.delete_object(Bucket="signs", Key=each["Key"])
            asked = pool.submit(own.client("lambda").invoke, FunctionName=function)
            while not s3.list_objects_v2(Bucket="signs").get("KeyCount"):
                assert not asked.done(), asked.result()
                time.sleep(0.05)
            own.aws.advance(3600)
            s3.put_object(Bucket="signs", Key="go")
            answer = asked.result(60)
            assert "FunctionError" not in answer, answer["Payload"].read()
            assert 0 < json.loads(answer["Payload"].read()) < 60


def test_what_ec2_makes_has_its_time(own: OwnAws) -> None:
    """Else a reaction would find that an instance is not of the call that launched it."""
    own.aws.advance(7200)
    ec2 = own.client("ec2")
    (made,) = ec2.run_instances(
        ImageId="ami-0abcdef1234567890", InstanceType="t3.micro", MinCount=1, MaxCount=1
    )["Instances"]
    (volume,) = ec2.describe_volumes(
        Filters=[{"Name": "attachment.instance-id", "Values": [made["InstanceId"]]}]
    )["Volumes"]
    (instance,) = ec2.describe_instances()["Reservations"][0]["Instances"]
    (interface,) = instance["NetworkInterfaces"]
    for time_ in (
        made["LaunchTime"],
        instance["LaunchTime"],
        interface["Attachment"]["AttachTime"],
        volume["CreateTime"],
    ):
        assert abs(own.aws.now() - time_) < timedelta(seconds=30)


def test_what_a_delivery_stream_writes_is_named_by_its_hour(own: OwnAws) -> None:
    """Else what arrives is looked for in an hour in which it is not."""
    own.client("s3").create_bucket(Bucket="arrived")
    streams = own.client("firehose")
    streams.create_delivery_stream(
        DeliveryStreamName="lines",
        ExtendedS3DestinationConfiguration={
            "BucketARN": "arn:aws:s3:::arrived", "Prefix": "lines/",
            "RoleARN": f"arn:aws:iam::{ACCOUNT}:role/lines",
        },
    )  # fmt: skip
    own.aws.advance(26 * 3600)
    before = own.aws.now()
    streams.put_record(DeliveryStreamName="lines", Record={"Data": b"a line"})
    hours = {f"lines/{time_:%Y/%m/%d/%H}/" for time_ in (before, own.aws.now())}
    deadline = time.monotonic() + 20
    while not (found := own.client("s3").list_objects_v2(Bucket="arrived").get("Contents")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    (key,) = [each["Key"] for each in found]
    assert key.rpartition("/")[0] + "/" in hours


def test_reset_sets_it_right_and_is_quick(own: OwnAws) -> None:
    own.trail()
    for number in range(20):
        queue = own.queue(f"q{number}")
        own.rule(f"r{number}", queue, CREATED)
    own.rule("tick", own.queue("ticks"), ScheduleExpression="rate(1 minute)")
    own.aws.advance(86_400)
    took = []
    for _ in range(3):
        began = time.perf_counter()
        own.aws.reset()
        took.append(time.perf_counter() - began)
    assert min(took) < 0.5, took
    assert own.aws.now() - datetime.now(UTC) < timedelta(seconds=30)
    assert own.client("sqs").list_queues().get("QueueUrls", []) == []
    assert own.client("events").list_rules()["Rules"] == []
    assert own.client("cloudtrail").describe_trails()["trailList"] == []
    own.aws.advance(3600)
    assert own.steps("schedule") == []


def test_silence_rings_when_the_data_end(own: OwnAws) -> None:
    cloudwatch = own.client("cloudwatch")
    stat = {
        "Metric": {"Namespace": "Own", "MetricName": "Age"},
        "Period": 3600,
        "Stat": "Maximum",
    }
    for name, expression in (("filled", "FILL(age, 241)"), ("plain", "age")):
        cloudwatch.put_metric_alarm(
            AlarmName=name,
            EvaluationPeriods=1,
            Threshold=240,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="breaching",
            Metrics=[
                {"Id": "silence", "Expression": expression, "ReturnData": True},
                {"Id": "age", "MetricStat": stat, "ReturnData": False},
            ],
        )

    def states() -> dict[str, str]:
        assert own.aws.drain()
        return {
            a["AlarmName"]: a["StateValue"] for a in cloudwatch.describe_alarms()["MetricAlarms"]
        }

    assert set(states().values()) == {"INSUFFICIENT_DATA"}
    cloudwatch.put_metric_data(Namespace="Own", MetricData=[{"MetricName": "Age", "Value": 60}])
    assert states() == {"filled": "OK", "plain": "OK"}
    own.aws.advance(3700)
    # Without FILL the last proof counts on, for want of newer data.
    assert states() == {"filled": "ALARM", "plain": "OK"}
    own.aws.advance(3 * 3600)
    assert states() == {"filled": "ALARM", "plain": "ALARM"}
    # What is put now has the time of now.
    cloudwatch.put_metric_data(Namespace="Own", MetricData=[{"MetricName": "Age", "Value": 60}])
    assert states() == {"filled": "OK", "plain": "OK"}
