"""The local AWS beside the emulator alone: each call, a burst, memory over many records.

    make bench BENCH=local

Both servers run at the same time and take turns, so that what else the machine does hits both. A
trail logs and a rule looks at every record while it is measured.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from localaws.client.environment import (
    DEFAULT_ACCOUNT,
    DEFAULT_REGION,
    TOKEN,
    TOKEN_HEADER,
    environment,
)
from localaws.client.process import RunningAws, running
from tests.benchmarks.measuring import Figure, Line, Row, Used
from trailctl.terraform import clean_environment

ROOT = Path(__file__).resolve().parents[2]
MOST_OVERHEAD_MS = 3.0
MOST_GROWTH_MB = 8.0
CALLS, BURST, RECORDS = 40, 1_000, 20_000  # calls of each kind a round
# Calls in a row before the other's turn: one call's recording meets the next call, as it does when
# a client is busy.
_IN_A_ROW = 20


@dataclass(frozen=True)
class Bytes:
    """A signed request as a client sent it, to be sent again as often as it takes."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Wire:
    """One kept-alive connection."""

    def __init__(self, url: str) -> None:
        where = urlsplit(url)
        self._connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=60)

    def send(self, request: Bytes) -> float:
        """Send it and read the answer; seconds taken. Raises RuntimeError for an error answer."""
        began = time.perf_counter()
        self._connection.request(request.method, request.path, request.body, request.headers)
        answer = self._connection.getresponse()
        body = answer.read()
        took = time.perf_counter() - began
        if answer.status >= 300:
            raise RuntimeError(f"{request.path}: {answer.status} {body[:200]!r}")
        return took


def captured(client: Any, operation: str, **parameters: Any) -> Bytes:
    """Make a call once, and give what went over the wire."""
    seen: list[Any] = []

    def keep(request: Any, **_: Any) -> None:
        seen.append(request)

    client.meta.events.register_first("before-send", keep)
    getattr(client, operation)(**parameters)
    client.meta.events.unregister("before-send", keep)
    request = seen[0]
    url = urlsplit(request.url)
    body: Any = request.body or b""
    if hasattr(body, "read"):
        body.seek(0)
        body = body.read()
    headers = {k: v.decode() if isinstance(v, bytes) else v for k, v in request.headers.items()}
    path = url.path + (f"?{url.query}" if url.query else "")
    return Bytes(request.method, path, headers, body.encode() if isinstance(body, str) else body)


def calls(aws: RunningAws) -> dict[str, Bytes]:
    """One call each of services that clients use most, over every protocol."""
    sqs, dynamodb, s3 = (aws.client(name) for name in ("sqs", "dynamodb", "s3"))
    queue = sqs.create_queue(QueueName="bench")["QueueUrl"]
    dynamodb.create_table(
        TableName="bench",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    s3.create_bucket(Bucket="bench")
    item = {"id": {"S": "1"}, "text": {"S": "x" * 200}}
    iam = aws.client("iam")
    return {
        "sts GetCallerIdentity": captured(aws.client("sts"), "get_caller_identity"),
        "ec2 DescribeInstances": captured(aws.client("ec2"), "describe_instances"),
        "iam ListRoles": captured(iam, "list_roles"),
        "sns CreateTopic": captured(aws.client("sns"), "create_topic", Name="bench"),
        "sqs GetQueueAttributes": captured(
            sqs, "get_queue_attributes", QueueUrl=queue, AttributeNames=["All"]
        ),
        "dynamodb PutItem": captured(dynamodb, "put_item", TableName="bench", Item=item),
        "s3 PutObject": captured(s3, "put_object", Bucket="bench", Key="k", Body=b"x" * 1000),
        "s3 GetBucketLocation": captured(s3, "get_bucket_location", Bucket="bench"),
        "events PutRule": captured(
            aws.client("events"), "put_rule", Name="bench", EventPattern='{"source":["a"]}'
        ),
        "ssm PutParameter": captured(
            aws.client("ssm"), "put_parameter", Name="p", Value="v", Type="String", Overwrite=True
        ),
    }


def trail(aws: RunningAws) -> None:
    """A trail that logs."""
    s3, trails = aws.client("s3"), aws.client("cloudtrail")
    s3.create_bucket(Bucket="trail-log")
    arn = f"arn:aws:cloudtrail:{DEFAULT_REGION}:{DEFAULT_ACCOUNT}:trail/all"
    service = {"Service": "cloudtrail.amazonaws.com"}
    source = {"aws:SourceArn": arn}
    acl = source | {"s3:x-amz-acl": "bucket-owner-full-control"}
    objects = f"arn:aws:s3:::trail-log/AWSLogs/{DEFAULT_ACCOUNT}/*"
    wanted = (
        ("s3:GetBucketAcl", "arn:aws:s3:::trail-log", source),
        ("s3:PutObject", objects, acl),
    )
    statements = [
        {"Effect": "Allow", "Principal": service, "Action": action, "Resource": resource,
         "Condition": {"StringEquals": condition}}
        for action, resource, condition in wanted
    ]  # fmt: skip
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    s3.put_bucket_policy(Bucket="trail-log", Policy=document)
    trails.create_trail(Name="all", S3BucketName="trail-log", IsMultiRegionTrail=True)
    trails.start_logging(Name="all")


def queue_rule(aws: RunningAws, name: str, pattern: dict[str, Any], *, admits: bool) -> str:
    """A rule to a queue of the same name, which admits EventBridge or not; the queue's URL."""
    sqs, events = aws.client("sqs"), aws.client("events")
    arn = f"arn:aws:sqs:{DEFAULT_REGION}:{DEFAULT_ACCOUNT}:{name}"
    statement = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
                 "Action": "sqs:SendMessage", "Resource": arn}  # fmt: skip
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    url: str = sqs.create_queue(QueueName=name, Attributes={"Policy": policy} if admits else {})[
        "QueueUrl"
    ]
    events.put_rule(
        Name=name,
        EventPattern=json.dumps(pattern),
        State="ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
    )
    events.put_targets(Rule=name, Targets=[{"Id": "q", "Arn": arn}])
    return url


def overhead(ours: RunningAws, alone: RunningAws, rounds: int) -> Iterator[Line]:
    """A line a kind of call, of which none should cost twice the emulator's own; and all in ms.

    The servers' processor time for single calls can't be told apart: all is by the clock.
    """
    both = [(Wire(aws.url), calls(aws)) for aws in (ours, alone)]
    total = Figure("local", "overhead a call, over all kinds", "ms", must=MOST_OVERHEAD_MS)
    rows = {name: Row("local", f"{name}, beside the emulator alone", aim=2, cost=True)
            for name in both[0][1]}  # fmt: skip
    for turn in range(rounds + 1):
        gains = []
        for name, row in rows.items():
            taken: tuple[list[float], list[float]] = ([], [])
            for _ in range(CALLS // _IN_A_ROW):
                for kept, (wire, requests) in zip(taken, both, strict=True):
                    kept += [wire.send(requests[name]) for _ in range(_IN_A_ROW)]
            first, second = (statistics.median(kept) for kept in taken)
            gains.append((first - second) * 1000)
            if turn:  # the first is to warm up
                row.add(Used(first, first), Used(second, second))
        if turn:
            total.values.append(statistics.median(gains))
    yield from rows.values()
    yield total


def burst(aws: RunningAws, count: int) -> int:
    """So many calls at once; how many of their events did not arrive."""
    pattern = {"source": ["aws.sns"], "detail": {"eventName": ["CreateTopic"],
               "requestParameters": {"name": [{"prefix": "burst-"}]}}}  # fmt: skip
    url = queue_rule(aws, "burst", pattern, admits=True)
    topics = [aws.client("sns") for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        made = pool.map(
            lambda n: topics[n % 8].create_topic(Name=f"burst-{n}"), range(count), chunksize=1
        )
        assert len(list(made)) == count
    aws.drain(120)
    sqs = aws.client("sqs")
    seen: set[str] = set()
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            seen.add(json.loads(message["Body"])["detail"]["requestParameters"]["name"])
        entries = [
            {"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(messages)
        ]
        sqs.delete_message_batch(QueueUrl=url, Entries=entries)
    return count - len(seen)


def memory(aws: RunningAws, records: int) -> float:
    """MB that the server's memory grows from the first half of so many records to the end."""
    queue_rule(aws, "memory", {"source": ["aws.sns"]}, admits=False)
    process = json.loads(_get(aws, "health"))["pid"]
    request = captured(aws.client("sns"), "create_topic", Name="memory")
    wires = [Wire(aws.url) for _ in range(2)]
    steps = 8
    part = records // steps // 4 // len(wires)
    sizes = [_rss(process)]
    with ThreadPoolExecutor(len(wires)) as pool:
        for _ in range(steps):
            for _ in range(4):  # never further behind than a few hundred calls
                list(pool.map(lambda wire: [wire.send(request) for _ in range(part)], wires))
                aws.drain(120)
            aws.advance(300)  # the trail's log file of these five minutes is written
            sizes.append(_rss(process))
    return sizes[-1] - sizes[steps // 2]


def _rss(process: int) -> float:
    status = Path(f"/proc/{process}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def _get(aws: RunningAws, what: str) -> bytes:
    where = urlsplit(aws.url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=60)
    token = aws.environment.get(TOKEN, "")
    connection.request("GET", f"/_local/{what}", headers={TOKEN_HEADER: token})
    return connection.getresponse().read()


@contextmanager
def emulator_alone(variables: dict[str, str], folder: Path) -> Iterator[RunningAws]:
    """The emulator in a process of its own, with nothing in front."""
    command = [sys.executable, "-m", "tests.benchmarks.bench_local", str(folder)]
    process = subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        port = int(process.stdout.readline())
        yield RunningAws(environment(port, DEFAULT_ACCOUNT, DEFAULT_REGION))
    finally:
        process.terminate()
        process.wait(15)


async def serve_alone(folder: Path) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    from localaws.clock import MovableClock
    from localaws.emulator.ministack import MiniStack
    from localaws.emulator.runtime import Runtimes
    from localaws.server import bind

    listener = bind(0)
    port = listener.getsockname()[1]
    emulator = MiniStack(port, folder / "s3", Runtimes(folder / "runtimes"), MovableClock())
    await emulator.start(lambda *_: None, lambda _: None)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await emulator._app(scope, receive, send)

    async def told() -> None:
        print(port, flush=True)
        await stop.wait()

    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.loglevel = "ERROR"
    config.graceful_timeout = 0.5
    served: Any = app
    await serve(served, config, shutdown_trigger=told)
    await emulator.stop()


def lines(rounds: int) -> Iterator[Line]:
    """What was measured, a line each."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        variables = {
            **clean_environment(home=folder),
            "PYTHONPATH": f"{ROOT}:{ROOT / 'lambda_src'}",
        }
        with running(variables, folder / "log") as ours:
            with emulator_alone(variables, folder) as alone:
                trail(ours)
                queue_rule(ours, "watch", {"source": ["nothing"]}, admits=True)
                yield from overhead(ours, alone, rounds)
            lost = float(burst(ours, BURST))
            yield Figure("local", f"events lost of a burst of {BURST:,}", "events", [lost], must=0)
            grown = memory(ours, RECORDS)
            yield Figure("local", f"memory grown over {RECORDS:,} records", "MB", [grown],
                         must=MOST_GROWTH_MB)  # fmt: skip


if __name__ == "__main__":
    asyncio.run(serve_alone(Path(sys.argv[1])))
