"""Every policy document in plans of modules and examples, and what the modules have of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.harness.local_aws import ACCOUNT
from tests.harness.plans import Plan
from tests.judges.grammar import Kind
from tests.judges.schemas import blocks_used

IDENTITY = frozenset(
    {
        *("aws_iam_role_policy", "aws_iam_policy", "aws_iam_user_policy", "aws_iam_group_policy"),
        "aws_organizations_policy",
    }
)
# What a document is called where it stands in a resource.
_ATTRIBUTES = frozenset({"assume_role_policy", "content", "policy", "policy_document"})
# What a guard leaves open for the reaction.
_OPEN = {"account_id": ACCOUNT, "region": "*", "role_arn": f"arn:*:iam::{ACCOUNT}:role/guard"}


@dataclass(frozen=True)
class Document:
    """A policy document and where it stands: a resource's attribute, or an output."""

    where: str
    kind: Kind
    text: str
    partition: str

    @cached_property
    def statements(self) -> list[Mapping[str, Any]]:
        """Its statements."""
        found = json.loads(self.text)["Statement"]
        return found if isinstance(found, list) else [found]


def documents(plan: Plan, partition: str) -> Iterator[Document]:
    """Every document in a plan's resources and outputs."""
    for address, resource in plan.resources.items():
        if resource["mode"] == "managed":
            for attribute, value in resource["values"].items():
                for text in _texts(value, partition):
                    kind = _kind(resource["type"], attribute)
                    yield Document(f"{address}.{attribute}", kind, text, partition)
    for output, value in plan.outputs.items():
        for text in _texts(value, partition):
            principals = any("Principal" in s for s in json.loads(text)["Statement"])
            kind = "resource" if principals else "identity"
            yield Document(f"output.{output}", kind, text, partition)


def made() -> set[tuple[str, str]]:
    """The policies in the modules' files: the module and the attribute (`aws_x.name.policy`)."""
    return {
        (used.where.split("/")[1], f"{used.where.partition(': resource.')[2]}.{attribute}")
        for used in blocks_used()
        if used.where.startswith("modules/") and used.kind.startswith("resource.")
        if used.kind != "resource.aws_s3_object"  # whose content is any text
        for attribute in _ATTRIBUTES & set(used.body.arguments)
    }


def judged(plan: Plan, partition: str) -> set[tuple[str, str]]:
    """Those of `made` that a plan shows."""
    folders = {module: folder for module, folder, _ in configured(plan)}
    found = set()
    for document in documents(plan, partition):
        address = re.sub(r"\[[^]]*\]", "", document.where)
        module, _, attribute = address.rpartition(".aws_")
        if module and module in folders:
            found.add((folders[module], f"aws_{attribute}"))
    return found


def configured(plan: Plan) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Every resource as written: its module's address and folder (`module.a.module.b`, `b`)."""
    yield from _configured(plan.json["configuration"]["root_module"], "", "")


def _configured(
    module: Mapping[str, Any], address: str, folder: str
) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for resource in module.get("resources", []):
        yield address, folder, resource
    for label, call in module.get("module_calls", {}).items():
        own = f"{address}.module.{label}".removeprefix(".")
        yield from _configured(call["module"], own, call["source"].rpartition("/")[2])


def _kind(resource: str, attribute: str) -> Kind:
    if attribute == "assume_role_policy":
        return "trust"
    return "identity" if resource in IDENTITY else "resource"


def _texts(value: Any, partition: str) -> Iterator[str]:
    """Every document in a value, as text; statements that stand alone become one each."""
    if isinstance(value, str) and '"Effect"' in value:
        places = {**_OPEN, "partition": partition}
        filled = re.sub(r"\{\{(\w+)\}\}", lambda place: places[place[1]], value)
        try:
            yield from _texts(json.loads(filled), partition)
        except ValueError:
            return
    elif isinstance(value, dict):
        if "Statement" in value:
            yield json.dumps({**value, "Statement": _listed(value["Statement"])})
        elif "Effect" in value and ("Action" in value or "NotAction" in value):
            yield json.dumps({"Version": "2012-10-17", "Statement": [value]})
        else:
            for one in value.values():
                yield from _texts(one, partition)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one, partition)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
