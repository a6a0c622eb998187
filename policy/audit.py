#!/usr/bin/env python3
"""Runs the features beside this file on a plan with terraform-compliance, which must be on PATH.

    audit.py PLAN [--whole] [ARGUMENT...]

PLAN is a file with what `terraform show -json` prints of a plan. `--whole`: the plan must have both
a log and a reaction. Other arguments are terraform-compliance's, such as --junit-xml=report.xml.
The exit code is terraform-compliance's: 0 if nothing failed, and 2 if it could not run.

terraform-compliance takes what is known only after apply as missing: a topic's key, say, that the
same plan makes. It is given "known after apply" for such a value. And it copies a resource into all
that refer to it, which takes minutes where there are hundreds of rules: it is given the references
that a feature asks for, no others.
"""

from __future__ import annotations

import copy
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FEATURES = Path(__file__).resolve().parent / "compliance"
UNKNOWN = "known after apply"
_REFERRED = re.compile(r"\bhave (aws_\w+)$", re.MULTILINE)


def readable(plan: Mapping[str, Any]) -> dict[str, Any]:
    """A plan's JSON as terraform-compliance reads it rightly, and within seconds."""
    document = copy.deepcopy(dict(plan))
    for resource in document.get("resource_changes", []):
        change = resource["change"]
        change["after"] = _filled(change.get("after"), change.get("after_unknown"))
    texts = [path.read_text(encoding="utf-8") for path in FEATURES.glob("*/*.feature")]
    _forget(document["configuration"]["root_module"], set(_REFERRED.findall("\n".join(texts))))
    return document


def _filled(known: Any, unknown: Any) -> Any:
    """A value with UNKNOWN wherever `after_unknown` says so."""
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


def _forget(module: dict[str, Any], kept: set[str]) -> None:
    """Leave out what resources refer to, but for those of the kinds that are kept."""
    module.pop("outputs", None)
    for resource in module.get("resources", []):
        if resource["type"] not in kept:
            resource["expressions"] = {}
    for call in module.get("module_calls", {}).values():
        call["expressions"] = {}
        _forget(call["module"], kept)


def main(arguments: list[str]) -> int:
    """Run it; returns the exit code."""
    names = [one for one in arguments if not one.startswith("-")]
    if not names:
        print("audit: say which plan: audit.py plan.json", file=sys.stderr)
        return 2
    command = shutil.which("terraform-compliance")
    if command is None:
        print(
            "audit: terraform-compliance is not on PATH: pip install terraform-compliance",
            file=sys.stderr,
        )
        return 2
    try:
        plan = json.loads(Path(names[0]).read_text(encoding="utf-8"))
        document = readable(plan)
    except (OSError, ValueError, KeyError, TypeError):
        print(
            f"audit: {names[0]} is no plan: terraform plan -out plan.bin && "
            "terraform show -json plan.bin > plan.json",
            file=sys.stderr,
        )
        return 2
    rest = [one for one in arguments if one not in ("--whole", names[0])]
    features = FEATURES if "--whole" in arguments else FEATURES / "parts"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        return subprocess.run([command, "-p", path, "-f", features, *rest], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
