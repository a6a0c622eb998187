"""Terraform plans that are quick enough to have many: one provider process, no plan made twice."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.harness.kept import locked
from tests.harness.local_aws import ACCOUNT, REGION, REPOSITORY, LocalAws
from tests.harness.providers import ONE_CORE, Kept, kept_provider
from trailctl.terraform import Terraform

# These bounds end what hangs. What is only slow, under load, must not meet them.
PLAN_SECONDS = 600.0
# What a configuration under test may refer to by a path relative to itself.
_LINKED = ("examples", "lambda_src", "modules")


@dataclass(frozen=True)
class Plan:
    """A plan that succeeded: `path` is its `terraform show -json`, `folder` what was planned."""

    path: Path
    folder: Path
    warnings: tuple[str, ...]

    @cached_property
    def json(self) -> dict[str, Any]:
        """The whole document (https://developer.hashicorp.com/terraform/internals/json-format)."""
        document: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
        return document

    @cached_property
    def resources(self) -> dict[str, dict[str, Any]]:
        """What will exist, by address; `["values"]` leaves out what is known only after apply."""
        return flatten(self.json.get("planned_values", {}).get("root_module", {}))

    @cached_property
    def data(self) -> dict[str, dict[str, Any]]:
        """What data sources answered while planning, by address."""
        state = self.json.get("prior_state", {}).get("values", {}).get("root_module", {})
        return {k: v for k, v in flatten(state).items() if v["mode"] == "data"}

    @cached_property
    def resource_changes(self) -> dict[str, dict[str, Any]]:
        """By address: `["change"]` with actions, before, after and after_unknown."""
        return {change["address"]: change for change in self.json.get("resource_changes", [])}

    @cached_property
    def outputs(self) -> dict[str, Any]:
        """The outputs' values; one that is not known before apply is absent."""
        planned = self.json.get("planned_values", {}).get("outputs", {})
        return {name: output["value"] for name, output in planned.items() if "value" in output}

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """The values of all resources of one type, by address."""
        return {a: r["values"] for a, r in self.resources.items() if r["type"] == kind}

    def one(self, kind: str) -> dict[str, Any]:
        """The values of the only resource of this type; fails if there are none or several."""
        found = self.of_type(kind)
        assert len(found) == 1, f"not exactly one {kind}: {sorted(found)}"
        return next(iter(found.values()))


@dataclass(frozen=True)
class Refused:
    """What a plan was refused for.

    `conditions` are the sentences of the conditions that failed (validations, preconditions and
    postconditions) by the address that they are about, as in `module.a["x"].var.name`. `errors` are
    all errors, those among them, each one on a line.
    """

    conditions: dict[str, list[str]]
    errors: list[str]


@dataclass(frozen=True)
class Planner:
    """Plans configurations. `shared` is a folder of the session that all workers see."""

    terraform: Terraform
    aws: LocalAws
    provider: Kept
    shared: Path

    def plan(
        self,
        source: str | Path,
        variables: Mapping[str, Any] | None = None,
        region: str = REGION,
        account: str = ACCOUNT,
    ) -> Plan:
        """Plan a folder, or a configuration given as text, and return the plan.

        In text, `${modules}` stands for the repository's `modules/` and `${lambda_src}` for its
        `lambda_src/`. A folder of the repository keeps its place, so that `../../modules/x` leads
        where it should. Fails with Terraform's own words if there is no plan.
        """
        outcome = self._planned(source, variables or {}, region, account)
        assert not outcome["errors"], "no plan:\n" + "\n".join(outcome["errors"])
        folder = Path(outcome["folder"])
        return Plan(folder / "plan.json", folder / outcome["root"], tuple(outcome["warnings"]))

    def plan_error(
        self,
        source: str | Path,
        variables: Mapping[str, Any] | None = None,
        region: str = REGION,
        account: str = ACCOUNT,
    ) -> str:
        """Plan what must be refused and return why: all errors, each one on a line of its own.

        Line breaks within a message are made into spaces: a sentence can be looked for as written.
        """
        outcome = self._planned(source, variables or {}, region, account)
        assert outcome["errors"], "this should have been refused, and Terraform made a plan of it"
        return "\n".join(outcome["errors"])

    def refused(self, source: str, variables: Mapping[str, Any]) -> Refused:
        """Plan a configuration, as text, and return what was refused, and where."""
        outcome = self._planned(source, variables, REGION, ACCOUNT)
        folder = Path(outcome["folder"]) / outcome["root"]
        with self.provider.serving([source]) as provider:
            shown = self.terraform.run(
                *("show", "-json", "plan.bin"),
                cwd=folder,
                environment={**self.aws.environment(), **ONE_CORE, **provider},
                timeout=PLAN_SECONDS,
            )
        found: dict[str, list[str]] = {}
        for check in json.loads(shown.check().stdout).get("checks", []):
            for instance in check.get("instances", []):
                told = [problem["message"] for problem in instance.get("problems", [])]
                if instance["status"] == "fail":
                    found.setdefault(instance["address"]["to_display"], []).extend(told)
        return Refused(found, outcome["errors"])

    def _planned(
        self, source: str | Path, variables: Mapping[str, Any], region: str, account: str
    ) -> dict[str, Any]:
        files, root, content = _read(source)
        files["harness.auto.tfvars.json"] = json.dumps(dict(variables), sort_keys=True)
        if (region, account) != (REGION, ACCOUNT):
            # The kept provider's environment can't change; its configuration can.
            files["harness_override.tf"] = (
                f'provider "aws" {{\n  region     = {json.dumps(region)}\n'
                f'  access_key = {json.dumps(account)}\n  secret_key = "test"\n}}\n'
            )
        key = hashlib.sha256(
            json.dumps([files, str(root), content], sort_keys=True).encode()
        ).hexdigest()[:20]
        folder = self.shared / "plans" / key
        folder.mkdir(parents=True, exist_ok=True)
        outcome = folder / "outcome.json"
        with locked(folder / "lock"):
            if not outcome.exists():
                result = self._make(folder, root, files, source)
                outcome.write_text(json.dumps(result), encoding="utf-8")
        loaded: dict[str, Any] = json.loads(outcome.read_text(encoding="utf-8"))
        return loaded

    def _make(
        self, folder: Path, root: Path, files: Mapping[str, str], source: str | Path
    ) -> dict[str, Any]:
        work = folder / root
        lay_out(folder, root, None if isinstance(source, str) else REPOSITORY / source)
        for name, text in files.items():
            (work / name).write_text(text, encoding="utf-8")
        with self.provider.serving(files.values()) as provider:
            return self._run(folder, root, {**self.aws.environment(), **ONE_CORE, **provider})

    def _run(self, folder: Path, root: Path, environment: Mapping[str, str]) -> dict[str, Any]:
        def call(*arguments: str) -> Any:
            return self.terraform.run(
                *arguments, cwd=folder / root, environment=environment, timeout=PLAN_SECONDS
            )

        result: dict[str, Any] = {
            "folder": str(folder),
            "root": str(root),
            "errors": [],
            "warnings": [],
        }
        init = call("init", "-backend=false", "-no-color")
        if init.returncode != 0:
            result["errors"] = [_one_line(init.stderr or init.stdout)]
            return result
        planned = call("plan", "-json", "-lock=false", "-out", "plan.bin")
        for diagnostic in diagnostics(planned.stdout):
            text = _one_line(f"{diagnostic['summary']}: {diagnostic.get('detail', '')}")
            undeclared = text.startswith("Value for undeclared variable")
            kind = "errors" if diagnostic["severity"] == "error" or undeclared else "warnings"
            result[kind].append(text)
        if planned.returncode != 0 and not result["errors"]:
            result["errors"] = [_one_line(planned.stderr or planned.stdout)]
        if not result["errors"]:
            shown = call("show", "-json", "plan.bin").check()
            (folder / "plan.json").write_text(shown.stdout, encoding="utf-8")
        return result


@contextmanager
def planner(terraform: Terraform, aws: LocalAws, shared: Path, own: Path) -> Iterator[Planner]:
    """A planner with a provider process of this worker's own, kept in the folder `own`."""
    with kept_provider(terraform, aws.environment(), shared, own) as provider:
        yield Planner(terraform, aws, provider, shared)


def flatten(module: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """All resources of a module and of the modules in it, by address."""
    found = {resource["address"]: resource for resource in module.get("resources", [])}
    for child in module.get("child_modules", []):
        found.update(flatten(child))
    return found


def diagnostics(printed: str) -> list[dict[str, Any]]:
    """The errors and warnings among the lines of a `-json` call."""
    found = []
    for line in printed.splitlines():
        if line.startswith("{"):
            entry = json.loads(line)
            if entry.get("type") == "diagnostic":
                found.append(entry["diagnostic"])
    return found


def lay_out(folder: Path, root: Path, source: Path | None) -> None:
    """Make `folder/root` a copy of `source`, with the repository's parts where it expects them."""
    ignored = shutil.ignore_patterns(".terraform", "*.tfstate*", ".terraform.lock.hcl")
    work = folder / root
    work.parent.mkdir(parents=True, exist_ok=True)
    if source is None:
        work.mkdir(exist_ok=True)
    else:
        shutil.copytree(source, work, ignore=ignored, dirs_exist_ok=True)
    for name in _LINKED:
        link = folder / name
        if not link.exists() and root.parts[0] != name:
            link.symlink_to(REPOSITORY / name)


def place(source: str | Path) -> Path:
    """Where a configuration stands below its folder: as in the repository, or at `root`."""
    if isinstance(source, Path):
        resolved = (REPOSITORY / source).resolve()
        if resolved.is_relative_to(REPOSITORY):
            return resolved.relative_to(REPOSITORY)
    return Path("root")


def fill(text: str, root: Path) -> str:
    """Put the paths to the repository's parts, as seen from `root`, into a configuration."""
    up = "/".join([".."] * len(root.parts))
    for name in _LINKED:
        text = text.replace(f"${{{name}}}", f"{up}/{name}")
    return text


def _read(source: str | Path) -> tuple[dict[str, str], Path, list[tuple[str, str]]]:
    """A configuration's own files with the paths filled in, its place, and a digest a file."""
    root = place(source)
    if isinstance(source, str):
        return {"main.tf": fill(source, root)}, root, []
    folder = (REPOSITORY / source).resolve()
    if not folder.is_dir():
        raise FileNotFoundError(f"{source} is no folder; pass a configuration's text as str")
    files = {
        path.name: fill(path.read_text(encoding="utf-8"), root)
        for path in sorted(folder.glob("*.tf"))
    }
    digests = [
        (str(path.relative_to(folder)), hashlib.sha256(path.read_bytes()).hexdigest())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".terraform" not in path.parts
    ]
    return files, root, digests


def _one_line(text: str) -> str:
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    return " ".join(re.sub(r"^[│╷╵]\s?", "", plain, flags=re.MULTILINE).split())
