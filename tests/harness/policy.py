"""Runs the policy tools on plans: checkov, terraform-compliance. Both live in `.venv-policy`."""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.harness.local_aws import REPOSITORY
from tests.harness.plans import Plan, flatten
from tests.harness.tools import tool
from trailctl.terraform import clean_environment, run_limited

UNKNOWN = "known after apply"
_SECONDS = 900.0  # a bound for what hangs: checkov takes 10 s, and minutes under load
CHECKS = REPOSITORY / "policy" / "checkov"
_FAILS = re.compile(r'^# fails ([^\n]*)\nresource "(\w+)" "(\w+)"', re.MULTILINE)
_INDEX = re.compile(r"\[[^\]]*\]")
_RESOURCE = re.compile(r'^resource "(\w+)" "(\w+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
_SKIP = re.compile(r"#checkov:skip=(\w+)")


class PolicyToolError(Exception):
    """A policy tool gave no result; the text has its words."""


@dataclass(frozen=True)
class Checked:
    """What checkov found: `failed` and `skipped` as "CHECK address: name", `passed` a number."""

    failed: tuple[str, ...]
    skipped: tuple[str, ...]
    passed: int


def checkov(*plans: Plan, folder: Path) -> Checked:
    """Run checkov on plans, offline, with the skips that stand in each resource's own text.

    All in one run, since it takes seconds to start. `folder` is for what it writes. What is known
    only after apply counts as set, since a key that a module makes has no ARN yet.

    The plans are copied to short paths first. checkov adds the path of its input to every block of
    it, among others to a function's variables, and then looks for keys in these: 40 characters of
    letters, digits, "/", "+" and "=" are one. `0/shared/plans/`, 20 digits and `/plan` are 40.
    """
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="plans_") as short:
        files = [Path(short).resolve() / f"{number}.json" for number, _ in enumerate(plans)]
        for plan, file in zip(plans, files, strict=True):
            shutil.copyfile(plan.path, file)
        output = run_limited(
            [
                *tool("policy", "checkov"),
                *("--file", *map(str, files)),
                *("--framework", "terraform_plan", "--skip-download"),
                *("--external-checks-dir", str(CHECKS)),
                *("--compact", "--output", "json"),
            ],
            cwd=folder,
            environment={**clean_environment(home=folder), "EVAL_TF_PLAN_AFTER_UNKNOWN": "true"},
            timeout=_SECONDS,
        )
    try:
        report = json.loads(output.stdout)
        results, passed = report["results"], int(report["summary"]["passed"])
    except (ValueError, KeyError, TypeError):
        words = output.stderr.strip() or output.stdout.strip()
        raise PolicyToolError(f"checkov gave no report:\n{words[-3000:]}") from None

    # A plan doesn't have the text's comments. Checkov's own way to them takes resources of the
    # same type and name for one, whatever module they are of.
    skips: dict[str, dict[str, set[str]]] = {
        str(file): _skips(plan) for file, plan in zip(files, plans, strict=True)
    }
    found: dict[bool, list[str]] = {True: [], False: []}
    for check in results["failed_checks"]:
        address = _INDEX.sub("", check["resource"])
        skipped = check["check_id"] in skips[check["file_abs_path"]].get(address, ())
        found[skipped].append(f"{check['check_id']} {check['resource']}: {check['check_name']}")
    return Checked(tuple(sorted(found[False])), tuple(sorted(found[True])), passed)


def check_configuration(source: Path, folder: Path) -> None:
    """Run this project's own checks on configuration; the reports are left in `folder`."""
    output = run_limited(
        [
            *tool("policy", "checkov"),
            *("--directory", str(source), "--framework", "terraform", "--skip-download"),
            *("--external-checks-dir", str(CHECKS), "--check", "CKV2_CTR_*", "--compact"),
            *("--output", "json", "--output", "junitxml", "--output", "sarif"),
            *("--output-file-path", str(folder)),
        ],
        cwd=folder,
        environment=clean_environment(home=folder),
        timeout=_SECONDS,
    )
    if not (folder / "results_json.json").exists():
        raise PolicyToolError(
            f"checkov gave no report:\n{(output.stderr or output.stdout)[-3000:]}"
        )


def environment(home: Path) -> dict[str, str]:
    """An environment in which the policy tools are on PATH."""
    found = dict(clean_environment(home=home))
    folder = Path(tool("policy", "checkov")[-1]).parent
    found["PATH"] = f"{folder}{os.pathsep}{found.get('PATH', os.environ['PATH'])}"
    return found


def expected_failures(path: Path, *, text_too: bool) -> dict[str, set[str]]:
    """The checks that a configuration says will fail, by address.

    `text_too`: those as well that only its text can fail, not its plan.
    """
    return {
        f"{kind}.{name}": checks
        for ids, kind, name in _FAILS.findall(path.read_text(encoding="utf-8"))
        if (
            checks := set(
                re.findall(r"(CKV\w+)(?! \(text\))\b" if not text_too else r"CKV\w+", ids)
            )
        )
    }


def _skips(plan: Plan) -> dict[str, set[str]]:
    """The checks that the text skips, by the address of the resource without its keys."""

    def of(module: Mapping[str, Any], folder: Path, start: str) -> Iterator[tuple[str, set[str]]]:
        texts = [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.tf"))]
        for kind, name, body in _RESOURCE.findall("\n".join(texts)):
            yield f"{start}{kind}.{name}", set(_SKIP.findall(body))
        for name, call in module.get("module_calls", {}).items():
            yield from of(call["module"], folder / call["source"], f"{start}module.{name}.")

    return dict(of(plan.json["configuration"]["root_module"], plan.folder, ""))


def compliance(plan: Mapping[str, Any], features: Path, folder: Path) -> dict[str, str]:
    """Run terraform-compliance on a plan's JSON: every scenario, with why it failed or "".

    Values that are known only after apply are given as the text UNKNOWN, where the tool would take
    them as missing. `folder` is for what is written.
    """
    document = folder / "plan.json"
    document.write_text(json.dumps(with_unknown(plan)), encoding="utf-8")
    report = folder / "report.xml"
    report.unlink(missing_ok=True)
    output = run_limited(
        [
            *tool("policy", "terraform-compliance"),
            *("--planfile", str(document), "--features", str(features), "--no-ansi"),
            f"--junit-xml={report}",
        ],
        cwd=folder,
        environment=clean_environment(home=folder),
        timeout=_SECONDS,
    )
    if not report.exists():
        words = output.stderr.strip() or output.stdout.strip()
        raise PolicyToolError(f"terraform-compliance gave no report:\n{words[-3000:]}")
    found = {}
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        troubles = [*case.iter("failure"), *case.iter("error"), *case.iter("skipped")]
        words = " ".join(" ".join(t.itertext()) or t.get("message") or t.tag for t in troubles)
        found[str(case.get("name"))] = words.strip() or ("failed" if troubles else "")
    return found


def with_unknown(plan: Mapping[str, Any]) -> dict[str, Any]:
    """A plan's JSON with UNKNOWN wherever a value is known only after apply."""
    document = copy.deepcopy(dict(plan))
    planned = flatten(document.get("planned_values", {}).get("root_module", {}))
    for change in document.get("resource_changes", []):
        unknown = change["change"].get("after_unknown")
        if isinstance(unknown, dict):
            change["change"]["after"] = _filled(change["change"].get("after"), unknown)
            if change["address"] in planned:
                values = planned[change["address"]]["values"]
                planned[change["address"]]["values"] = _filled(values, unknown)
    return document


def with_value(plan: Mapping[str, Any], kind: str, name: str, value: Any) -> dict[str, Any]:
    """A plan's JSON in which all resources of a type have another value, as if so written."""
    document = copy.deepcopy(dict(plan))
    planned = flatten(document["planned_values"]["root_module"])
    changes = [c for c in document["resource_changes"] if c["type"] == kind]
    assert changes, f"the plan has no {kind}"
    for change in changes:
        change["change"]["after"][name] = value
        change["change"]["after_unknown"].pop(name, None)
        planned[change["address"]]["values"][name] = value
    # The tools fall back on what the configuration says.
    for module in _modules(document.get("configuration", {}).get("root_module", {})):
        for resource in module.get("resources", []):
            if resource["type"] == kind:
                resource.get("expressions", {}).pop(name, None)
    return document


def without(plan: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """A plan's JSON as if no resource of a type had been written."""
    document = copy.deepcopy(dict(plan))
    document["resource_changes"] = [c for c in document["resource_changes"] if c["type"] != kind]
    configured = document.get("configuration", {}).get("root_module", {})
    for module in (*_modules(configured), *_children(document["planned_values"]["root_module"])):
        module["resources"] = [r for r in module.get("resources", []) if r["type"] != kind]
    return document


def _children(module: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield module
    for child in module.get("child_modules", []):
        yield from _children(child)


def _modules(module: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield module
    for call in module.get("module_calls", {}).values():
        yield from _modules(call.get("module", {}))


def _filled(known: Any, unknown: Any) -> Any:
    if unknown is True:
        return UNKNOWN
    if isinstance(unknown, dict):
        known = dict(known or {})
        return known | {name: _filled(known.get(name), inner) for name, inner in unknown.items()}
    if isinstance(unknown, list):
        known = list(known or [])
        known += [None] * (len(unknown) - len(known))
        return [
            _filled(item, unknown[place] if place < len(unknown) else False)
            for place, item in enumerate(known)
        ]
    return known
