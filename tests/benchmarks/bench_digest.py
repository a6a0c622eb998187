"""What proving a day of a trail costs: `trailctl validate-logs` beside the AWS CLI's.

    make bench BENCH=digest

A trail of 24 hours (24 digests, 1,440 log files, 259,200 records) is served on the loopback, by a
process that both validators take turns with, at 0 ms and at 30 ms a request: what S3 takes. Times
and peak memory are of whole processes. A line for 30 days shows that memory does not grow with the
range. What a step takes by itself:
python -m tests.benchmarks.bench_digest
"""

from __future__ import annotations

import asyncio
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from reactor.digest.content import gunzip
from reactor.digest.names import Shard
from reactor.digest.transport import Body

from localaws.client.environment import environment
from localaws.cloudtrail.trailwriter import LogBody, log_body, write_range
from tests.benchmarks.measuring import Figure, Line, Row, Used, call, command, compiled
from tests.harness.object_store import ObjectStore, serve
from tests.harness.tools import tool

ROOT = Path(__file__).resolve().parents[2]
BEGIN = datetime(2026, 1, 10, tzinfo=UTC)
SHARD = Shard("bench-trail-logs", "111122223333", "us-east-1", "bench", "us-east-1")
ARN = "arn:aws:cloudtrail:us-east-1:111122223333:trail/bench"
RECORDS, FILES_PER_SLOT, BODIES = 180, 5, 48
MUST = {0: 2.0, 30: 12.0}
AIM = {0: 5.0, 30: 50.0}
MUST_MEMORY = 80.0
DAYS = 30

OURS = [str(ROOT / ".venv" / "bin" / "trailctl"), "validate-logs"]
THEIRS = [*tool("awscli", "aws"), "cloudtrail", "validate-logs"]


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
    serve = [sys.executable, "-m", "tests.benchmarks.bench_digest", "--serve"]
    serve += [str(hours), str(milliseconds)]
    with subprocess.Popen(serve, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield int(server.stdout.readline())
        finally:
            server.terminate()


def measure(validator: list[str], port: int, hours: int, variables: dict[str, str]) -> Used:
    """What a validator takes; it must find all valid."""
    end = BEGIN + timedelta(hours=hours)
    arguments = ["--trail-arn", ARN, "--s3-bucket", SHARD.bucket]
    arguments += ["--start-time", f"{BEGIN + timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}"]
    arguments += ["--end-time", f"{end:%Y-%m-%dT%H:%M:%SZ}"]
    variables = {**variables, **environment(port, SHARD.account, SHARD.region)}
    logs = hours * 12 * FILES_PER_SLOT
    return command([*validator, *arguments], variables, says=f"{logs}/{logs} log files valid")


def lines(rounds: int) -> Iterator[Line]:
    """What was measured, a line each."""
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (1024, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    )
    peak = Figure("digest", "peak memory of a process, 24 h at 30 ms", "MB", must=MUST_MEMORY)
    both = Row("digest", "24 h at 0 ms, a process a core beside one")
    with tempfile.TemporaryDirectory() as folder:
        variables = compiled(os.environ, folder)
        for milliseconds in (0, 30):
            row = Row("digest", f"24 h at {milliseconds} ms, beside the AWS CLI",
                      must=MUST[milliseconds], aim=AIM[milliseconds], must_cpu=2)  # fmt: skip
            with serving(24, milliseconds) as port:
                measure(OURS, port, 24, variables)  # compiles
                for _ in range(rounds if milliseconds == 0 else min(rounds, 3)):
                    used = measure(OURS, port, 24, variables)
                    row.add(used, measure(THEIRS, port, 24, variables))
                    if milliseconds:
                        peak.values.append(used.memory)
                    else:
                        both.add(used, measure([*OURS, "--jobs", "1"], port, 24, variables))
            yield row
        yield both
        peak.aim = statistics.median(used.memory for used in row.theirs)
        yield peak
        with serving(24 * DAYS, 0) as port:
            used = measure(OURS, port, 24 * DAYS, variables)
            day = statistics.median(peak.values)
            yield Figure("digest", f"peak memory of {DAYS} days beside 1 day", "x",
                         [used.memory / day], must=1.25, aim=1.05)  # fmt: skip


def profile() -> None:
    """Milliseconds of the processor by step for the trail of 24 hours, each step alone."""
    import hashlib
    import io

    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import ReadOnlyCredentials
    from reactor.digest.content import ZLIB, sha256_of_gzip
    from reactor.digest.document import parse
    from reactor.digest.engine import unsigned
    from reactor.digest.keys import PublicKeys
    from reactor.digest.transport import Transport, _whole
    from reactor.digest.wire import Credentials, Signer

    from trailctl.validate.hashing import ISAL

    taken: dict[str, float] = {}

    def step(name: str, run: Callable[[], object]) -> None:
        taken[name] = min(call(run).cpu for _ in range(3)) * 1000

    with serving(24, 0) as port:
        os.environ.update(environment(port, SHARD.account, SHARD.region))
        transport = Transport(SHARD.region)
        logs = [e.key for p in transport.pages(SHARD.bucket, SHARD.log_folder) for e in p]
        digests = [e.key for p in transport.pages(SHARD.bucket, SHARD.digest_folder) for e in p]
        step("list", lambda: [*transport.pages(SHARD.bucket, SHARD.log_folder)])
        old = ReadOnlyCredentials("x", "y", None, None)
        signer, new = Signer(), Credentials("x", "y", "")

        def sign() -> None:
            for key in logs:
                request = AWSRequest("GET", f"http://localhost/{key}", {})
                S3SigV4Auth(old, "s3", "us-east-1").add_auth(request)

        step("sign (botocore)", sign)
        step("sign", lambda: [
            signer.headers(new, "us-east-1", "localhost", f"/{k}", time.time()) for k in logs
        ])  # fmt: skip
        bodies = [transport.get(SHARD.bucket, key, _whole) for key in logs]

        def receive() -> None:
            for key in logs:
                transport.get(SHARD.bucket, key, _whole)

        step("sign, send and receive, one connection", receive)
        step("inflate and hash (zlib)", lambda: [sha256_of_gzip(io.BytesIO(b)) for b in bodies])
        step("inflate and hash (isal)", lambda: [
            sha256_of_gzip(io.BytesIO(b), ISAL) for b in bodies
        ])  # fmt: skip
        raws = [ISAL.make(31).decompress(body, 1 << 20) for body in bodies]
        step("hash", lambda: [hashlib.sha256(raw).digest() for raw in raws])

        def get(body: Body) -> tuple[bytes, dict[str, str]]:
            return gunzip(body, ZLIB), dict(body.headers)

        found = [transport.get(SHARD.bucket, key, get) for key in digests]
        step("parse digests", lambda: [parse(content) for content, _ in found])
        keys = PublicKeys(transport, SHARD.region)

        def verify() -> None:
            for key, (content, headers) in zip(digests, found, strict=True):
                name = SHARD.digest_name(key)
                assert name is not None
                told = headers["x-amz-meta-signature"]
                assert not unsigned(parse(content), told, headers, name, keys.find)

        step("parse digests and verify their signatures", verify)
        transport.close()
        with tempfile.TemporaryDirectory() as folder:
            variables = compiled(os.environ, folder)
            measure(OURS, port, 24, variables)
            empty = [*OURS, "--trail-arn", ARN, "--s3-bucket", SHARD.bucket]
            start = f"{BEGIN - timedelta(days=30):%Y-%m-%dT%H:%M:%SZ}"
            empty += ["--start-time", start, "--end-time", start]
            taken["start, with an empty range"] = 1000 * min(
                command(empty, variables).cpu for _ in range(3)
            )
            taken["whole"] = 1000 * min(measure(OURS, port, 24, variables).cpu for _ in range(3))
    for name, milliseconds in taken.items():
        print(f"{milliseconds:>8.0f} ms  {name}")


if __name__ == "__main__":
    if "--serve" in sys.argv:
        serve_trail(int(sys.argv[2]), float(sys.argv[3]))
    else:
        profile()
