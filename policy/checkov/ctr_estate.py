"""What the checks look at: all resources of a plan or of configuration, with what is known of each.

Checkov hands a check one resource, and puts references where a plan has null. So a plan is read
from its own JSON here, and configuration from checkov's graph; both become an `Estate`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any


class Unknown:
    """The type of UNKNOWN, a value that is known only after apply, or not from the text."""

    def __bool__(self) -> bool:
        return True  # it will be set


UNKNOWN = Unknown()
# Attributes that hold JSON: lists in them are the document's, not checkov's.
DOCUMENTS = ("assume_role_policy", "event_pattern", "policy", "policy_document")
_REFERENCE = re.compile(r"\b((?:data\.)?aws_\w+\.[\w-]+)")
_UNRENDERED = re.compile(r"\$\{|^(?:data|each|local|module|path|self|var|aws_\w+)[.\[]|^\w+\(")


@dataclass(frozen=True)
class Resource:
    """One resource. `values` has UNKNOWN for what is not known; `refs` what an argument refers to.

    A reference is the address of a resource within the same module, as in `aws_sqs_queue.x`.
    """

    address: str
    kind: str
    values: Mapping[str, Any]
    refs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    literals: tuple[str, ...] = ()
    folder: str = ""  # of its configuration; a plan has one estate, whatever the folders

    @property
    def module(self) -> tuple[str, str]:
        """What tells its module from others: the folder, and the address up to the module."""
        return self.folder, _bare(self.address).rpartition(f"{self.kind}.")[0]

    @property
    def local(self) -> str:
        """Its address within its module, without a key of count or for_each."""
        return _bare(self.address).removeprefix(self.module[1])

    def get(self, name: str) -> Any:
        """A value; None where it is not set."""
        return self.values.get(name)

    def blocks(self, name: str) -> list[Mapping[str, Any]]:
        """The blocks of a name; an unknown one has no values."""
        found = self.get(name)
        found = found if isinstance(found, list) else [found]
        return [one if isinstance(one, Mapping) else {} for one in found if one]

    def document(self, name: str) -> Any:
        """A JSON document: a mapping, None where it is not set, UNKNOWN where it can't be read."""
        found = self.get(name)
        if isinstance(found, str):
            try:
                found = json.loads(found)
            except ValueError:
                return UNKNOWN
        if isinstance(found, list) and len(found) == 1:
            found = found[0]
        return found if found is None or isinstance(found, Mapping) else UNKNOWN


class Estate:
    """All resources that are looked at together."""

    def __init__(self, resources: list[Resource]) -> None:
        self.resources = resources

    def find(self, address: str, file: str) -> Resource | None:
        """The resource of an address, in a file as checkov names it: from the folder it scans."""
        # Of a module beside the folder that is scanned, the name begins with "/../../".
        folder = re.sub(r"^(/\.\.)+", "", file.rpartition("/")[0])
        found = [r for r in self.resources if r.address == address and r.folder.endswith(folder)]
        return found[0] if len({one.folder for one in found}) == 1 else None

    def of(self, *kinds: str) -> list[Resource]:
        """The resources of some types."""
        return [resource for resource in self.resources if resource.kind in kinds]

    def named(self, resource: Resource, argument: str, *kinds: str) -> list[Resource]:
        """The resources that an argument refers to."""
        wanted = resource.refs.get(argument, ())
        return [
            one for one in self.of(*kinds) if one.module == resource.module and one.local in wanted
        ]

    def about(self, kind: str, argument: str, subject: Resource, name: str) -> list[Resource]:
        """The resources of a type whose argument names the subject, by reference or by name."""
        own = subject.get(name)
        return [
            one
            for one in self.of(kind)
            if subject in self.named(one, argument, subject.kind)
            or (
                isinstance(own, str)
                and _is_name(one.get(argument), own)
                and _together(one.folder, subject.folder)
            )
        ]


def _together(one: str, other: str) -> bool:
    """Whether one folder holds the other: siblings are configurations of their own."""
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")


def _is_name(value: Any, name: str) -> bool:
    """Whether an argument is this name, or an ARN or a URL that ends with it."""
    return isinstance(value, str) and re.split(r"[:/]", value)[-1] == name


def statements(document: Any) -> list[Mapping[str, Any]]:
    """The statements of a policy; none of one that is not known."""
    if not isinstance(document, Mapping):
        return []
    found = document.get("Statement", [])
    return [one for one in (found if isinstance(found, list) else [found]) if one]


def texts(value: Any) -> list[str]:
    """One text or several, as a policy may have both."""
    if isinstance(value, str):
        return [value]
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


def services(statement: Mapping[str, Any]) -> list[str]:
    """The service principals of a statement."""
    principal = statement.get("Principal")
    return texts(principal.get("Service")) if isinstance(principal, Mapping) else []


def condition_keys(statement: Mapping[str, Any]) -> set[str]:
    """The condition keys of a statement, in lower case."""
    condition = statement.get("Condition")
    if not isinstance(condition, Mapping):
        return set()
    return {key.lower() for test in condition.values() if isinstance(test, Mapping) for key in test}


@lru_cache(maxsize=64)
def of_plan(path: str) -> Estate:
    """The estate of a plan: a file with what `terraform show -json` prints."""
    return read_plan(json.loads(Path(path).read_text(encoding="utf-8")))


def read_plan(plan: Mapping[str, Any]) -> Estate:
    """The estate of a plan (https://developer.hashicorp.com/terraform/internals/json-format)."""
    written = dict(_written(plan.get("configuration", {}).get("root_module", {}), ""))
    found = []
    for change in plan.get("resource_changes", []):
        after = change.get("change", {}).get("after")
        if change.get("mode") != "managed" or after is None:
            continue
        values = _marked(after, change["change"].get("after_unknown", {}))
        expressions = written.get(_bare(change["address"]), {})
        refs = {
            name: tuple(dict.fromkeys(_found(e, "references"))) for name, e in expressions.items()
        }
        found.append(
            Resource(
                change["address"],
                change["type"],
                values,
                {name: _addresses(texts) for name, texts in refs.items()},
                tuple(text for e in expressions.values() for text in _found(e, "constant_value")),
            )
        )
    return Estate(found)


def _written(module: Mapping[str, Any], start: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for resource in module.get("resources", []):
        yield f"{start}{resource['address']}", resource.get("expressions", {})
    for name, call in module.get("module_calls", {}).items():
        yield from _written(call.get("module", {}), f"{start}module.{name}.")


def _bare(address: str) -> str:
    return re.sub(r'\[(?:\d+|"(?:[^"\\]|\\.)*")\]', "", address)


def _found(expression: Any, key: str) -> Iterator[str]:
    """All texts below a key of an argument's expression, blocks in it included."""
    if isinstance(expression, list):
        for one in expression:
            yield from _found(one, key)
    elif isinstance(expression, Mapping):
        for name, inner in expression.items():
            if name == key:
                yield from texts(inner)
            else:
                yield from _found(inner, key)


def _marked(known: Any, unknown: Any) -> Any:
    if unknown is True:
        return UNKNOWN
    if isinstance(unknown, Mapping):
        known = dict(known or {})
        return known | {name: _marked(known.get(name), inner) for name, inner in unknown.items()}
    if isinstance(unknown, list) and isinstance(known, list):
        rest = [False] * (len(known) - len(unknown))
        return [_marked(*pair) for pair in zip(known, [*unknown, *rest], strict=False)]
    return known


def of_graph(graph: Any) -> Estate:
    """The estate of configuration: checkov's graph, in which it has rendered what it can."""
    blocks = [node[1] if isinstance(node, tuple) else node for node in graph.nodes()]
    data: dict[tuple[str, str], Any] = {}
    found = []
    for block in blocks:
        if block.get("block_type_") not in ("data", "resource"):
            continue
        kind, _, name = block["block_name_"].partition(".")
        config = block["config_"].get(kind, {}).get(name, {})
        address = config.get("__address__") or block["block_name_"]
        folder = str(block.get("file_path_", "")).rpartition("/")[0]
        if block["block_type_"] == "data":
            data[folder, f"data.{kind}.{name}"] = config
        else:
            found.append((folder, address, kind, config))
    return Estate([_configured(*one, data) for one in found])


def _configured(
    folder: str,
    address: str,
    kind: str,
    config: Mapping[str, Any],
    data: Mapping[tuple[str, str], Any],
) -> Resource:
    written = {name: value for name, value in config.items() if not name.startswith("__")}
    refs = {name: _addresses(_REFERENCE.findall(str(value))) for name, value in written.items()}
    values = {name: _rendered(name, value) for name, value in written.items()}
    for name in DOCUMENTS:
        for reference in refs.get(name, ()):
            if (
                reference.startswith("data.aws_iam_policy_document.")
                and (folder, reference) in data
            ):
                values[name] = _policy(data[folder, reference])
                written[name] = data[folder, reference]
    return Resource(address, kind, values, refs, tuple(_leaves(written)), folder)


def _addresses(found: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(m[0] for text in found for m in [_REFERENCE.match(text)] if m))


def _rendered(name: str, value: Any) -> Any:
    """A value without the list that checkov puts around it; UNKNOWN if it is still a reference."""
    if name not in DOCUMENTS and isinstance(value, list) and value:
        if all(isinstance(one, Mapping) for one in value):
            return [
                {n: _rendered(n, v) for n, v in one.items() if not n.startswith("__")}
                for one in value
            ]
        value = value[0]
    elif name in DOCUMENTS and isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, str) and _UNRENDERED.search(value):
        return UNKNOWN
    return value


def _policy(config: Mapping[str, Any]) -> dict[str, Any]:
    """The document that a data source of IAM policies makes."""
    found = []
    for block in config.get("statement", []):
        statement: dict[str, Any] = {"Effect": _first(block, "effect") or "Allow"}
        for name, key in (
            ("actions", "Action"),
            ("not_actions", "NotAction"),
            ("resources", "Resource"),
        ):
            if block.get(name):
                statement[key] = texts(_first(block, name))
        principals: dict[str, list[str]] = {}
        for one in block.get("principals", []):
            principals.setdefault(str(_first(one, "type")), []).extend(
                texts(_first(one, "identifiers"))
            )
        if principals:
            statement["Principal"] = "*" if "*" in principals else principals
        condition: dict[str, dict[str, Any]] = {}
        for one in block.get("condition", []):
            test = condition.setdefault(str(_first(one, "test")), {})
            test[str(_first(one, "variable"))] = texts(_first(one, "values"))
        if condition:
            statement["Condition"] = condition
        found.append(statement)
    return {"Statement": found}


def _first(block: Mapping[str, Any], name: str) -> Any:
    value = block.get(name)
    return value[0] if isinstance(value, list) and value else value


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
