"""Runs terraform-compliance on many plans. By its own Python: compliances.py FEATURES FOLDER...

Each folder has a plan.json and gets a report.xml, and what was printed in printed.txt. Most of a
run's time goes into imports and into reading the command line, with the same outcome each time:
both are done once. Each plan has a process of its own, for the tool keeps what it has read.
"""

from __future__ import annotations

import gc
import os
import pickle
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import IPython  # noqa: F401  # what the tool's steps import, slowly
import radish.main
import terraform_compliance.main
from terraform_compliance.common.defaults import Defaults


def remembered(real: Any, answer: Path) -> Any:
    """`docopt`, whose answer on a command line is kept in a file: all runs have the same line."""

    def docopt(*arguments: Any, **named: Any) -> Any:
        if not answer.exists():
            answer.write_bytes(pickle.dumps(real(*arguments, **named)))
        return pickle.loads(answer.read_bytes())

    return docopt


def run(line: list[str], printed: Path) -> None:
    """One run, in this process, which ends with it."""
    output = os.open(printed, os.O_WRONLY | os.O_CREAT)
    os.dup2(output, 1)
    os.dup2(output, 2)
    Defaults.cache_dir = tempfile.mkdtemp()
    sys.argv = ["terraform-compliance", *line]
    try:
        terraform_compliance.main.cli()
    finally:
        shutil.rmtree(Defaults.cache_dir, ignore_errors=True)
        sys.stdout.flush()
        os._exit(0)


def main(features: str, folders: list[Path]) -> None:
    """All runs, one after the other, at one place: their command lines are the same."""
    gc.disable()  # each process ends before there is garbage worth the search
    with tempfile.TemporaryDirectory() as here:
        plan, report = Path(here) / "plan.json", Path(here) / "report.xml"
        line = ["-p", str(plan), "-f", features, "--no-ansi", f"--junit-xml={report}"]
        radish.main.docopt = remembered(radish.main.docopt, Path(here) / "line")
        for folder in folders:
            shutil.copyfile(folder / "plan.json", plan)
            report.unlink(missing_ok=True)
            child = os.fork()
            if child == 0:
                run(line, folder / "printed.txt")
            os.waitpid(child, 0)
            if report.exists():
                shutil.copyfile(report, folder / "report.xml")


if __name__ == "__main__":
    main(sys.argv[1], [Path(folder) for folder in sys.argv[2:]])
