"""What a cold start costs: our handler's import and first client, against boto3's alone.

    make bench BENCH=coldstart        or: python tests/benchmarks/bench_coldstart.py [--rounds 21]

Every figure is the median over fresh processes that take turns, measured inside the process: the
time that passed, and in brackets the processor's time, which other load on the machine hardly
moves and which the verdict goes by (a cold start waits for little else). The handler is imported
from the unpacked zip with no compiled files, as Lambda finds it; libraries are compiled, as in
Lambda's runtime. Exits 1 if a ratio is over what must be.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ZIP = Path(__file__).resolve().parents[2] / "lambda_src" / "dist" / "reactor.zip"
MUST, AIM = 1.2, 1.05
_CHILD = """
import sys, time
wall, cpu = time.perf_counter(), time.process_time()
exec(compile(sys.argv[1], "<measured>", "exec"))
print(time.perf_counter() - wall, time.process_time() - cpu)
"""
_HANDLER = "from reactor.reactions.ec2_launch_guard import handler"
_TELEMETRY = "from reactor.telemetry import Telemetry; Telemetry('bench', {})"
_MEASURED = {
    "import boto3": "import boto3",
    "import handler": _HANDLER,
    **{
        name: code
        for service in ("sns", "ec2", "iam", "s3")
        for name, code in (
            (f"boto3 + {service}", f"import boto3; boto3.client('{service}')"),
            (
                f"handler + {service}",
                f"{_HANDLER}; {_TELEMETRY}; from reactor.aws import Aws; Aws().client('{service}')",
            ),
        )
    },
}


def measure(code: str, folder: str) -> tuple[float, float]:
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
    return float(wall), float(cpu)


def main() -> int:
    """Measures and prints; returns the exit code."""
    parser = argparse.ArgumentParser(description="Measures the cold start of a reaction.")
    parser.add_argument("--rounds", type=int, default=21, help="processes a figure (default 21)")
    rounds = max(1, parser.parse_args().rounds)
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in _MEASURED}
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(ZIP) as archive:
            archive.extractall(folder)
        for code in _MEASURED.values():
            measure(code, folder)  # warms the disk cache
        for _ in range(rounds):
            for name, code in _MEASURED.items():
                taken[name].append(measure(code, folder))
    medians = {
        name: [statistics.median(times) * 1000 for times in zip(*pairs, strict=True)]
        for name, pairs in taken.items()
    }
    version = ".".join(map(str, sys.version_info[:3]))
    print(
        f"Python {version}, zip {ZIP.stat().st_size:,} bytes, {rounds} processes a figure, medians"
    )
    print(f"{'ms (cpu)':<14}{'boto3':>15}{'ours':>15}{'ratio':>14}   must {MUST}, aim {AIM}")
    worst = 0.0
    names = list(_MEASURED)
    for base, ours in zip(names[::2], names[1::2], strict=True):
        (wall, cpu), (our_wall, our_cpu) = medians[base], medians[ours]
        label = base.partition(" + ")[2]
        print(
            f"{f'import + {label}' if label else 'import only':<14}"
            f"{wall:>7.1f} ({cpu:5.1f}){our_wall:>7.1f} ({our_cpu:5.1f})"
            f"{our_wall / wall:>7.2f} ({our_cpu / cpu:4.2f})"
        )
        worst = max(worst, our_cpu / cpu)
    return 0 if worst <= MUST else 1


if __name__ == "__main__":
    sys.exit(main())
