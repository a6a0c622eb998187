"""Terraform applies, each in an account of its own, side by side where a test asks for several.

The AWS provider sleeps fixed times around queues, keys and lifecycles (25 s a queue), so applies
are waiting, not work: start all that a module of tests needs, then take them.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import shutil
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.harness.local_aws import REGION, REPOSITORY, Credentials, LocalAws
from tests.harness.plans import diagnostics, fill, flatten, lay_out, place
from tests.harness.providers import ONE_CORE, kept_provider, one_provider
from trailctl.terraform import Completed, Terraform, TerraformError

# A bound for what hangs, not for what is slow under load.
APPLY_SECONDS = 1200.0
_SIDE_BY_SIDE = 8


@dataclass
class Stack:
    """One applied configuration: `folder` is where it stands, `account` whose it is.

    `seconds` is how long the first apply took, everything in it.
    """

    terraform: Terraform
    aws: LocalAws
    folder: Path
    account: str
    region: str
    seconds: float = 0.0
    destroyed: bool = False
    keeping: ExitStack = field(default_factory=ExitStack, repr=False)
    reattach: dict[str, str] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def environment(self) -> dict[str, str]:
        """What a command needs to talk to this stack's account as its root user."""
        return self.aws.environment(self.account, self.region)

    @property
    def outputs(self) -> dict[str, Any]:
        """The root module's outputs as applied, by name."""
        answer = self.run("output", "-json").check()
        return {name: output["value"] for name, output in json.loads(answer.stdout).items()}

    @property
    def resources(self) -> dict[str, dict[str, Any]]:
        """What is in the state, data sources too, by address; `["values"]` as in a plan."""
        state = json.loads(self.run("show", "-json").check().stdout)
        return flatten(state.get("values", {}).get("root_module", {}))

    def client(self, service: str, credentials: Credentials | None = None) -> Any:
        """A boto3 client in this stack's account and Region."""
        return self.aws.client(service, self.account, self.region, credentials)

    def apply(self, variables: Mapping[str, Any] | None = None) -> None:
        """Apply again, with these variables instead of those before."""
        if variables is not None:
            _write_variables(self.folder, variables)
        self.run("apply", "-auto-approve", "-no-color").check()

    def changes(self) -> dict[str, list[str]]:
        """What another plan would do, by address: `{}` when there is nothing to do.

        A change of an output alone does not count; what Terraform reports with exit code 1 fails.
        """
        planned = self.run("plan", "-json", "-detailed-exitcode", "-out", "again.bin")
        if planned.returncode not in (0, 2):
            texts = [f"{d['summary']}: {d.get('detail', '')}" for d in diagnostics(planned.stdout)]
            raise AssertionError("the plan failed:\n" + "\n".join(texts or [planned.stderr]))
        if planned.returncode == 0:
            return {}
        shown = json.loads(self.run("show", "-json", "again.bin").check().stdout)
        return {
            change["address"]: change["change"]["actions"]
            for change in shown.get("resource_changes", [])
            if change["change"]["actions"] not in (["no-op"], ["read"])
        }

    def destroy(self) -> None:
        """Destroy it; a second call does nothing. The state must then be empty."""
        with self._lock:
            if not self.destroyed:
                self.run("destroy", "-auto-approve", "-no-color").check()
                left = self.run("state", "list").check().stdout.split()
                assert not left, f"destroy left {left}"
                self.destroyed = True
                self.keeping.close()
                self.reattach.clear()

    def keep_provider(self) -> None:
        """Start the provider of all further calls, where the configuration has only one."""
        texts = [path.read_text(encoding="utf-8") for path in self.folder.glob("*.tf")]
        if one_provider(texts):
            found = self.keeping.enter_context(
                kept_provider(self.terraform, self.environment, self.aws.log.parent, self.folder)
            )
            self.reattach |= found.environment(texts)

    def run(self, *arguments: str, timeout: float = APPLY_SECONDS) -> Completed:
        """Any Terraform command in this stack's folder and account."""
        try:
            return self.terraform.run(
                *arguments,
                cwd=self.folder,
                environment={**self.environment, **ONE_CORE, **self.reattach},
                timeout=timeout,
            )
        except TerraformError as error:  # it took too long: on whose account?
            error.add_note(f"Meanwhile in the local AWS:\n{self.aws.last_words()}")
            raise


class Applier:
    """`apply(source, variables)` returns a Stack; the same arguments return the same one.

    `apply.start(...)` does not wait: it returns a Future of the Stack. All stacks that were not
    destroyed by a test are destroyed when its group of tests is over.
    """

    def __init__(self, terraform: Terraform, aws: LocalAws, folder: Path, worker: int) -> None:
        self._terraform = terraform
        self._aws = aws
        self._folder = folder
        self._numbers = itertools.count(1)
        self._worker = worker
        self._pool = ThreadPoolExecutor(_SIDE_BY_SIDE, thread_name_prefix="apply")
        self._shared: dict[str, Future[Stack]] = {}
        self._stacks: list[Stack] = []
        self._retired: list[Future[None]] = []
        self._keeping: list[ExitStack] = []

    def account(self) -> str:
        """An account id that no other stack or worker of this run has."""
        return f"{200 + self._worker:03d}{next(self._numbers):09d}"

    def __call__(
        self,
        source: str | Path,
        variables: Mapping[str, Any] | None = None,
        region: str = REGION,
        account: str | None = None,
    ) -> Stack:
        """Apply a folder or a configuration's text (as `Planner.plan` takes it) and wait for it."""
        return self.start(source, variables, region, account).result()

    def start(
        self,
        source: str | Path,
        variables: Mapping[str, Any] | None = None,
        region: str = REGION,
        account: str | None = None,
    ) -> Future[Stack]:
        """Begin to apply and return at once; `.result()` waits, or raises what went wrong."""
        key = json.dumps([str(source), dict(variables or {}), region, account], sort_keys=True)
        if key not in self._shared:
            self._shared[key] = self._pool.submit(
                self._apply, source, dict(variables or {}), region, account or self.account()
            )
        return self._shared[key]

    def fresh(
        self,
        source: str | Path,
        variables: Mapping[str, Any] | None = None,
        region: str = REGION,
    ) -> Stack:
        """Apply for one test that will change or break it: shared with no one."""
        return self._apply(source, dict(variables or {}), region, self.account())

    def retire(self) -> None:
        """Begin to destroy all there is, and return at once: nobody asks for it any more."""
        for future in self._shared.values():
            with contextlib.suppress(Exception):  # whoever asked for it has had the error
                future.result()
        self._shared.clear()
        self._retired += [self._pool.submit(stack.destroy) for stack in self._stacks]
        self._keeping += [stack.keeping for stack in self._stacks]
        self._stacks.clear()

    def close(self) -> None:
        """Destroy what is left, side by side. Raises the first failure after trying all."""
        self.retire()
        self._pool.shutdown(wait=True)
        for keeping in self._keeping:
            keeping.close()
        for ending in self._retired:
            ending.result()

    def _apply(
        self, source: str | Path, variables: Mapping[str, Any], region: str, account: str
    ) -> Stack:
        root = place(source)
        base = self._folder / account
        work = base / root
        lay_out(base, root, None if isinstance(source, str) else REPOSITORY / source)
        if isinstance(source, str):
            (work / "main.tf").write_text(fill(source, root), encoding="utf-8")
        else:
            for path in work.glob("*.tf"):
                path.write_text(fill(path.read_text(encoding="utf-8"), root), encoding="utf-8")
        _write_variables(work, variables)
        stack = Stack(self._terraform, self._aws, work, account, region)
        self._stacks.append(stack)
        begun = time.monotonic()
        try:
            stack.keep_provider()
            stack.run("init", "-no-color").check()
            stack.run("apply", "-auto-approve", "-no-color").check()
        except BaseException:
            if not (work / "terraform.tfstate").exists():
                self._stacks.remove(stack)  # nothing was made: nothing to destroy
                stack.keeping.close()
                shutil.rmtree(base, ignore_errors=True)
            raise
        stack.seconds = time.monotonic() - begun
        return stack


def _write_variables(folder: Path, variables: Mapping[str, Any]) -> None:
    text = json.dumps(dict(variables), indent=2, sort_keys=True)
    (folder / "harness.auto.tfvars.json").write_text(text, encoding="utf-8")
