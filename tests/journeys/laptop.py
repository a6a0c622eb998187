"""Follows the block "On a laptop" of the examples' READMEs, as a reader does.

    make laptop [ONLY=name]
    python -m tests.journeys.laptop [NAME ...] [--in FOLDER]

In a copy of the repository (kept and used again with `--in`), with an empty HOME: two terminals,
each given its block as it stands. Every command ends with exit code 0, what SHOWN names is there to
be read, and after what "How to undo" says no process, file, state or port is left. Exits 1 and says
so where one thing is not.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.harness.local_aws import REPOSITORY
from tests.harness.readmes import LAPTOP, UNDO, blocks, sections
from tests.journeys.terminal import Terminal, TerminalError
from trailctl.terraform import prepare

EXAMPLES = tuple(sorted(path.parent.name for path in REPOSITORY.glob("examples/*/main.tf")))
PORT = 4566
# `make setup` fetches some hundred packages on a cold machine.
_SETUP_SECONDS, _BLOCK_SECONDS, _SEEN_SECONDS, _STOP_SECONDS = 1800.0, 1500.0, 60.0, 60.0
# What `make` and Python leave in a checkout on purpose; `make clean` takes it away.
_MADE = re.compile(r"(^|/)(\.venv[\w-]*|\.tools|__pycache__|[\w-]+\.egg-info|build)(/|$)")
# What others keep in anybody's HOME: pip, Terraform, and rustc, which pip asks for its version.
_AT_HOME = {".cache", ".rustup", ".terraform.d"}

# What each block is about, to be read in the second terminal: in any order, line ends as spaces.
# What is typed can be read there, too, and shows nothing.
SHOWN: dict[str, tuple[str, ...]] = {
    "archive": (r"AWSLogs/\S+\.json\.gz <exit 0>",),
    "bucket-baseline": (r"Subject: .*made-by-hand", r'"Policy": "'),
    "complete": (r"UpdateTrail", r'"Messages": \['),
    "detections": (r"StopLogging", r'"Messages": \['),
    "digest-validation": (r'"_aws"',),
    "ec2-cost-guard": (r"Subject: .*p4d\.24xlarge", r'"stopped", \[ \{ "Key": "reactor:owner"'),
    "ec2-launch-monitor": (r"Subject: .*t3\.micro", r'\[ \[ \{ "Key": "reactor:owner"'),
    "existing-trail": (r"StopLogging on a trail", r'"Messages": \['),
    "iam-role-guard": (r"Subject: .*admin-of-all", r'"PolicyNames": \[ "'),
    "insights-alert": (r"unusual activity with RunInstances", r'"Messages": \['),
    "log-query": (r'"NamedQueryIds": \[ "', r"rules fired"),
    "minimal": (r"StopLogging on a trail",),
    "multi-region": (r"CreateUser", r'"Messages": \['),
    "nothing-missed": (r" missed in ",),
    "organization-trail": (r"# true <exit 0>",),
    "own-reaction": (r"Subject: .*nobodys",),
    "root-login-alert": (r"-alerts \(111122223333 eu-west-1\)", r'"Messages": \['),
    "sqs-fanout": (r'"Messages": \[ .*CreateBucket',),
    "targets": (r"delivery +targets-\S+ -> logs", r"CreateBucket"),
    "trail": (r'"EventName": "CreateUser"',),
    "trail-guard": (r"StopLogging", r"# true <exit 0>"),
}


class Journey:
    """A copy of the repository and a HOME for it, for one README after the other."""

    def __init__(self, where: Path) -> None:
        self._copy, self._home, self._temporary = (
            where / name for name in ("terraform-aws-cloudtrail-reactor", "home", "tmp")
        )
        for folder in (self._copy, self._home, self._temporary):
            folder.mkdir(parents=True, exist_ok=True)
        listed = subprocess.check_output(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=REPOSITORY,
            text=True,
        )
        for name in filter(None, listed.split("\0")):
            if (REPOSITORY / name).exists():
                (self._copy / name).parent.mkdir(parents=True, exist_ok=True)
                (self._copy / name).unlink(missing_ok=True)  # of the time before
                shutil.copy(REPOSITORY / name, self._copy / name, follow_symlinks=False)
        terraform = prepare(where)
        ways = [str(Path(sys.base_prefix) / "bin"), *os.environ["PATH"].split(os.pathsep)]
        self._environment = {
            "HOME": str(self._home),
            "LANG": "C.UTF-8",
            "PATH": os.pathsep.join(way for way in ways if "/.venv" not in way),
            "TMPDIR": str(self._temporary),
        }
        if not terraform.downloads:
            self._environment["TF_CLI_CONFIG_FILE"] = str(terraform.config)

    def follow(self, name: str) -> list[str]:
        """Follow one README; what was not as it says, in sentences."""
        page = (self._copy / "examples" / name / "README.md").read_text(encoding="utf-8")
        first, second = blocks(sections(page)[LAPTOP])
        undo = re.search(r"On the laptop: Ctrl-C.*?`(rm .*?)`", sections(page)[UNDO], re.DOTALL)
        if undo is None:
            return ["the README does not say how it is undone on a laptop"]
        faults = [f"port {PORT} is taken before it begins"] if _answers() else []
        before = self._files()
        one = Terminal(self._environment, self._copy)
        two = Terminal(self._environment, self._copy)
        try:
            one.type(first)
            one.wait(lambda: "export AWS_ENDPOINT_URL=" in one.screen, _SETUP_SECONDS, "local AWS")
            # The shell has its first prompt before what is pasted, and one after each command.
            two.type(second + "echo all-is-typed\n")
            two.wait(lambda: two.said("all-is-typed"), _BLOCK_SECONDS, "end of the block")
            if any(two.exits()):
                faults.append(f"exit codes in the second terminal: {two.exits()[1:]}")
            for wanted in SHOWN[name]:
                try:
                    two.wait(lambda: re.search(wanted, two.shown), _SEEN_SECONDS, f"/{wanted}/")  # noqa: B023
                except TerminalError as error:
                    faults.append(str(error))
            typed = len(one.exits())
            one.type("\x03")
            one.wait(lambda: len(one.exits()) > typed, _STOP_SECONDS, "prompt after Ctrl-C")
            if [code for code in one.exits() if code not in (0, 130)]:
                faults.append(f"exit codes in the first terminal: {one.exits()[1:]}")
            two.type(undo[1].replace("\n", " ") + "\necho all-is-undone\n")
            two.wait(lambda: two.said("all-is-undone"), _STOP_SECONDS, "end of the undo")
        except TerminalError as error:
            faults.append(str(error))
        finally:
            ended = [terminal.close() for terminal in (two, one)]
            for which, terminal in (("1", one), ("2", two)):
                _keep(f"{name}.{which}", terminal.screen)
        if not all(ended):
            faults.append("a shell had to be killed")
        return faults + self._left(before)

    def _left(self, before: set[str]) -> list[str]:
        """What a journey left that was not there."""
        deadline = time.monotonic() + 10
        while (running := self._processes()) and time.monotonic() < deadline:
            time.sleep(0.5)
        faults = [f"still runs: {command}" for command in running]
        if _answers():
            faults.append(f"port {PORT} still answers")
        files = sorted(self._files() - before)
        if files:
            faults.append(f"left in the repository: {', '.join(files[:8])}")
        home = {path.name for path in self._home.iterdir()} - _AT_HOME
        home |= {str(path) for path in self._home.glob(".local/state/localaws/*")}
        home -= {".local"}
        if home:
            faults.append(f"left in HOME: {', '.join(sorted(home))}")
        temporary = sorted(path.name for path in self._temporary.iterdir())
        if temporary:
            faults.append(f"left in TMPDIR: {', '.join(temporary[:8])}")
            for path in self._temporary.iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        return faults

    def _files(self) -> set[str]:
        """The files of the copy, but for what `make` keeps there."""
        found = set()
        for folder, folders, files in os.walk(self._copy):
            there = Path(folder).relative_to(self._copy)
            folders[:] = [name for name in folders if not _MADE.search(str(there / name))]
            found |= {str(there / name) for name in files}
        return found

    def _processes(self) -> list[str]:
        """What runs with this HOME, where the system tells (Linux)."""
        mark, found = f"HOME={self._home}".encode(), []
        for path in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (path / "environ").read_bytes().split(b"\0"):
                    found.append((path / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue  # it has just ended, or is somebody else's
        return [command for command in found if command.strip()]


def _answers() -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", PORT)) == 0


def _keep(name: str, screen: str) -> None:
    folder = REPOSITORY / "build" / "laptop"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.txt").write_text(screen, encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    """Follow all READMEs, or those named; a line for each, its faults below."""
    parser = argparse.ArgumentParser(description="Follow the examples' READMEs on a laptop.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="examples (default: all)")
    parser.add_argument("--in", dest="where", metavar="FOLDER", help="where the copy is, or goes")
    options = parser.parse_args(arguments)
    names = options.names or EXAMPLES
    if unknown := sorted({*names} - {*EXAMPLES}):
        print(f"laptop: no such example: {', '.join(unknown)}", file=sys.stderr)
        return 2
    if _answers():
        print(f"laptop: something answers on port {PORT}: stop it first", file=sys.stderr)
        return 2
    failed = 0
    with tempfile.TemporaryDirectory(prefix="laptop-") as folder:
        journey = Journey(Path(options.where or folder).resolve())
        for name in names:
            begun = time.monotonic()
            faults = journey.follow(name)
            failed += bool(faults)
            verdict = "FAILED" if faults else "ok"
            print(f"{verdict:6}  {time.monotonic() - begun:5.0f} s  {name}", flush=True)
            for fault in faults:
                print(f"          {fault}", flush=True)
    print(f"{len(names) - failed} of {len(names)} READMEs do what they say; "
          "what their terminals showed is in build/laptop")  # fmt: skip
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
