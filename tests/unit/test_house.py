"""Is the house in order? Cheap checks of what nobody should have to look for in a review."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.harness.local_aws import REPOSITORY

pytestmark = pytest.mark.unit

MODULES = sorted(path for path in (REPOSITORY / "modules").iterdir() if path.is_dir())
EXAMPLES = sorted(path for path in (REPOSITORY / "examples").iterdir() if path.is_dir())
CONFIGURATIONS = [*MODULES, *EXAMPLES]
NAMES = [path.name for path in CONFIGURATIONS]

VERSIONS = """\
terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.80, < 7"
"""

SENTENCE = re.compile(
    r'^  description += ".+[.)]"$|^  description += <<-(\w+)\n(?:.*\n)*?.+[.)]\n\s+\1$',
    re.MULTILINE,
)

configurations = pytest.mark.parametrize("folder", CONFIGURATIONS, ids=NAMES)
modules = pytest.mark.parametrize("folder", MODULES, ids=[path.name for path in MODULES])


def text(name: str) -> str:
    return (REPOSITORY / name).read_text(encoding="utf-8")


def code(folder: Path) -> str:
    """All of a configuration's text without its comments."""
    lines = "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.tf")))
    return re.sub(r"^\s*(#|//).*$", "", lines, flags=re.MULTILINE)


def blocks(kind: str, source: str) -> dict[str, str]:
    """The top-level blocks of a formatted configuration, name to body, in their order."""
    found = re.findall(rf'^{kind} "(\w+)" {{\n(.*?)^}}', source, flags=re.MULTILINE | re.DOTALL)
    assert len(found) == len(re.findall(rf"^\s*{kind}\s+\"", source, flags=re.MULTILINE))
    return dict(found)


def tracked() -> list[Path]:
    answer = subprocess.run(
        ["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    paths = [REPOSITORY / name for name in answer.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]


def readable(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def test_there_are_modules_and_examples() -> None:
    assert len(MODULES) >= 6
    assert len(EXAMPLES) >= 1


@configurations
def test_no_partition_is_written_out(folder: Path) -> None:
    """The same modules serve China and GovCloud. What people read may name an example."""
    lines = [line.strip() for line in code(folder).splitlines() if "arn:aws" in line]
    prose = ("description ", "error_message ")
    assert [line for line in lines if not line.startswith(prose)] == []


@configurations
def test_arguments_are_those_of_the_whole_provider_range(folder: Path) -> None:
    """`name` of the Region is deprecated in version 6, `region` unknown in version 5."""
    assert re.findall(r"data\.aws_region\.\w+\.(?:name|region)\b", code(folder)) == []


@configurations
def test_variables_are_typed_described_and_alphabetical(folder: Path) -> None:
    found = blocks("variable", code(folder))
    in_place = blocks("variable", (folder / "variables.tf").read_text(encoding="utf-8"))
    assert set(found) == set(in_place), "variables belong into variables.tf"
    for name, body in found.items():
        assert SENTENCE.search(body), f"{name}: a description is there and ends like a sentence"
        assert re.search(r"^  type\s+= \S", body, re.MULTILINE), f"{name} has no type"
        assert not re.search(r"^  type\s+= (any|map\(any\))$", body, re.MULTILINE), name
    assert list(in_place) == sorted(in_place)


@modules
def test_how_an_object_is_written_is_told(folder: Path) -> None:
    """Who gives an ARN for a module is told no more than "object required" by Terraform."""
    asked = False
    for name, body in blocks("variable", code(folder)).items():
        typed = re.search(r"^  type\s*= object\(\{\n(.*?)^  \}\)", body, re.MULTILINE | re.DOTALL)
        required = re.findall(
            r"^    (arn|name)\s*= string$", typed[1] if typed else "", re.MULTILINE
        )
        if required:
            asked = True
            assert re.search(rf"description\s*= .*\{{ {required[0]}\b", body), f"{name}: say how"
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert ('"object required"' in readme) == asked


@configurations
def test_outputs_are_described_and_alphabetical(folder: Path) -> None:
    found = blocks("output", code(folder))
    in_place = blocks("output", (folder / "outputs.tf").read_text(encoding="utf-8"))
    assert set(found) == set(in_place), "outputs belong into outputs.tf"
    for name, body in found.items():
        assert SENTENCE.search(body), f"{name}: a description is there and ends like a sentence"
    assert list(in_place) == sorted(in_place)


@configurations
def test_versions_are_the_projects(folder: Path) -> None:
    assert (folder / "versions.tf").read_text(encoding="utf-8").startswith(VERSIONS)


@modules
def test_a_module_brings_no_provider_of_its_own(folder: Path) -> None:
    assert re.findall(r"^provider ", code(folder), flags=re.MULTILINE) == []


def test_every_guard_has_its_module_its_tests_and_an_example() -> None:
    files = sorted((REPOSITORY / "lambda_src/reactor/reactions").glob("[a-z]*.py"))
    assert len(files) >= 6
    shown = "".join(path.read_text(encoding="utf-8") for path in REPOSITORY.glob("examples/*/*.tf"))
    applied = shown + text("tests/e2e/reactions/cases.py")
    for path in files:
        name = path.stem.replace("_", "-")
        assert REPOSITORY / "modules" / name in MODULES, f"there is no module {name}"
        tests = REPOSITORY / "tests/unit/reactor" / f"test_{path.stem}.py"
        assert tests.is_file(), f"{tests.name} is not there"
        assert f'/modules/{name}"' in applied or f'modules}}/{name}"' in applied, (
            f"nothing applies {name}: give it an example and a case in tests/e2e/reactions/cases.py"
        )


def test_nothing_of_one_machine_is_tracked() -> None:
    """No path of somebody's machine, no registry host, no state, no lock of someone's platform."""
    paths = re.compile(r"(?<![\w.~$)}])/(?:home|Users|root|work|farm)/[\w.]")
    registry = re.compile("index" + r"-url\b|" + "--reg" + "istry")
    findings = [
        f"{path.relative_to(REPOSITORY)}: {line.strip()[:120]}"
        for path in tracked()
        for line in readable(path).splitlines()
        if paths.search(line) or registry.search(line)
    ]
    assert findings == []
    state = re.compile(r"\.tfstate|\.terraform\.lock\.hcl$|\.tfplan$|\.terraform/|__pycache__")
    assert [str(path) for path in tracked() if state.search(str(path))] == []


def test_ci_calls_the_readmes_test_command() -> None:
    assert re.search(r"^exec make test\b", text(".ci/run"), re.MULTILINE)
    assert (REPOSITORY / ".ci" / "run").stat().st_mode & 0o111
    assert re.search(r"^(\$ )?make test\b", text("README.md"), re.MULTILINE)
    assert re.search(r"^(\$ )?make demo\b", text("README.md"), re.MULTILINE)


def test_python_versions_agree() -> None:
    project = tomllib.loads(text("pyproject.toml"))
    assert project["project"]["requires-python"] == ">=3.11,<3.14"
    assert project["tool"]["ruff"]["target-version"] == "py311"
    assert project["tool"]["mypy"]["python_version"] == "3.11"
    assert "(3, 11) <= sys.version_info[:2] < (3, 14)" in text("Makefile")
    assert "python3.13 python3.12 python3.11" in text("Makefile")
    assert "OLDEST, BELOW = (3, 11), (3, 14)" in text("scripts/setup.py")
    assert "3.11 to 3.13" in text("README.md")


def test_what_is_pinned_exactly_is_what_is_installed() -> None:
    pins = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", text("requirements/dev.txt"), re.MULTILINE))
    project = tomllib.loads(text("pyproject.toml"))["project"]
    local = project["optional-dependencies"]["local"]
    exact = [line.split("==") for line in local if "==" in line]
    assert sorted(name for name, _ in exact) == ["ministack", "moto"]
    for name, version in exact:
        assert pins[name] == importlib.metadata.version(name) == version
    botocore = next(
        line.removeprefix("botocore==")
        for line in importlib.metadata.requires("ministack") or []
        if line.startswith("botocore==")
    )
    assert pins["botocore"] == pins["boto3"] == botocore


def test_powertools_is_tested_as_the_layer_brings_it() -> None:
    """The version the module's layer parameter names is the one the handlers are tested with."""
    layer = (REPOSITORY / "modules/reaction/layer.tf").read_text(encoding="utf-8")
    pinned = (REPOSITORY / "requirements/dev.txt").read_text(encoding="utf-8")
    (in_layer,) = re.findall(r'_powertools_version = "([\d.]+)"', layer)
    (installed,) = re.findall(r"^aws-lambda-powertools==([\d.]+)", pinned, re.MULTILINE)
    assert installed == in_layer


def test_make_targets_are_explained_and_no_files() -> None:
    makefile = text("Makefile")
    targets = re.findall(r"^([a-z0-9-]+):", makefile, flags=re.MULTILINE)
    assert re.findall(r"^([a-z0-9-]+):.* ## \S", makefile, flags=re.MULTILINE) == targets
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony is not None
    assert phony[1].split() == targets


def imports(path: Path) -> set[str]:
    """The top-level packages that a Python file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.partition(".")[0])
    return found


def test_lambda_code_imports_what_lambda_has() -> None:
    """The standard library, the runtime's boto3 with urllib3, the Powertools layer, itself."""
    runtime = {"aws_lambda_powertools", "boto3", "botocore", "urllib3"}
    allowed = {"reactor", *runtime, *sys.stdlib_module_names}
    files = sorted((REPOSITORY / "lambda_src" / "reactor").rglob("*.py"))
    assert files
    assert {path.name: imports(path) - allowed for path in files if imports(path) - allowed} == {}


def test_terraform_is_driven_with_the_standard_library_alone() -> None:
    """Setup uses it before anything is installed."""
    for name in ("trailctl/terraform.py", "trailctl/__init__.py", "scripts/setup.py"):
        assert imports(REPOSITORY / name) - {"trailctl"} <= sys.stdlib_module_names, name


def test_the_license_is_apache_2() -> None:
    license_text = text("LICENSE")
    assert "Version 2.0, January 2004" in license_text
    assert "END OF TERMS AND CONDITIONS" in license_text
    assert tomllib.loads(text("pyproject.toml"))["project"]["license"] == "Apache-2.0"


def test_the_changelog_tells_of_this_version() -> None:
    version = tomllib.loads(text("pyproject.toml"))["project"]["version"]
    headings = re.findall(r"^## \[?([^\]\s]+)", text("CHANGELOG.md"), re.MULTILINE)
    assert headings[0] in ("Unreleased", version)


def test_no_plan_turns_red_by_the_calendar() -> None:
    """A plan refuses exemptions that have ended: their days are past, or too far for anybody."""
    found = [
        f"{path.relative_to(REPOSITORY)}: {day}"
        for path in tracked()
        if str(path.relative_to(REPOSITORY)).startswith(
            ("examples/", "tests/e2e/", "tests/plan/", "tests/policy/", "tests/upgrade/base/")
        )
        for day in re.findall(r'"(20[0-8]\d-\d\d-\d\d)"', readable(path))
        if day >= "2026-12-01" and day[5:7] <= "12"
    ]
    assert found == [], "write a day such as 2099-12-31"


def test_no_pattern_counts_the_letters_of_all_scripts() -> None:
    """Each call of `\\p{L}{1,128}` takes Terraform 10 ms; of `\\p{L}*`, half of one."""
    found = [
        f"{path.relative_to(REPOSITORY)}: {pattern}"
        for path in tracked()
        if path.suffix == ".tf"
        for pattern in re.findall(r'regex\("([^"]*)"', readable(path))
        if re.search(r"\\p\{[^]]*\]?\{\d", pattern)
    ]
    assert found == [], "use * or +, and length() beside it"
