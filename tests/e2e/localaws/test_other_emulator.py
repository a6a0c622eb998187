"""The seam is real: moto's AWS behind the same layer, for what it can do.

The layer asks of an emulator what `Emulator` names and otherwise AWS's public protocol, so trails,
records, rules, grants and deliveries are the same whichever answers.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError
from moto.core.botocore_stubber import BotocoreStubber
from moto.ec2.models import ec2_backends
from moto.moto_api._internal.models import moto_api_backend

from localaws.clock import MovableClock
from localaws.front.door import Door
from localaws.front.front import Front
from localaws.wire.clients import InProcessClients
from localaws.wire.emulator import EmittedEvent, OnPublished
from localaws.wire.http import Request, Response, call_app
from localaws.wire.identity import Identity
from localaws.wire.recognise import signature
from tests.e2e.localaws.conftest import allow, policy

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("moto")]

ACCOUNT, OTHER, REGION = "111122223333", "444455556666", "us-east-1"
LAUNCHES = {"source": ["aws.ec2"], "detail": {"eventName": ["RunInstances"]}}


class Moto:
    """moto behind the layer: the same requests that its server gets, without the socket."""

    def __init__(self) -> None:
        self._answer = BotocoreStubber().process_request
        self._lock = threading.Lock()

    async def start(self, on_event: EmittedEvent, on_published: OnPublished) -> None:
        # None of its services tells of events by itself, and its topics deliver by themselves.
        del on_event, on_published

    async def stop(self) -> None:
        await self.reset()

    async def reset(self) -> None:
        moto_api_backend.reset()

    def session(self, access_key: str) -> Identity | None:
        del access_key
        return None

    async def send(self, request: Request) -> Response:
        return await asyncio.to_thread(self._send, request)

    def _send(self, request: Request) -> Response:
        scope = signature(request)
        if scope is None:
            return Response(403, [], b"unsigned")
        # It knows a service by its host and an account by a header of its own.
        host = f"{scope.signing_name}.{scope.region}.amazonaws.com"
        if scope.signing_name in ("iam", "s3"):
            host = f"{scope.signing_name}.amazonaws.com"
        query = request.query_string.decode()
        url = f"https://{host}{request.raw_path.decode()}" + (f"?{query}" if query else "")
        headers = HTTPHeaders()
        for name, value in request.fields.items():
            headers[name] = value
        headers.replace_header("host", host)
        headers["x-moto-account-id"] = scope.access_key
        prepared = AWSPreparedRequest(request.method, url, headers, request.body, False)
        with self._lock:
            try:
                answered = self._answer(prepared)
            except NotImplementedError as gap:
                return Response(501, [], str(gap).encode())
        assert answered is not None, url
        status, fields, body = answered
        shown = [(str(k).lower().encode(), str(v).encode()) for k, v in fields.items()]
        return Response(int(status), shown, body.encode() if isinstance(body, str) else body)


@dataclass(frozen=True)
class Behind:
    """The layer over moto, with clients that come in by its front door."""

    front: Front
    clients: InProcessClients

    def client(self, service: str, account: str = ACCOUNT) -> Any:
        return self.clients.client(service, account, REGION)

    def trail(self) -> None:
        bucket = "trail-log"
        arn = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/all"
        service, source = {"Service": "cloudtrail.amazonaws.com"}, {"aws:SourceArn": arn}
        objects = f"arn:aws:s3:::{bucket}/AWSLogs/{ACCOUNT}/*"
        acl = source | {"s3:x-amz-acl": "bucket-owner-full-control"}
        s3, trails = self.client("s3"), self.client("cloudtrail")
        s3.create_bucket(Bucket=bucket)
        with pytest.raises(ClientError) as refusal:  # the layer's strictness, whoever is behind it
            trails.create_trail(Name="all", S3BucketName=bucket)
        code = refusal.value.response["Error"]["Code"]
        assert code == "InsufficientS3BucketPolicyException"
        s3.put_bucket_policy(
            Bucket=bucket,
            Policy=policy(
                allow(service, "s3:GetBucketAcl", f"arn:aws:s3:::{bucket}", StringEquals=source),
                allow(service, "s3:PutObject", objects, StringEquals=acl),
            ),
        )
        trails.create_trail(Name="all", S3BucketName=bucket)
        trails.start_logging(Name="all")

    def queue(self, name: str, *, admits: bool) -> str:
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
        statement = allow({"Service": "events.amazonaws.com"}, "sqs:SendMessage", arn)
        attributes = {"Policy": policy(statement)} if admits else {}
        self.client("sqs").create_queue(QueueName=name, Attributes=attributes)
        return arn

    def launch(self) -> str:
        ec2 = self.client("ec2")
        image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
        launched = ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1)
        instance: str = launched["Instances"][0]["InstanceId"]
        return instance

    def received(self, name: str) -> list[Any]:
        assert self.front.services.settle(30)
        sqs = self.client("sqs")
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in found]


@pytest.fixture
def behind(monkeypatch: pytest.MonkeyPatch) -> Iterator[Behind]:
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "true")
    ec2_backends.reset()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    front = Front(Moto(), MovableClock(), Door(None, "token"))

    def wait(coroutine: Any) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, loop).result(30)

    async def serve(request: Request) -> Response:
        return await call_app(front, request)

    wait(front.start())
    try:
        yield Behind(front, InProcessClients(serve, loop))
    finally:
        wait(front.stop())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def test_launch_is_recorded_matched_and_delivered(behind: Behind) -> None:
    behind.trail()
    events = behind.client("events")
    rule = events.put_rule(Name="launches", EventPattern=json.dumps(LAUNCHES))["RuleArn"]
    queue = behind.queue("launches", admits=True)
    events.put_targets(Rule="launches", Targets=[{"Id": "q", "Arn": queue}])

    instance = behind.launch()

    (event,) = behind.received("launches")
    assert event["detail-type"] == "AWS API Call via CloudTrail"
    assert (event["account"], event["region"]) == (ACCOUNT, REGION)
    record = event["detail"]
    assert record["userIdentity"]["arn"] == f"arn:aws:iam::{ACCOUNT}:root"
    items = record["responseElements"]["instancesSet"]["items"]
    assert [item["instanceId"] for item in items] == [instance]
    steps = behind.front.services.activity.since(0)
    # The emulator behind knows no LookupEvents: the layer has the history.
    assert [s["extra"]["rule"] for s in steps if s["step"] == "delivered"] == [rule]
    found = behind.client("cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "RunInstances"}]
    )["Events"]
    assert len(found) == 1


def test_queue_that_does_not_admit_gets_nothing(behind: Behind) -> None:
    behind.trail()
    events = behind.client("events")
    events.put_rule(Name="launches", EventPattern=json.dumps(LAUNCHES))
    queue = behind.queue("closed", admits=False)
    events.put_targets(Rule="launches", Targets=[{"Id": "q", "Arn": queue}])
    behind.launch()
    assert behind.received("closed") == []
    assert "refused" in [s["step"] for s in behind.front.services.activity.since(0)]


def test_nothing_is_routed_before_the_trail_logs_and_accounts_are_apart(behind: Behind) -> None:
    events = behind.client("events")
    events.put_rule(Name="launches", EventPattern=json.dumps(LAUNCHES))
    queue = behind.queue("launches", admits=True)
    events.put_targets(Rule="launches", Targets=[{"Id": "q", "Arn": queue}])
    behind.launch()
    assert behind.received("launches") == []
    assert behind.client("events", OTHER).list_rules()["Rules"] == []


def test_schedule_fires_and_reset_empties_it(behind: Behind) -> None:
    events = behind.client("events")
    events.put_rule(Name="tick", ScheduleExpression="rate(1 hour)")
    queue = behind.queue("ticks", admits=True)
    events.put_targets(Rule="tick", Targets=[{"Id": "q", "Arn": queue}])
    behind.front.services.parts.clock.advance(7200)
    assert len(behind.received("ticks")) == 2

    loop = behind.clients._loop
    asyncio.run_coroutine_threadsafe(behind.front.services.reset(), loop).result(30)
    assert behind.client("events").list_rules()["Rules"] == []
