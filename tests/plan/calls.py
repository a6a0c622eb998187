"""Configurations that call one module several times, each time with other settings."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.harness.local_aws import REPOSITORY
from tests.harness.plans import PLAN_SECONDS, Plan, Planner, fill, lay_out
from tests.harness.providers import ONE_CORE

# A Region of each partition.
REGIONS = {"aws": "eu-west-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}

# The provider takes the partition from its caller's ARN, and an emulator's is always in `aws`;
# when it asks for neither, from its Region.
PARTITION_OF_REGION = """
provider "aws" {
  skip_credentials_validation = true
  skip_requesting_account_id  = true
}
"""

Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Raw:
    """An expression of Terraform's language, where a setting is not plain data."""

    text: str


def expression(value: Any) -> str:
    """The value in Terraform's language; text is meant literally, `${` included."""
    if isinstance(value, Raw):
        return value.text
    if isinstance(value, Mapping):
        pairs = (f"{json.dumps(k)} = {expression(v)}" for k, v in value.items())
        return "{ " + ", ".join(pairs) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(expression, value)) + "]"
    return json.dumps(value).replace("${", "$${").replace("%{", "%%{")


def call(module: str, settings: Settings, label: str = "this") -> str:
    """A call of `modules/<module>` named `label`, and an output `label` with all it puts out."""
    lines = [f"  {name} = {expression(value)}" for name, value in settings.items()]
    return "\n".join(
        [
            f'module "{label}" {{',
            f'  source = "${{modules}}/{module}"',
            *lines,
            "}",
            f'output "{label}" {{',
            f"  value = module.{label}",
            "}",
            "",
        ]
    )


def react(guard: str, settings: Settings, more: Settings, label: str = "this") -> str:
    """A guard named `<label>_guard` with these settings, and a reaction `label` that runs it.

    `more` are settings of the reaction. Both are shown as outputs of their names.
    """
    given = {"name": "guard", "guard": Raw(f"module.{label}_guard"), **more}
    return call(guard, settings, f"{label}_guard") + call("reaction", given, label)


def calls(module: str, many: Iterable[Settings]) -> str:
    """Calls named `case_0`, `case_1` and so on."""
    return "\n".join(call(module, s, f"case_{i}") for i, s in enumerate(many))


@dataclass(frozen=True)
class Called:
    """What one of several calls in a plan makes; addresses are seen from within the module."""

    plan: Plan
    label: str

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """The values of the call's resources of one type, by address."""
        prefix = f"module.{self.label}."
        found = self.plan.of_type(kind).items()
        return {a.removeprefix(prefix): values for a, values in found if a.startswith(prefix)}

    def one(self, kind: str) -> dict[str, Any]:
        """The values of the call's only resource of this type."""
        found = self.of_type(kind)
        assert len(found) == 1, f"not exactly one {kind}: {sorted(found)}"
        return next(iter(found.values()))

    @property
    def managed(self) -> list[str]:
        """The addresses of all resources that the call makes."""
        prefix = f"module.{self.label}."
        return sorted(
            address.removeprefix(prefix)
            for address, resource in self.plan.resources.items()
            if address.startswith(prefix) and resource["mode"] == "managed"
        )

    def unknown(self, address: str) -> dict[str, Any]:
        """Which values of a resource are known only after apply."""
        change = self.plan.resource_changes[f"module.{self.label}.{address}"]["change"]
        found: dict[str, Any] = change["after_unknown"]
        return found

    @property
    def shown(self) -> dict[str, Any]:
        """What the call puts out, as far as it is known before apply."""
        found: dict[str, Any] = self.plan.json["output_changes"][self.label]["after"]
        return found


def assert_refused(tf: Planner, module: str, cases: Iterable[tuple[Settings, str]]) -> None:
    """Each case is refused with its sentence, and no sentence comes more often than expected.

    All cases go into one plan: Terraform reports every refusal. What it can tell from one variable
    alone it reports before it looks at two together: such cases need a plan of their own.
    """
    listed = list(cases)
    errors = tf.plan_error(calls(module, [settings for settings, _ in listed]))
    expected = Counter(sentence for _, sentence in listed)
    found = {sentence: errors.count(sentence) for sentence in expected}
    assert found == dict(expected), errors
    assert len(errors.splitlines()) == len(listed), errors


@dataclass(frozen=True)
class Tested:
    """What `terraform test` said of a configuration, line breaks made into spaces."""

    passed: bool
    said: str


def terraform_test(tf: Planner, folder: Path, source: str, test: str) -> Tested:
    """Run `terraform test` in `folder`: a configuration as text (as in Planner.plan), its test."""
    root = Path("root")
    lay_out(folder, root, None)
    (folder / root / "main.tf").write_text(fill(source, root), encoding="utf-8")
    (folder / root / "it.tftest.hcl").write_text(test, encoding="utf-8")
    with tf.provider.serving([source]) as provider:
        environment = {**tf.aws.environment(), **ONE_CORE, **provider}
        for command in (("init", "-backend=false", "-no-color"), ("test", "-no-color")):
            done = tf.terraform.run(
                *command, cwd=folder / root, environment=environment, timeout=2 * PLAN_SECONDS
            )
    said = (done.stdout + done.stderr).replace("│", " ")
    return Tested(done.returncode == 0, " ".join(said.split()))


def readme_example(module: str) -> str:
    """The configuration under "Usage" in a module's README, with the modules of this repository."""
    text = (REPOSITORY / "modules" / module / "README.md").read_text(encoding="utf-8")
    [example] = re.findall(r"## Usage\n\n```hcl\n(.*?)```", text, re.DOTALL)
    return re.sub(r'"git::\S+//modules/([\w-]+)\?ref=\S+"', r'"${modules}/\1"', example)


def plan_destroy(tf: Planner, folder: Path, source: str) -> Tested:
    """Plan, in `folder`, the destruction of what a configuration made: here, one resource."""
    root = Path("root")
    lay_out(folder, root, None)
    kept = 'resource "terraform_data" "kept" {}\n'
    (folder / root / "main.tf").write_text(fill(source, root) + kept, encoding="utf-8")
    state = {
        "version": 4,
        "terraform_version": "1.9.0",
        "resources": [
            {
                "mode": "managed",
                "type": "terraform_data",
                "name": "kept",
                "provider": 'provider["terraform.io/builtin/terraform"]',
                "instances": [{"schema_version": 0, "attributes": {"id": "kept"}}],
            }
        ],
    }
    (folder / root / "terraform.tfstate").write_text(json.dumps(state), encoding="utf-8")
    with tf.provider.serving([source]) as provider:
        environment = {**tf.aws.environment(), **ONE_CORE, **provider}
        for command in (("init", "-backend=false"), ("plan", "-destroy", "-lock=false")):
            done = tf.terraform.run(
                *command, "-no-color", cwd=folder / root, environment=environment,
                timeout=2 * PLAN_SECONDS,
            )  # fmt: skip
    said = (done.stdout + done.stderr).replace("│", " ")
    return Tested(done.returncode == 0, " ".join(said.split()))
