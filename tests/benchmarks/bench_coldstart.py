"""What a cold start costs: each handler's import and first client, beside boto3's alone.

    make bench BENCH=coldstart

Every figure is measured inside fresh processes that take turns. The verdict goes by the processor's
time, which other load on the machine hardly moves (a cold start waits for little else). The handler
is imported from the unpacked zip with no compiled files, as Lambda finds it; libraries are
compiled, as in Lambda's runtime.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.measuring import Line, Row, Used

ZIP = Path(__file__).resolve().parents[2] / "lambda_src" / "dist" / "reactor.zip"
MUST, AIM = 1.2, 1.05
_CHILD = """
import sys, time
wall, cpu = time.perf_counter(), time.process_time()
exec(compile(sys.argv[1], "<measured>", "exec"))
print(time.perf_counter() - wall, time.process_time() - cpu)
"""
_TELEMETRY = "from reactor.telemetry import Telemetry; Telemetry('bench', {})"
# Each guard with the client that it makes first.
GUARDS = {
    "notify": "sns",
    "ec2_launch_guard": "ec2",
    "iam_role_guard": "iam",
    "bucket_baseline": "s3",
    "security_group_guard": "ec2",
    "trail_guard": "cloudtrail",
}


def measure(code: str, folder: str) -> Used:
    """Seconds that pass and seconds of processor time for the code in a fresh interpreter."""
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "PYTHONPATH": folder,
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    found = subprocess.run(
        [sys.executable, "-c", _CHILD, code],
        env=environment,
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    wall, cpu = found.stdout.splitlines()[-1].split()
    return Used(float(wall), float(cpu))


def lines(rounds: int) -> Iterator[Line]:
    """What was measured, a line each guard and its first client; a round is the median of three."""
    pairs: dict[str, tuple[str, str]] = {}
    for guard, service in GUARDS.items():
        theirs = f"import boto3; boto3.client('{service}')"
        handler = f"from reactor.reactions.{guard} import handler"
        pairs[f"{guard} + {service}"] = (
            f"{handler}; {_TELEMETRY}; from reactor.aws import Aws; Aws().client('{service}')",
            theirs,
        )
    rows = {name: Row("coldstart", name, must=MUST, aim=AIM, cost=True, cpu_only=True)
            for name in pairs}  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(ZIP) as archive:
            archive.extractall(folder)
        for codes in pairs.values():
            for code in codes:
                measure(code, folder)  # warms the disk cache
        for _ in range(rounds):
            for name, codes in pairs.items():
                taken: tuple[list[Used], list[Used]] = ([], [])
                for _ in range(3):
                    for code, kept in zip(codes, taken, strict=True):
                        kept.append(measure(code, folder))
                ours, theirs_used = (sorted(kept, key=lambda used: used.cpu)[1] for kept in taken)
                rows[name].add(ours, theirs_used)
    yield from rows.values()
