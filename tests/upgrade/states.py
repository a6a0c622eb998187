"""States of Terraform as files of this repository, and what a plan makes of one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from tests.harness.plans import PLAN_SECONDS, Planner, diagnostics, fill, lay_out
from tests.harness.providers import ONE_CORE

BASE = Path(__file__).with_name("base")
STATE = BASE / "state.json"
_HERE = re.compile(r"[^\"]*/(?=(?:modules|lambda_src)/)")
_SERVER = re.compile(r"http://127\.0\.0\.1:\d+")

# What somebody loses, or has to do by hand, when it is made anew: records, keys, events on their
# way, tables and workgroups that are asked by name, subscriptions that people have confirmed.
KEPT = frozenset(
    {
        "aws_athena_workgroup",
        "aws_cloudtrail",
        "aws_cloudwatch_event_archive",
        "aws_cloudwatch_log_group",
        "aws_dynamodb_table",
        "aws_glue_catalog_database",
        "aws_kms_key",
        "aws_s3_bucket",
        "aws_s3_bucket_object_lock_configuration",
        "aws_s3_bucket_versioning",
        "aws_sns_topic",
        "aws_sns_topic_subscription",
        "aws_sqs_queue",
    }
)


def written(state: Mapping[str, Any]) -> str:
    """A state as text for this repository: a resource a line, and nothing of the machine.

    An attribute that is null need not stand in a state.
    """
    lines = []
    for resource in state["resources"]:
        if resource["mode"] == "managed":
            for instance in resource["instances"]:
                known = instance["attributes"].items()
                instance["attributes"] = {name: one for name, one in known if one is not None}
                instance.pop("private", None)
            line = _HERE.sub("", json.dumps(resource, sort_keys=True))
            lines.append(_SERVER.sub("https://sqs.us-east-1.amazonaws.com", line))
    return '{"resources":[\n' + ",\n".join(lines) + "\n]}\n"


def read(text: str) -> dict[str, Any]:
    """The state that such a text stands for, for any Terraform from 1.9 on."""
    about = {"version": 4, "terraform_version": "1.9.0", "serial": 1, "lineage": "kept"}
    return {**about, "outputs": {}, **json.loads(text)}


def lost(tf: Planner, state: Mapping[str, Any], modules: str = "${modules}") -> dict[str, str]:
    """What a plan of today's modules would destroy of KEPT, by address, and what it does instead.

    `state` is what the release before has left, and is not refreshed: nothing of it exists here.
    """
    (tf.shared / "upgrades").mkdir(exist_ok=True)
    folder = Path(mkdtemp(dir=tf.shared / "upgrades"))
    lay_out(folder, Path("root"), None)
    work = folder / "root"
    text = (BASE / "main.tf").read_text(encoding="utf-8").replace("${modules}", modules)
    text = fill(text, Path("root"))
    (work / "main.tf").write_text(text, encoding="utf-8")
    (work / "terraform.tfstate").write_text(json.dumps(state), encoding="utf-8")
    with tf.provider.serving([text]) as provider:
        environment = {**tf.aws.environment(), **ONE_CORE, **provider}

        def call(*arguments: str) -> Any:
            return tf.terraform.run(
                *arguments, cwd=work, environment=environment, timeout=PLAN_SECONDS
            )

        call("init", "-backend=false", "-no-color").check()
        planned = call("plan", "-json", "-lock=false", "-refresh=false", "-out", "plan.bin")
        errors = [one for one in diagnostics(planned.stdout) if one["severity"] == "error"]
        assert not errors, f"what was written for the release before has no plan: {errors}"
        shown = json.loads(call("show", "-json", "plan.bin").check().stdout)
    return {
        change["address"]: "-".join(change["change"]["actions"])
        for change in shown["resource_changes"]
        if change["type"] in KEPT and "delete" in change["change"]["actions"]
    }


def kept(state: Mapping[str, Any]) -> set[str]:
    """The addresses in a state of what must outlive an upgrade, without keys."""
    return {
        ".".join([*filter(None, [resource.get("module")]), resource["type"], resource["name"]])
        for resource in state["resources"]
        if resource["type"] in KEPT
    }
