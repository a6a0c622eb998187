"""`trailctl demo`: apply an example on the local AWS, make calls, watch and check the reactions."""

from __future__ import annotations

import json
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from localaws.client.process import RunningAws, running
from localaws.errors import LocalAwsError
from trailctl.demo.scenario import INBOX, Claim, Scenario
from trailctl.demo.show import Screen
from trailctl.errors import CheckError, UsageError
from trailctl.terraform import (
    Completed,
    Terraform,
    TerraformError,
    clean_environment,
    keep_providers,
    prepare,
)

EXAMPLE = "ec2-launch-monitor"
REPOSITORY = Path(__file__).resolve().parents[2]
# The folders that the example reaches by relative paths.
_BESIDE = ("lambda_src", "modules")
# What the last act needs on top of the example.
_ADDED = tuple(sorted(Path(__file__).parent.glob("nothing_missed*.tf")))
_VARIABLES = ("mode=enforce", "force_destroy=true")
_TERRAFORM_SECONDS = 300.0
# Most of an apply is waiting: the provider sleeps fixed times, 25 s for a queue. Ten at once, as
# Terraform has it, would wait for each other, too.
_AT_ONCE = "-parallelism=50"
# The provider waits 25 s until a queue's policy is gone, and the queue goes next: its policy goes
# with it.
_GOES_WITH_ITS_QUEUE = "module.event_rules.aws_sqs_queue_policy.this"
LOG = "local-aws.log"


def run_demo() -> int:
    """Applies the example, makes calls, checks their effects, destroys it; returns the exit code.

    Raises UsageError if Terraform or the example is missing, and CheckError if a claim of the demo
    does not hold.
    """
    if not (REPOSITORY / "examples" / EXAMPLE).is_dir():
        raise UsageError("the demo applies an example of the repository: run it in a checkout")
    screen = Screen(sys.stdout)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="trailctl-demo-") as name:
        folder = Path(name)
        try:
            terraform = prepare(folder / "terraform")
        except TerraformError as error:
            raise UsageError(str(error)) from None
        try:
            _perform(screen, terraform, folder)
        except TerraformError as error:
            raise CheckError(f"{error}{_said(folder / LOG)}") from None
        except LocalAwsError as error:
            raise CheckError(str(error)) from None
    screen.say(f"\nDone in {time.monotonic() - began:.0f} s; nothing of it is left.")
    return 0


def _perform(screen: Screen, terraform: Terraform, folder: Path) -> None:
    with ExitStack() as stack:
        variables = clean_environment(home=terraform.home)
        with screen.working("start a local AWS") as step:
            aws = stack.enter_context(running(variables, folder / LOG))
            step.result = aws.url
        if terraform.downloads:
            with screen.working("download the AWS provider (some 150 MB, kept for next time)"):
                terraform = keep_providers(terraform, REPOSITORY / ".tools" / "providers")
        work = _Work(terraform, _copy(folder / "work"), aws)
        work.run("init")
        stack.callback(_destroy, screen, work, aws)
        with screen.working(f"terraform apply {EXAMPLE} and reconciliation") as step:
            step.result = _summary(work.run("apply", _AT_ONCE, *work.settings))
        scenario = Scenario(aws, work.outputs())
        scenario.prepare()
        for act in scenario.acts():
            screen.title(act.title)
            act.play()
            screen.timeline(scenario.steps())
        screen.title("Does it hold?")
        failed = failing(screen, scenario.claims())
        screen.say()
    if failed:
        raise CheckError(f"{failed} of the demo's claims do not hold: see above")


def failing(screen: Screen, claims: Iterable[Claim]) -> int:
    """Prints each claim with its mark, and returns how many do not hold."""
    return sum(not screen.claim(claim) for claim in claims)


class _Work:
    """A copy of the example that Terraform runs in, so that the checkout stays as it is."""

    def __init__(self, terraform: Terraform, root: Path, aws: RunningAws) -> None:
        self._terraform = terraform
        self._root = root
        self._environment = aws.environment
        self.settings = ["-auto-approve", *(f"-var={v}" for v in _VARIABLES)]

    def run(self, command: str, *arguments: str) -> str:
        return self._try(command, "-no-color", *arguments).check().stdout

    def forget(self, address: str) -> None:
        """Take a resource out of the state, where it is in it."""
        self._try("state", "rm", address)

    def _try(self, *arguments: str) -> Completed:
        return self._terraform.run(
            *arguments,
            cwd=self._root,
            environment=self._environment,
            timeout=_TERRAFORM_SECONDS,
        )

    def outputs(self) -> dict[str, Any]:
        printed = json.loads(self.run("output", "-json"))
        return {name: output["value"] for name, output in printed.items()}


def _said(log: Path) -> str:
    """The last lines of the local AWS's log, for the reader of a failure."""
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[1:]
    return "\nThe local AWS said:\n" + "\n".join(lines[-20:]) if lines else ""


def _destroy(screen: Screen, work: _Work, aws: RunningAws) -> None:
    with screen.working("terraform destroy") as step:
        work.forget(_GOES_WITH_ITS_QUEUE)
        # Nobody but Terraform has changed what it made, seconds ago.
        printed = work.run("destroy", _AT_ONCE, "-refresh=false", *work.settings)
        step.result = _summary(printed)
    queues = aws.client("sqs").list_queues().get("QueueUrls", [])
    if left := [url for url in queues if not url.endswith(f"/{INBOX}")]:
        raise CheckError(f"terraform destroy has left {', '.join(left)}")


def _copy(folder: Path) -> Path:
    for name in _BESIDE:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(REPOSITORY / name)
    root = folder / "examples" / EXAMPLE
    shutil.copytree(
        REPOSITORY / "examples" / EXAMPLE,
        root,
        ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*"),
    )
    for added in _ADDED:
        shutil.copy(added, root)
    return root


def _summary(printed: str) -> str:
    found = re.search(r"(\d+) (added|destroyed)(?!.*\d+ (?:added|destroyed))", printed)
    counts = re.findall(r"(\d+) (added|changed|destroyed)", printed)
    done = [f"{number} {what}" for number, what in counts if number != "0"]
    return ", ".join(done) if found else ""
