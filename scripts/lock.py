"""Writes requirements/*.txt: every release that `make setup` installs, with its files' hashes.

    make lock              takes what the .in files and pyproject.toml ask for; other pins stay
    make lock UPGRADE=1    moves all pins to the newest releases that fit

One lock fits Python 3.11 to 3.13 on Linux and macOS, of x86_64 and arm64: uv resolves for all at
once, and writes no address of an index.
https://docs.astral.sh/uv/concepts/resolution/#universal-resolution
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "requirements"
# The oldest Python that is promised is Debian 12's own.
OLDEST = "3.11.2"
INDEX = "https://pypi.org/simple"
_PROJECT = ("pyproject.toml", "requirements/build.in")
# A later file keeps to the releases of those before it that it names.
LOCKS: dict[str, tuple[str, ...]] = {
    "build": ("requirements/build.in",),
    "dev": (*_PROJECT, "--extra", "dev", "--extra", "local", "--extra", "sigma"),
    "run": (*_PROJECT, "--extra", "local", "--constraint", "requirements/dev.txt"),
    # What the image of trailctl has: no local AWS.
    "cli": (*_PROJECT, "--extra", "sigma", "--constraint", "requirements/dev.txt"),
    # Their pins clash with each other's: the list is whole, and nothing is resolved.
    "policy": ("requirements/policy.in", "--no-deps"),
    "awscli": ("requirements/awscli.in",),
    "lock": ("requirements/lock.in",),
}


def main() -> int:
    """Writes all files; the exit code is uv's where it fails."""
    parser = argparse.ArgumentParser(description="Locks the requirements, with hashes.")
    parser.add_argument("--upgrade", action="store_true", help="move the versions, too")
    upgrade = ["--upgrade"] * parser.parse_args().upgrade
    for name, sources in LOCKS.items():
        done = subprocess.run(
            [*_uv(), *sources, *upgrade, "--output-file", f"requirements/{name}.txt"],
            cwd=ROOT,
            env={k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "UV_"))},
            stdout=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode:
            return done.returncode
        print(f"requirements/{name}.txt")
    return 0


def _uv() -> list[str]:
    return [
        str(Path(sys.executable).with_name("uv")),
        "pip",
        "compile",
        "--quiet",
        "--no-config",
        "--default-index",
        INDEX,
        "--universal",
        "--python-version",
        OLDEST,
        "--generate-hashes",
        "--no-annotate",
        "--custom-compile-command",
        "make lock",
    ]


if __name__ == "__main__":
    sys.exit(main())
