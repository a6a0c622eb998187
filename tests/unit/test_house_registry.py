"""Is docs/registry.md true? The layout is what a registry reads, but for a root module."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.harness.local_aws import REPOSITORY

pytestmark = pytest.mark.unit

NAME = "terraform-aws-cloudtrail-reactor"
FILES = {"README.md", "outputs.tf", "variables.tf", "versions.tf"}
PAGE = (REPOSITORY / "docs" / "registry.md").read_text(encoding="utf-8")


def test_the_name_has_three_parts() -> None:
    assert re.fullmatch(r"terraform-[a-z0-9]+-[a-z0-9-]+", NAME)
    pages = [*REPOSITORY.glob("*/*/README.md"), REPOSITORY / "README.md"]
    texts = "\n".join(path.read_text(encoding="utf-8") for path in pages)
    assert set(re.findall(r"example\.com/([\w-]+)\.git", texts)) == {NAME}


def test_there_is_no_root_module_and_the_page_says_why() -> None:
    assert [*REPOSITORY.glob("*.tf")] == []
    assert "## Why there is no root module" in PAGE


@pytest.mark.parametrize("kind", ["modules", "examples"])
def test_every_module_and_example_has_its_files(kind: str) -> None:
    folders = [path for path in (REPOSITORY / kind).iterdir() if path.is_dir()]
    lacking = {
        path.name: sorted(FILES - {file.name for file in path.iterdir()})
        for path in folders
        if FILES - {file.name for file in path.iterdir()}
    }
    assert lacking == {}
    assert [p.name for p in folders if kind == "examples" and not (p / "main.tf").is_file()] == []


def test_nothing_is_nested_deeper() -> None:
    """A registry reads modules/ one level deep."""
    assert [*REPOSITORY.glob("modules/*/*/*.tf")] == []


def test_versions_are_tags_that_a_registry_reads() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert re.fullmatch(r"\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?", project["version"])
    assert f"`v{project['version']}`" in PAGE


def test_the_package_brings_what_modules_read() -> None:
    """A registry's package is the whole repository: paths out of a module stay in it."""
    for path in REPOSITORY.glob("modules/*/*.tf"):
        for way in re.findall(r"\$\{path\.module\}/((?:\.\./)+)", path.read_text("utf-8")):
            assert way.count("../") <= 2, path
