"""Runs the policy tools on plans: checkov, terraform-compliance. Both live in `.venv-policy`."""

from __future__ import annotations

import copy
import json
import os
import re
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from policy import audit
from tests.harness.local_aws import REPOSITORY
from tests.harness.plans import Plan, flatten
from tests.harness.tools import tool, uncollected
from trailctl.terraform import clean_environment, run_limited

_SECONDS = 900.0  # a bound for what hangs: checkov takes 10 s, and minutes under load
CHECKS = REPOSITORY / "policy" / "checkov"
_COMPLIANCES = Path(__file__).with_name("compliances.py")
_FAILS = re.compile(r'^# fails ([^\n]*)\nresource "(\w+)" "(\w+)"', re.MULTILINE)
_INDEX = re.compile(r"\[[^\]]*\]")
_RESOURCE = re.compile(r'^resource "(\w+)" "(\w+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
_SKIP = re.compile(r"#checkov:skip=(\w+)")


class PolicyToolError(Exception):
    """A policy tool gave no result; the text has its words."""


@dataclass(frozen=True)
class Judged:
    """What terraform-compliance found: `failed` has why, by scenario; others were skipped."""

    failed: dict[str, str]
    passed: set[str]


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
    What checkov does not read of a plan is left out: half of its time it spends on reading.
    """
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="plans_") as short:
        files = [Path(short).resolve() / f"{number}.json" for number, _ in enumerate(plans)]
        for plan, file in zip(plans, files, strict=True):
            document = read_by_checkov(json.loads(plan.path.read_text(encoding="utf-8")))
            file.write_text(json.dumps(document), encoding="utf-8")
        output = run_limited(
            [
                *uncollected(tool("policy", "checkov")),
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


def read_by_checkov(plan: Mapping[str, Any]) -> dict[str, Any]:
    """A plan's JSON with what checkov 3 reads of it.

    Variables, outputs, checks and the prior state are not among it.
    https://github.com/bridgecrewio/checkov/blob/main/checkov/terraform/plan_parser.py
    """

    def configured(module: Mapping[str, Any]) -> dict[str, Any]:
        calls = module.get("module_calls", {})
        return {
            "resources": module.get("resources", []),
            "module_calls": {n: {"module": configured(c["module"])} for n, c in calls.items()},
        }

    configuration = plan["configuration"]
    return {
        **{name: plan[name] for name in ("terraform_version", "planned_values")},
        "resource_changes": plan.get("resource_changes", []),
        "configuration": {
            "provider_config": configuration.get("provider_config", {}),
            "root_module": configured(configuration["root_module"]),
        },
    }


def check_configuration(source: Path, folder: Path) -> None:
    """Run this project's own checks on configuration; the reports are left in `folder`."""
    output = run_limited(
        [
            *uncollected(tool("policy", "checkov")),
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


def compliance(
    plans: Mapping[str, Mapping[str, Any]], features: Path, folder: Path
) -> dict[str, Judged]:
    """Run terraform-compliance on plans' JSON, as `policy/audit.py` gives it to the tool.

    The plans go by names, and so does what is found. `folder` is for what is written.
    """
    here = Path(tempfile.mkdtemp(dir=folder))
    folders = {name: here / str(number) for number, name in enumerate(plans)}
    for name, place in folders.items():
        place.mkdir()
        document = audit.readable(plans[name])
        (place / "plan.json").write_text(json.dumps(document), encoding="utf-8")
    python = tool("policy", "terraform-compliance")[0]
    output = run_limited(
        [python, str(_COMPLIANCES), str(features), *map(str, folders.values())],
        cwd=here,
        environment=clean_environment(home=here),
        timeout=_SECONDS,
    )
    found = {}
    for name, place in folders.items():
        report = place / "report.xml"
        if not report.exists():
            printed = place / "printed.txt"
            words = printed.read_text(encoding="utf-8") if printed.exists() else output.stderr
            raise PolicyToolError(f"terraform-compliance gave no report:\n{words[-3000:]}")
        found[name] = _judged(report)
    return found


def _judged(report: Path) -> Judged:
    # What is skipped has no entry, and its `skipped` stands in that of another.
    failed, passed = {}, set()
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        troubles = [*case.iter("failure"), *case.iter("error")]
        if troubles:
            failed[str(case.get("name"))] = " ".join("".join(t.itertext()) for t in troubles)
        else:
            passed.add(str(case.get("name")))
    return Judged(failed, passed)


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
