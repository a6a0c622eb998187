"""Every policy document in the plans of modules and examples, and the plans that show them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.harness.local_aws import REGION, REPOSITORY
from tests.harness.plans import Plan, Planner
from tests.harness.providers import one_provider
from tests.judges.grammar import Kind
from tests.plan.calls import PARTITION_OF_REGION
from tests.policy import wholes
from tests.policy.test_checkov import VARIABLES, offered

IDENTITY = frozenset(
    {
        *("aws_iam_role_policy", "aws_iam_policy", "aws_iam_user_policy", "aws_iam_group_policy"),
        "aws_organizations_policy",
    }
)
# What a document is called where it stands in a resource of its own.
_ATTRIBUTES = ("policy", "policy_document", "assume_role_policy", "content")
_PROVIDER = re.compile(r'^provider "aws" \{\n.*?^\}\n|^provider "aws" \{\}\n', re.M | re.S)


@dataclass(frozen=True)
class Document:
    """A policy document and where it stands: `address` has no plan's own part in front."""

    plan: str
    address: str
    kind: Kind
    text: str
    partition: str

    @cached_property
    def statements(self) -> list[Mapping[str, Any]]:
        """Its statements."""
        found = json.loads(self.text)["Statement"]
        return found if isinstance(found, list) else [found]

    def __str__(self) -> str:
        return f"{self.plan}: {self.address}"


def plans(tf: Planner) -> dict[str, Plan]:
    """Examples and modules with all that they have, as the other tests plan them, too."""
    return {
        **{
            path.parent.name: tf.plan(
                path.parent.relative_to(REPOSITORY), VARIABLES.get(path.parent.name, {})
            )
            for path in sorted(REPOSITORY.glob("examples/*/main.tf"))
        },
        **{name: tf.plan(text) for name, text in _wholes().items()},
        "offered": tf.plan(offered()),
        **{
            f"fixture {path.parent.name}": tf.plan(path.parent.relative_to(REPOSITORY))
            for path in sorted(REPOSITORY.glob("tests/policy/fixtures/*/main.tf"))
        },
    }


def elsewhere(tf: Planner, partition: str, region: str, folder: Path) -> Plan:
    """All of that in another partition, in one plan; what has two Regions stays out."""
    main = [PARTITION_OF_REGION]
    configurations = {
        f"whole_{name.lower()}": {"main.tf": text} for name, text in _wholes().items()
    }
    for path in sorted(REPOSITORY.glob("examples/*/main.tf")):
        files = {one.name: one.read_text(encoding="utf-8") for one in path.parent.glob("*.tf")}
        if one_provider(files.values()):
            configurations[path.parent.name] = files
    for name, files in configurations.items():
        (folder / name).mkdir(parents=True)
        for file, text in files.items():
            own = _PROVIDER.sub("", text).replace("${modules}", "../../modules")
            own = own.replace("${lambda_src}", "../../lambda_src")
            if name.startswith("whole_"):
                own = own.replace("arn:aws:", f"arn:{partition}:").replace(REGION, region)
            (folder / name / file).write_text(own, encoding="utf-8")
        arguments = {"source": f"./{name}", **VARIABLES.get(name, {})}
        lines = "".join(f"  {key} = {json.dumps(value)}\n" for key, value in arguments.items())
        main.append(f'module "{name}" {{\n{lines}}}\n')
    (folder / "main.tf").write_text("\n".join(main), encoding="utf-8")
    return tf.plan(folder, region=region)


def documents(plan: Plan, name: str, partition: str) -> Iterator[Document]:
    """Every document in a plan's resources and outputs."""
    for address, resource in plan.resources.items():
        if resource["mode"] == "managed":
            for attribute, value in resource["values"].items():
                for text in _texts(value):
                    kind = _kind(resource["type"], attribute)
                    yield Document(name, f"{address}.{attribute}", kind, text, partition)
    for output, value in plan.outputs.items():
        for text in _texts(value):
            principals = any("Principal" in s for s in json.loads(text)["Statement"])
            kind = "resource" if principals else "identity"
            yield Document(name, f"output.{output}", kind, text, partition)


def unknown(plan: Plan) -> Iterator[str]:
    """Where documents stand that are known only after apply: `aws_x.name`."""
    for address, change in plan.resource_changes.items():
        if change["mode"] == "managed" and any(
            change["change"]["after_unknown"].get(name) is True for name in _ATTRIBUTES
        ):
            yield kind_and_name(address)


def kind_and_name(address: str) -> str:
    """`aws_x.name` of `module.a.aws_x.name["key"]`, or of an attribute of that."""
    found = re.search(r"(?:^|\.)(aws_\w+\.\w+)(?=\[|\.|$)(?!.*\.aws_)", address)
    return found[1] if found else address


def _wholes() -> dict[str, str]:
    """The configurations of tests/policy/wholes.py."""
    public = {
        name: value for name, value in vars(wholes).items() if re.fullmatch("[A-Z]\\w+", name)
    }
    return {n: text for n, text in public.items() if isinstance(text, str) and "module " in text}


def _kind(resource: str, attribute: str) -> Kind:
    if attribute == "assume_role_policy":
        return "trust"
    return "identity" if resource in IDENTITY else "resource"


def _texts(value: Any) -> Iterator[str]:
    """Every text in a value that is a policy document, and every mapping that is one."""
    if isinstance(value, str) and '"Statement"' in value:
        try:
            found = json.loads(value)
        except ValueError:
            return
        if isinstance(found, dict) and "Statement" in found:
            yield value
    elif isinstance(value, dict):
        if "Statement" in value and "Version" in value:
            yield json.dumps(value)
        else:
            for one in value.values():
                yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
