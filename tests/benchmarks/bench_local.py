"""The local AWS against the emulator alone: overhead a call, a burst, memory over many records.

    make bench BENCH=local        or: python tests/benchmarks/bench_local.py [--calls N]

Both servers run at the same time and take turns, so that what else the machine does hits both; the
median counts. A trail logs and a rule looks at every record while it is measured.
Exits 1 where the overhead is 3 ms or more, an event of the burst is lost, or memory grows.
"""

from __future__ import annotations

import argparse
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

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "lambda_src")]

from localaws.client.environment import DEFAULT_ACCOUNT, DEFAULT_REGION, environment  # noqa: E402
from localaws.client.process import RunningAws, running  # noqa: E402
from trailctl.terraform import clean_environment  # noqa: E402

MOST_OVERHEAD_MS = 3.0
MOST_GROWTH_MB = 8.0
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


def overhead(ours: RunningAws, alone: RunningAws, rounds: int) -> float:
    """Print both medians a call; the overhead in ms over all calls."""
    both = [(Wire(aws.url), calls(aws)) for aws in (alone, ours)]
    gains: list[float] = []
    print(f"{'call':<26}{'alone':>10}{'local AWS':>12}{'overhead':>11}")
    for name in both[0][1]:
        times: tuple[list[float], list[float]] = ([], [])
        for turn in range(rounds // _IN_A_ROW + 1):
            for kept, (wire, requests) in zip(times, both, strict=True):
                took = [wire.send(requests[name]) * 1000 for _ in range(_IN_A_ROW)]
                if turn:  # the first are to warm up
                    kept += took
        first, second = (statistics.median(kept) for kept in times)
        gains.append(second - first)
        print(f"{name:<26}{first:>8.2f}ms{second:>10.2f}ms{second - first:>9.2f}ms")
    median = statistics.median(gains)
    print(f"{'median':<26}{'':>22}{median:>9.2f}ms   (must be under {MOST_OVERHEAD_MS:g} ms)")
    return median


def burst(aws: RunningAws, count: int) -> int:
    """So many calls at once; how many of their events did not arrive."""
    pattern = {"source": ["aws.sns"], "detail": {"eventName": ["CreateTopic"],
               "requestParameters": {"name": [{"prefix": "burst-"}]}}}  # fmt: skip
    url = queue_rule(aws, "burst", pattern, admits=True)
    topics = [aws.client("sns") for _ in range(8)]
    began = time.perf_counter()
    with ThreadPoolExecutor(8) as pool:
        made = pool.map(
            lambda n: topics[n % 8].create_topic(Name=f"burst-{n}"), range(count), chunksize=1
        )
        assert len(list(made)) == count
    called = time.perf_counter() - began
    aws.drain(120)
    routed = time.perf_counter() - began
    sqs = aws.client("sqs")
    seen: set[str] = set()
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            seen.add(json.loads(message["Body"])["detail"]["requestParameters"]["name"])
        entries = [
            {"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(messages)
        ]
        sqs.delete_message_batch(QueueUrl=url, Entries=entries)
    print(
        f"burst: {count} calls in {called:.1f} s, all recorded and routed {routed - called:.1f} s "
        f"later, {count - len(seen)} lost"
    )
    return count - len(seen)


def memory(aws: RunningAws, records: int) -> float:
    """Print the server's memory as records pass; MB grown from the first half to the end."""
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
    grown = sizes[-1] - sizes[steps // 2]
    print(
        f"memory: {' '.join(f'{size:.0f}' for size in sizes)} MB over {records} records, each "
        f"matched; {grown:+.1f} MB over the second half (must be under {MOST_GROWTH_MB:g})"
    )
    return grown


def _rss(process: int) -> float:
    status = Path(f"/proc/{process}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def _get(aws: RunningAws, what: str) -> bytes:
    where = urlsplit(aws.url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=60)
    connection.request("GET", f"/_local/{what}")
    return connection.getresponse().read()


@contextmanager
def emulator_alone(variables: dict[str, str], folder: Path) -> Iterator[RunningAws]:
    """The emulator in a process of its own, with nothing in front."""
    command = [sys.executable, __file__, "--serve-alone", str(folder)]
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

    from localaws.emulator.ministack import MiniStack
    from localaws.emulator.runtime import Runtimes
    from localaws.server import bind

    listener = bind(0)
    port = listener.getsockname()[1]
    emulator = MiniStack(port, folder / "s3", Runtimes(folder / "runtimes"))
    await emulator.start(lambda *_: None)
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


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--calls", type=int, default=200, help="of each kind (default 200)")
    parser.add_argument("--burst", type=int, default=1_000, help="calls (default 1,000)")
    parser.add_argument("--records", type=int, default=20_000, help="(default 20,000)")
    parser.add_argument("--serve-alone", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve_alone:
        asyncio.run(serve_alone(options.serve_alone))
        return 0
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
                gained = overhead(ours, alone, options.calls)
            lost = burst(ours, options.burst)
            grown = memory(ours, options.records)
    return 0 if gained < MOST_OVERHEAD_MS and not lost and grown < MOST_GROWTH_MB else 1


if __name__ == "__main__":
    sys.exit(main())
