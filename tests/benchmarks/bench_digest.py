"""What proving a day of a trail costs: `trailctl validate-logs` against the AWS CLI's.

    make bench BENCH=digest     or: python tests/benchmarks/bench_digest.py [--rounds 5] [--days 30]

A trail of 24 hours (24 digests, 1,440 log files, 259,200 records) is served on the loopback, by a
process that both validators take turns with, at 0 ms and at 30 ms a request: what S3 takes. Times
and peak memory are of whole processes, medians over rounds; the CLI runs once at 30 ms. A row for
30 days shows that memory does not grow with the range. Exits 1 if a figure is over what must be.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "lambda_src")]

from reactor.digest.names import Shard  # noqa: E402

from localaws.client.environment import environment  # noqa: E402
from localaws.cloudtrail.trailwriter import LogBody, log_body, write_range  # noqa: E402
from tests.harness.object_store import ObjectStore, serve  # noqa: E402

BEGIN = datetime(2026, 1, 10, tzinfo=UTC)
SHARD = Shard("bench-trail-logs", "111122223333", "us-east-1", "bench", "us-east-1")
ARN = "arn:aws:cloudtrail:us-east-1:111122223333:trail/bench"
RECORDS, FILES_PER_SLOT, BODIES = 180, 5, 48
MUST = {0: 2.0, 30: 12.0}
AIM = {0: 5.0, 30: 50.0}
MUST_MEMORY = 80.0
_GROWTH = 1.25

OURS = [str(ROOT / ".venv" / "bin" / "trailctl"), "validate-logs"]
THEIRS = [str(ROOT / ".venv-awscli" / "bin" / "aws"), "cloudtrail", "validate-logs"]


def record(random: Random, number: int) -> dict[str, Any]:
    """An event of the usual size."""
    role = f"role-{random.randrange(40)}"
    name = random.choice(("DescribeInstances", "AssumeRole", "GetObject", "PutMetricData"))
    return {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": f"AROA{random.getrandbits(80):020X}:session-{number}",
            "arn": f"arn:aws:sts::111122223333:assumed-role/{role}/session-{number}",
            "accountId": "111122223333",
            "accessKeyId": f"ASIA{random.getrandbits(64):016X}",
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role",
                    "arn": f"arn:aws:iam::111122223333:role/{role}",
                    "userName": role,
                },
                "attributes": {"creationDate": "2026-01-10T00:00:00Z", "mfaAuthenticated": "false"},
            },
        },
        "eventTime": "2026-01-10T00:00:00Z",
        "eventSource": "ec2.amazonaws.com",
        "eventName": name,
        "awsRegion": "us-east-1",
        "sourceIPAddress": f"10.{random.randrange(256)}.{random.randrange(256)}.7",
        "userAgent": "aws-sdk-go/1.44 (go1.22; linux; amd64)",
        "requestParameters": {
            "filterSet": {
                "items": [
                    {"name": f"tag:{i}", "valueSet": {"items": [{"value": f"v{random.random()}"}]}}
                    for i in range(3)
                ]
            }
        },
        "responseElements": None,
        "requestID": f"{random.getrandbits(128):032x}",
        "eventID": f"{random.getrandbits(128):032x}",
        "readOnly": True,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": "111122223333",
        "eventCategory": "Management",
        "tlsDetails": {
            "tlsVersion": "TLSv1.3",
            "cipherSuite": "TLS_AES_128_GCM_SHA256",
            "clientProvidedHostHeader": "ec2.us-east-1.amazonaws.com",
        },
    }


def serve_trail(hours: int, milliseconds: float) -> None:
    """What the serving process does: make the trail, print the port, serve until it is ended."""
    random = Random(8)
    made = [log_body([record(random, i) for i in range(RECORDS)]) for _ in range(BODIES)]
    store = ObjectStore(milliseconds / 1000)
    numbers = iter(range(10**9))

    def bodies(_: datetime) -> list[LogBody]:
        return [made[next(numbers) % BODIES] for _ in range(FILES_PER_SLOT)]

    end = BEGIN + timedelta(hours=hours)
    write_range(store.put, SHARD, store.keys.of(SHARD.region), BEGIN, end, bodies)

    async def forever() -> None:
        server = await serve(store)
        print(store.port, flush=True)
        await server.serve_forever()

    asyncio.run(forever())


@contextmanager
def serving(hours: int, milliseconds: float) -> Iterator[int]:
    """The port of a serving process."""
    command = [sys.executable, __file__, "--serve", str(hours), str(milliseconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield int(server.stdout.readline())
        finally:
            server.terminate()


def measure(command: list[str], port: int, hours: int) -> tuple[float, float, float]:
    """Seconds that pass, seconds of processor time, peak memory in MB; it must find all valid."""
    end = BEGIN + timedelta(hours=hours)
    arguments = ["--trail-arn", ARN, "--s3-bucket", SHARD.bucket]
    arguments += ["--start-time", f"{BEGIN + timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}"]
    arguments += ["--end-time", f"{end:%Y-%m-%dT%H:%M:%SZ}"]
    variables = {**os.environ, **environment(port, SHARD.account, SHARD.region)}
    begun = time.perf_counter()
    process = subprocess.Popen(
        [*command, *arguments], env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert process.stdout is not None
    said = process.stdout.read().decode()
    _, status, used = os.wait4(process.pid, 0)
    taken = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    logs = hours * 12 * FILES_PER_SLOT
    if process.returncode != 0 or f"{logs}/{logs} log files valid" not in said:
        raise SystemExit(f"bench_digest: {command[0]} did not find all valid:\n{said[-2000:]}")
    return taken, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def medians(figures: list[tuple[float, float, float]]) -> tuple[float, float, float]:
    wall, cpu, memory = (statistics.median(column) for column in zip(*figures, strict=True))
    return wall, cpu, memory


def main() -> int:
    """Measures and prints; returns the exit code."""
    parser = argparse.ArgumentParser(description="Measures digest validation.")
    parser.add_argument("--rounds", type=int, default=5, help="runs a figure at 0 ms (default 5)")
    parser.add_argument("--days", type=int, default=30, help="of the long range; 0 leaves it out")
    parser.add_argument("--serve", nargs=2, type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve_trail(int(options.serve[0]), options.serve[1])
        return 0
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (1024, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    )
    missed = []
    peak = 0.0
    print("range    latency  validator   seconds     cpu  peak MB  ratio")
    for milliseconds in (0, 30):
        ours, theirs = [], []
        with serving(24, milliseconds) as port:
            for number in range(max(1, options.rounds if milliseconds == 0 else 3)):
                ours.append(measure(OURS, port, 24))
                if milliseconds == 0 or number == 0:
                    theirs.append(measure(THEIRS, port, 24))
        us, them = medians(ours), medians(theirs)
        ratio = them[0] / us[0]
        peak = max(peak, us[2])
        row("24 h", milliseconds, "aws CLI", them)
        told = f"{ratio:.1f}x (must {MUST[milliseconds]:g}x, aim {AIM[milliseconds]:g}x)"
        row("24 h", milliseconds, "trailctl", us, told)
        if ratio < MUST[milliseconds]:
            missed.append(f"{ratio:.1f}x at {milliseconds} ms")
        if us[2] > MUST_MEMORY:
            missed.append(f"{us[2]:.0f} MB at {milliseconds} ms")
    if options.days:
        with serving(24 * options.days, 0) as port:
            long = measure(OURS, port, 24 * options.days)
        row(f"{options.days} d", 0, "trailctl", long, f"{long[2] / peak:.2f}x the memory of 24 h")
        if long[2] > min(MUST_MEMORY, peak * _GROWTH):
            missed.append(f"{long[2]:.0f} MB for {options.days} days")
    if missed:
        print(f"bench_digest: not what must be: {', '.join(missed)}", file=sys.stderr)
    return 1 if missed else 0


def row(
    span: str, latency: int, name: str, figures: tuple[float, float, float], told: str = ""
) -> None:
    wall, cpu, memory = figures
    print(
        f"{span:<8}{latency:>5} ms  {name:<10}{wall:>9.2f}{cpu:>8.2f}{memory:>9.1f}  {told}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
