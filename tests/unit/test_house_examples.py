"""Every example's README is told alike, and what it says to type can be typed."""

from __future__ import annotations

import argparse
import functools
import itertools
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import botocore.session
import pytest
from botocore import xform_name

from tests.harness.local_aws import REPOSITORY
from tests.harness.readmes import sections
from tests.journeys import laptop as journey
from trailctl import cli

pytestmark = pytest.mark.unit

EXAMPLES = sorted(path.parent for path in REPOSITORY.glob("examples/*/main.tf"))
HEADINGS = [
    "How it flows",
    "On a laptop, without an AWS account",
    "In a repository of your own",
    "What it costs",
    "What to change",
    "How to undo",
    "Requirements",
    "Inputs",
    "Outputs",
]
LAPTOP = """
```sh
make setup && export PATH="$PWD/.venv/bin:$PATH"    # in the repository's root
trailctl local up                                   # a local AWS, until Ctrl-C
```

In another terminal, in the repository's root:

```sh
export PATH="$PWD/.venv/bin:$PATH"""
GIT = "git::https://example.com/terraform-aws-cloudtrail-reactor.git"
# Commands of the AWS CLI that are no operation of a service, in version 1 as in 2.
OF_THE_CLI = {("s3", "ls")}
# What the CLI fills in by itself.
FILLED_IN = {"run-instances": {"max-count", "min-count"}}
FOR_ALL = {"output", "profile", "query", "region"}

examples = pytest.mark.parametrize("folder", EXAMPLES, ids=[path.name for path in EXAMPLES])


def readme(folder: Path) -> str:
    return (folder / "README.md").read_text(encoding="utf-8")


@examples
def test_every_readme_has_the_same_headings(folder: Path) -> None:
    page = readme(folder)
    assert page.startswith(f"# {folder.name}\n\n")
    assert [*sections(page)] == HEADINGS


@examples
def test_the_picture_fits_a_terminal(folder: Path) -> None:
    picture = sections(readme(folder))["How it flows"]
    assert re.fullmatch(r"\n```\n(.+\n)+```\n\n", picture)
    assert [line for line in picture.splitlines() if len(line) > 80] == []


@examples
def test_a_laptop_begins_alike_and_asks_nothing(folder: Path) -> None:
    """Pasted whole: an apply that asks would take the next line for the answer."""
    laptop = sections(readme(folder))[HEADINGS[1]]
    assert laptop.startswith(LAPTOP)
    assert "AWS_REGION" not in laptop  # `exec` keeps it away: --region is what it takes
    lines = re.findall(r"```sh\n(.*?)```", laptop, re.DOTALL)[1].splitlines()
    assert f"cd examples/{folder.name}" in lines or f"cd ../{folder.name}" in lines
    for line in lines:
        assert "terraform apply" not in line or "-auto-approve" in line
        assert not re.match(r"(aws|terraform (init|apply|destroy)) ", line), f"not local: {line}"


def test_what_a_laptop_shows_is_looked_for() -> None:
    """By `make laptop`, which types the blocks."""
    assert {*journey.SHOWN} == {path.name for path in EXAMPLES}


def test_what_is_copied_is_the_example_with_pinned_sources(tmp_path: Path) -> None:
    """The commands run as they stand, but for those that need a network."""
    (tmp_path / "terraform-aws-cloudtrail-reactor").symlink_to(REPOSITORY)
    script = "git() { :; }\nterraform() { :; }\nset -e\n"
    for folder in EXAMPLES:
        own = sections(readme(folder))["In a repository of your own"]
        commands = re.search(r"<!-- copy: begin -->.*?```sh\n(.*?)```", own, re.DOTALL)
        assert commands is not None
        script += f"(\n{commands[1]})\n"
    subprocess.run(["sh", "-c", script], cwd=tmp_path, check=True, timeout=60)
    for folder in EXAMPLES:
        there = tmp_path / f"my-{folder.name}"
        found = {p.relative_to(there) for p in there.rglob("*")}
        assert found >= {p.relative_to(folder) for p in folder.rglob("*.*")}
        for path in there.rglob("*.tf"):
            text = path.read_text(encoding="utf-8")
            back = re.sub(rf'"{re.escape(GIT)}//modules/([\w-]+)\?ref=v[\d.]+"', r'"../\1"', text)
            here = (folder / path.relative_to(there)).read_text(encoding="utf-8")
            assert back == re.sub(r'"(?:\.\./)+modules/([\w-]+)"', r'"../\1"', here)
            assert "../modules/" not in text
        assert not [*there.rglob("*.bak")]


# ---- what is typed


def commands(page: str) -> Iterator[list[str]]:
    """The words of every command in a page's blocks of shell; "value" is what a `$(...)` gives."""
    for block in re.findall(r"^ *```sh\n(.*?)^ *```", page, re.DOTALL | re.MULTILINE):
        text = re.sub(r"(^|\s)#.*$", "", block.replace("\\\n", " "), flags=re.MULTILINE)
        for inner in re.findall(r"\$\((.*?)\)", text):
            yield shlex.split(inner)
        text = re.sub(r"\$\(date .*?\)", "2026-03-02", text)
        text = re.sub(r"\$\(.*?\)", "value", text)
        lexer = shlex.shlex(text, posix=True, punctuation_chars="&|;\n")
        lexer.commenters, lexer.whitespace, lexer.whitespace_split = "", " \t", True
        words: list[str] = []
        for word in [*lexer, ";"]:
            if set(word) <= set("&|;\n"):
                yield words
                words = []
            else:
                words.append(word)


def test_commands_are_found() -> None:
    page = "```sh\na b   # c\nd \\\n  \"$(e -f)\" 'g\n h' | i & j && k\n```\n"
    found = [["e", "-f"], ["a", "b"], ["d", "value", "g\n h"], ["i"], ["j"], ["k"]]
    assert [command for command in commands(page) if command] == found


def meant(words: list[str]) -> list[str]:
    """The command itself: without what stands before it, and what `local exec` hands on."""
    while words and re.match(r"[A-Z_]+=", words[0]):
        words = words[1:]
    if words[:3] == ["trailctl", "local", "exec"]:
        return words[words.index("--") + 1 :]
    return words


def parsed(parser: argparse.ArgumentParser, words: list[str]) -> str | None:
    """What argparse says against it."""
    said: list[str] = []

    def error(self: argparse.ArgumentParser, message: str) -> None:
        del self
        said.append(message)
        raise SystemExit(2)

    with mock.patch.object(argparse.ArgumentParser, "error", error):
        try:
            parser.parse_args(words)
        except SystemExit:
            return said[0] if said else None
    return None


@functools.cache
def service_model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


def of_aws(words: list[str]) -> str | None:
    """What both versions of the AWS CLI would say against it: service, operation, options."""
    service, operation, *rest = words
    if (service, operation) in OF_THE_CLI:
        return None
    model = service_model(service.removesuffix("api"))
    operations = {xform_name(one, "-"): one for one in model.operation_names}
    if operation not in operations:
        return f"no operation {operation} of {service}"
    shape = model.operation_model(operations[operation]).input_shape
    members = {xform_name(one, "-"): one for one in shape.members} if shape else {}
    given = {word[2:] for word in rest if word.startswith("--")}
    known = {*members, *(f"no-{one}" for one in members), *FOR_ALL}
    if unknown := given - known:
        return f"unknown: {sorted(unknown)}"
    required = {xform_name(one, "-") for one in shape.required_members} if shape else set()
    required -= FILLED_IN.get(operation, set())
    return f"missing: {sorted(required - given)}" if required - given else None


def of_terraform(words: list[str], folder: Path) -> str | None:
    """Are the variables and outputs that it names there?"""
    if words[0].startswith("-chdir="):
        folder = folder / words.pop(0).removeprefix("-chdir=")
    kind = "output" if words[0] == "output" else "variable"
    file = (folder / f"{kind}s.tf").read_text(encoding="utf-8")
    there = set(re.findall(rf'^{kind} "(\w+)"', file, re.MULTILINE))
    if kind == "output":
        named = {word for word in words[1:] if not word.startswith("-")}
    else:
        named = {
            word.partition("=")[0] for option, word in itertools.pairwise(words) if option == "-var"
        }
    return f"not there: {sorted(named - there)}" if named - there else None


@examples
def test_commands_can_be_typed(folder: Path) -> None:
    """trailctl takes its arguments, both versions of the AWS CLI theirs, Terraform the names."""
    parser, here, faults = cli.command_line(), folder, []
    for words in commands(readme(folder)):
        if words[:1] == ["cd"]:
            place = words[1].removeprefix("my-")
            found = [REPOSITORY / place, here / place, REPOSITORY / "examples" / place]
            here = next(path for path in found if path.is_dir())
        fault, command = None, meant(words)
        if words[:1] == ["trailctl"]:
            fault = parsed(parser, words[1:])
        if command[:1] == ["trailctl"]:
            fault = fault or parsed(parser, command[1:])
        elif command[:1] == ["aws"]:
            fault = fault or of_aws(command[1:])
        elif command[:1] == ["terraform"]:
            # Undone in the folder where it was applied.
            fault = fault or of_terraform(command[1:], here)
        if fault:
            faults.append(f"{' '.join(words)}: {fault}")
    assert faults == []


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ("logs tail group", "no operation tail of logs"),
        ("lambda invoke --function-name f --cli-binary-format raw", "unknown: "),
        ("sqs receive-message --region r", "missing: ['queue-url']"),
        ("cloudtrail update-trail --name t --no-is-multi-region-trail", None),
    ],
)
def test_what_one_version_of_the_aws_cli_lacks_is_found(words: str, fault: str | None) -> None:
    found = of_aws(words.split())
    assert found == fault or (fault is not None and str(found).startswith(fault))


def test_no_page_uses_what_only_version_2_of_the_aws_cli_has() -> None:
    pages = [*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/*.md"), *REPOSITORY.glob("*/*/*.md")]
    found = re.compile(r"\baws logs tail\b|--cli-binary-format\b")
    assert [str(p) for p in pages if found.search(p.read_text(encoding="utf-8"))] == []


# ---- what it costs


@examples
def test_the_sum_of_the_costs_is_right(folder: Path) -> None:
    """Each row is a product or a sum that comes to what it says, to the cent."""
    costs = sections(readme(folder))["What it costs"]
    assert "(../../docs/costs.md)" in costs
    rows = re.findall(r"^\| ([^|]+) \| ([\d., x/+=]+) \|$", costs, re.MULTILINE)
    *parts, (last, total) = rows
    assert last == "together"
    worth = 0.0
    for what, text in parts:
        way, _, value = text.replace(",", "").rpartition("= ")
        if way:
            terms = [term.replace("x", "*") for term in way.split("+")]
            got = sum(eval(term, {"__builtins__": {}}) for term in terms)
            assert abs(got - float(value)) < 0.0051, what
        worth += float(value)
    assert f"{worth:.2f}" == total
