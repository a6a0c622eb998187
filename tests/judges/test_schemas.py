"""Every argument of the modules and examples exists at both ends of the provider's range."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.harness.plans import Plan, Planner
from tests.judges import hcl, schemas
from tests.judges.refresh_schemas import read_arguments, read_attributes

EXTRACTS = schemas.extracts()
everywhere = pytest.mark.parametrize("extract", EXTRACTS, ids=[e["provider"] for e in EXTRACTS])


@pytest.mark.unit
def test_both_ends_of_the_range_are_there() -> None:
    versions = [extract["provider"] for extract in EXTRACTS]
    assert versions[0] == "5.80.0"
    assert versions[-1].startswith("6.")


@pytest.mark.unit
@everywhere
def test_every_type_is_in_the_extract(extract: Mapping[str, Any]) -> None:
    missing = schemas.types_used() - set(extract["types"])
    assert not missing, f"{sorted(missing)}: run `{schemas.REFRESH}` (needs npm)"


@pytest.mark.unit
@everywhere
def test_every_argument_and_block_is_taken(extract: Mapping[str, Any]) -> None:
    found = list(schemas.blocks_used())
    assert len(found) > 100
    assert list(wrong(found, extract["types"])) == []


@pytest.mark.unit
@everywhere
def test_every_attribute_that_is_read_exists(extract: Mapping[str, Any]) -> None:
    found = set(schemas.references())
    assert len(found) > 100
    assert [
        f"{path}: {kind}.{attribute}"
        for path, kind, attribute in sorted(found)
        if kind in extract["types"]
        and attribute not in extract["types"][kind]["attributes"]
        and attribute not in extract["types"][kind]["arguments"]
    ] == []


@pytest.mark.unit
@pytest.mark.parametrize(
    ("text", "complaints"),
    [
        ("name = 1\nbucket = 2\nrule {\n filter {}\n}", []),
        ("name = 1\nrule {\n filter {}\n}\nlifecycle {}\ncount = 1", []),
        ("nam = 1\nrule {\n filter {}\n}", ["nam is no argument", "name is missing"]),
        ("name = 1", ["rule is missing"]),
        ('name = 1\ndynamic "rule" {\n content {\n  filter {}\n }\n}', []),
        (
            "name = 1\nrule {\n count = 1\n}",
            ["rule: count is no argument", "rule: filter is missing"],
        ),
        ("name = 1\nrule {\n filter {}\n}\nbucket {}", ["bucket is no block"]),
    ],
)  # fmt: skip
def test_what_a_schema_does_not_take_is_named(text: str, complaints: list[str]) -> None:
    rule = {"(required)": "", "filter": {"(required)": "", "prefix": "optional"}}
    arguments = {"name": "required", "bucket": "optional", "rule": rule}
    assert list(schemas.not_taken(arguments, hcl.parse(text))) == complaints


@pytest.mark.unit
def test_bindings_are_read() -> None:
    anchor = "/**\n* {@link https://x/docs/resources/thing#%s Thing#x}\n*/\n"
    declarations = (
        "export interface ThingPart {\n"
        + anchor % "equals" + "readonly equalTo?: string[];\n}\n"
        "export interface ThingConfig extends cdktf.TerraformMetaArguments {\n"
        + anchor % "thing_name" + "readonly thingName: string;\n"
        + anchor % "tags" + "readonly tags?: {\n [key: string]: string;\n };\n"
        + anchor % "part" + "readonly part?: ThingPart[] | cdktf.IResolvable;\n}\n"
    )  # fmt: skip
    assert read_arguments(declarations) == {
        "part": {"equals": "optional"},
        "tags": "optional",
        "thing_name": "required",
    }
    code = (
        "class ThingPart extends cdktf.ComplexObject { x = this.getStringAttribute('equals') }\n"
        "class Thing extends cdktf.TerraformResource {\n"
        "get arn() { return this.getStringAttribute('arn') }\n"
        "this._part = new ThingPartList(this, 'part', false)\n}"
    )
    assert read_attributes(code) == ["arn", "part"]


@pytest.fixture(scope="module")
def installed(tf: Planner) -> dict[str, Any]:
    """The schema of the provider that is here, in the shape of an extract's types."""
    folder = tf.plan(Path("examples/trail")).folder
    environment = {**tf.aws.environment(), "TF_REATTACH_PROVIDERS": tf.provider.whole}
    printed = tf.terraform.run(
        "providers", "schema", "-json", cwd=folder, environment=environment, timeout=120
    ).check()
    (schema,) = json.loads(printed.stdout)["provider_schemas"].values()
    kinds = {"resource": schema["resource_schemas"], "data": schema["data_source_schemas"]}
    used = schemas.types_used()
    return {
        f"{mode}.{name}": whole["block"]
        for mode, types in kinds.items()
        for name, whole in types.items()
        if f"{mode}.{name}" in used
    }


@pytest.mark.plan
def test_the_installed_provider_says_the_same(installed: dict[str, Any]) -> None:
    types = {kind: {"arguments": dict(arguments(block))} for kind, block in installed.items()}
    assert list(wrong(schemas.blocks_used(), types)) == []
    assert set(types) == schemas.types_used()


@pytest.mark.plan
def test_nothing_that_is_used_is_deprecated(installed: dict[str, Any]) -> None:
    assert [
        f"{used.where}: {name}"
        for used in schemas.blocks_used()
        for name in deprecated(installed[used.kind], used.body)
    ] == []
    assert [
        f"{path}: {kind}.{name}"
        for path, kind, name in schemas.references()
        if kind in installed and installed[kind]["attributes"].get(name, {}).get("deprecated")
    ] == []


@pytest.mark.plan
def test_terraform_sees_the_arguments_that_are_judged(tf: Planner) -> None:
    """The reader of structure against Terraform's own: a plan's JSON tells what was written."""
    plan = tf.plan(Path("examples/trail"))
    written = {used.where.split(": ")[1]: used for used in schemas.blocks_used()}
    seen = list(configured(plan))
    assert len(seen) > 10
    for name, expressions in seen:
        used = written[name]
        own = {*used.body.arguments, *(b.kind for b in used.body.blocks if b.kind != "dynamic")}
        # Terraform lists what its schema knows; an empty block it leaves out.
        assert set(expressions) == own - schemas.META - {"provider"}, name


def wrong(found: Any, types: Mapping[str, Any]) -> Iterator[str]:
    for used in found:
        if used.kind in types:
            for complaint in schemas.not_taken(types[used.kind]["arguments"], used.body):
                yield f"{used.where}: {complaint}"


def arguments(block: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """A block of `terraform providers schema -json` as an extract has it."""
    for name, attribute in block.get("attributes", {}).items():
        if attribute.get("required") or attribute.get("optional"):
            yield name, "required" if attribute.get("required") else "optional"
    for name, inner in block.get("block_types", {}).items():
        within = dict(arguments(inner["block"]))
        yield name, {"(required)": "", **within} if inner.get("min_items") else within


def deprecated(block: Mapping[str, Any], body: hcl.Body) -> Iterator[str]:
    attributes, blocks = block.get("attributes", {}), block.get("block_types", {})
    yield from (name for name in body.arguments if attributes.get(name, {}).get("deprecated"))
    for inner in body.inner():
        if inner.kind in blocks:
            if blocks[inner.kind]["block"].get("deprecated"):
                yield inner.kind
            yield from deprecated(blocks[inner.kind]["block"], inner.body)


def configured(plan: Plan) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every resource that the plan's configuration names, and what was written in it."""

    def module(found: Mapping[str, Any], folder: str) -> Iterator[tuple[str, dict[str, Any]]]:
        for resource in found.get("resources", []):
            kind = "data" if resource["mode"] == "data" else "resource"
            name = f"{kind}.{resource['type']}.{resource['name']}"
            yield name, resource.get("expressions", {})
        for call in found.get("module_calls", {}).values():
            yield from module(call["module"], call["source"])

    yield from module(plan.json["configuration"]["root_module"], "")
