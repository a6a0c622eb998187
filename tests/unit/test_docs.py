"""What is written for people holds: links, code, and tables that repeat the sources."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import reactor
from reactor.patterns import EventPattern

from tests.harness.local_aws import REPOSITORY
from trailctl import terminal

pytestmark = pytest.mark.unit

PAGES = sorted(
    path
    for path in REPOSITORY.rglob("*.md")
    if not any(
        part.startswith((".", "node_modules")) for part in path.relative_to(REPOSITORY).parts
    )
)
TESTED_EXAMPLES = sorted(path.parent for path in REPOSITORY.glob("examples/*/test_*.py"))
# How long a page may be, to be read at all.
LIMITS = {
    "docs/architecture.md": 300,
    "docs/replay.md": 100,
    "docs/write-a-reaction.md": 250,
    "CONTRIBUTING.md": 230,
}


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


tables = load(REPOSITORY / "scripts" / "tables.py")


def name(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


def prose(page: str) -> str:
    """A page without its code."""
    return re.sub(r"^```.*?^```$|`[^`\n]*`", "", page, flags=re.MULTILINE | re.DOTALL)


def anchors(page: str) -> set[str]:
    """What GitHub calls the headings of a page, and the anchors that it sets itself."""
    text = re.sub(r"^```.*?^```$", "", page, flags=re.MULTILINE | re.DOTALL)
    found = set(re.findall(r'<a id="([^"]+)"', text))
    for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE):
        words = re.sub(r"[^\w\- ]", "", heading.strip().lower())
        found.add(words.replace(" ", "-"))
    return found


# ---- links


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(text)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{name(page)} links to {target}, which is not there"
        if anchor:
            assert there.suffix == ".md", target
            assert anchor in anchors(there.read_text(encoding="utf-8")), (
                f"{name(page)} links to {target}, which has no such heading"
            )


@pytest.mark.parametrize("page", LIMITS)
def test_pages_are_short_enough_to_be_read(page: str) -> None:
    lines = (REPOSITORY / page).read_text(encoding="utf-8").splitlines()
    assert len(lines) < LIMITS[page]


def test_pictures_fit_a_terminal() -> None:
    page = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")
    pictures = re.findall(r"^```\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert len(pictures) == 2
    assert [line for each in pictures for line in each.splitlines() if len(line) > 80] == []


# ---- what the sources say


def test_tables_and_shown_code_are_those_of_the_sources() -> None:
    stale = [name(path) for path, new in tables.pages() if path.read_text(encoding="utf-8") != new]
    assert stale == [], f"run `make tables`: {', '.join(stale)}"


def test_a_new_module_gets_its_row_and_one_that_is_gone_loses_it() -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    row = re.search(r"^\| \[modules/log-archive\].*\n", readme, re.MULTILINE)
    assert row is not None
    gone = readme.replace(row[0], "| [modules/nowhere](modules/nowhere) | nothing |\n")
    found = tables.with_modules(gone)
    assert "modules/nowhere" not in found
    assert re.search(r"^\| \[modules/log-archive\]\(modules/log-archive\) \| \w", found, re.M)


def test_sources_are_pinned_to_this_version() -> None:
    page = 'source = "git::https://example.com/x.git//modules/trail?ref=v0.0.9-rc.1"\n'
    version = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["version"]
    assert tables.with_version(page) == page.replace("0.0.9-rc.1", version)
    assert reactor.__version__ == version


def test_a_page_that_shows_what_is_not_there_is_refused() -> None:
    page = "<!-- file: examples/none.py -->\n```python\n```\n"
    with pytest.raises(tables.PageError, match=r"examples/none\.py, which is not there"):
        tables.with_files(page)


def test_make_targets_that_pages_name_are_there() -> None:
    targets = re.findall(r"^([a-z0-9-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)
    for page in PAGES:
        named = re.findall(r"(?:^|`)make ((?:[a-z]+ ?)+)", page.read_text("utf-8"), re.MULTILINE)
        for target in " ".join(named).split():
            assert target in targets, f"{name(page)} names make {target}"


# ---- what begins an entry


def test_an_entry_that_was_begun_asks_for_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    begin = load(REPOSITORY / "scripts" / "new_detection.py")
    monkeypatch.setattr(begin, "REPOSITORY", tmp_path)
    monkeypatch.setattr(begin, "CATALOGUE", tmp_path)
    (tmp_path / "catalogue").mkdir()
    (tmp_path / "samples").mkdir()
    call = ["flow-logs-gone", "ec2.amazonaws.com", "DeleteFlowLogs"]
    assert begin.main(call) == 0
    assert capsys.readouterr().out.split() == [
        "catalogue/flow-logs-gone.json",
        "samples/flow-logs-gone.json",
    ]
    found = json.loads((tmp_path / "catalogue" / "flow-logs-gone.json").read_text())
    assert (found["title"], found["why"]) == ("", "")
    samples = json.loads((tmp_path / "samples" / "flow-logs-gone.json").read_text())
    pattern = EventPattern(json.dumps(found["patterns"]["main"]))
    matches = {s["case"]: pattern.matches(s["event"]) for kind in samples.values() for s in kind}
    # The near miss is the call itself, until somebody makes it one.
    assert [case for case, matched in matches.items() if matched] == ["called", "a near miss"]
    ids = {s["event"]["detail"]["eventID"] for kind in samples.values() for s in kind}
    assert len(ids) == 4
    assert begin.main(call) == 2
    assert "there is a flow-logs-gone.json already" in capsys.readouterr().err
    assert begin.main(["flow-logs-gone"]) == 2


# ---- code


def python_blocks(page: str) -> Iterator[tuple[str, str]]:
    """The file that a block shows, if any, and its code."""
    yield from re.findall(
        r"(?:<!-- file: (\S+) -->\n)?^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL
    )


def test_the_code_of_write_a_reaction_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A block that shows a file is that module for those below it; their tests are run."""
    page = (REPOSITORY / "docs" / "write-a-reaction.md").read_text(encoding="utf-8")
    ran: list[str] = []
    for shown, code in python_blocks(page):
        module = ModuleType(Path(shown).stem if shown else "below")
        monkeypatch.setitem(sys.modules, module.__name__, module)
        exec(compile(code, f"write-a-reaction.md: {module.__name__}", "exec"), module.__dict__)
        tests: dict[str, Any] = {k: v for k, v in vars(module).items() if k.startswith("test_")}
        for title, test in tests.items():
            test()
            ran.append(title)
    assert len(ran) >= 2


@pytest.mark.parametrize("folder", TESTED_EXAMPLES, ids=[path.name for path in TESTED_EXAMPLES])
def test_an_examples_own_tests_pass_where_it_was_copied_to(folder: Path, tmp_path: Path) -> None:
    for path in folder.glob("*.py"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    done = subprocess.run(
        [sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", "."],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "lambda_src")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\b\d+ passed\b", done.stdout), done.stdout


def test_there_is_an_example_with_tests() -> None:
    assert "own-reaction" in {path.name for path in TESTED_EXAMPLES}


# ---- operations, of one shape


def test_every_output_operations_has_one_shape_and_whatever_alarms_has_one() -> None:
    shapes = {}
    for path in sorted((REPOSITORY / "modules").glob("*/outputs.tf")):
        source = path.read_text(encoding="utf-8")
        for body in re.findall(r'^output "operations" {\n(.*?)^}', source, re.M | re.DOTALL):
            (told,) = re.findall(r'description = "(.+)"', body)
            (listed,) = re.findall(r"{ ([a-z_, ]+) }, each a map", told)
            keys = re.findall(r"^    ([a-z_]+) += ", body, re.MULTILINE)
            assert keys == listed.split(", "), path
            shapes[path.parent.name] = told
    assert len(set(shapes.values())) == 1
    made = {path.split("/modules/")[1].split("/")[0] for path in alarms().values()}
    assert made <= {*shapes}


# ---- the runbook


def alarms() -> dict[str, str]:
    """What each module's alarms are called, module and purpose, with the file they are in."""
    found = {}
    for path in sorted((REPOSITORY / "modules").glob("*/*.tf")):
        source, module = path.read_text(encoding="utf-8"), path.parent.name
        made = re.findall(
            r'^resource "aws_cloudwatch_metric_alarm" "(\w+)" {\n(.*?)^}', source, re.M | re.DOTALL
        )
        for name, body in made:
            one = name.replace("_", "-")
            if name == "this":
                one = "control" if module == "metric-filters" else "${each.key}"
            told = f"docs/runbook.md#{module}-{one}"
            (description,) = re.findall(r"alarm_description += (.+)", body)
            assert description.endswith(f' Runbook: {told}"'), f"{path}: {description}"
            # The keys of the table that the alarms are made of.
            table = re.findall(
                r"^    ([a-z-]+) += (?:.* \? null : )?{\n +namespace", source, re.MULTILINE
            )
            for key in table if "each.key" in one else [one]:
                found[f"{module}-{key}"] = str(path)
    return found


def test_every_alarm_of_the_modules_leads_into_the_runbook() -> None:
    known = alarms()
    assert len(known) >= 23
    headings = re.findall(r"^### ([a-z-]+): ([a-z-]+)$", text_of("docs/runbook.md"), re.MULTILINE)
    assert sorted("-".join(each) for each in headings) == sorted(known)


def test_a_shell_takes_the_runbooks_lines_that_undo() -> None:
    """They stand there as trailctl prints them at 80 columns, but for what no line can hold."""
    page = text_of("docs/runbook.md")
    lines = re.findall(r"^undo: ((?:.*\\\n)*.*\n(?:  .*\n)*)", page, re.MULTILINE)
    assert len(lines) == 2
    for line in lines:
        words = [" ".join(word.split()) for word in shlex.split(line.replace("\\\n", " "))]
        assert words[:2] == ["aws", "ec2"]
        assert json.loads(words[-1])
        printed = io.StringIO()
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("COLUMNS", "80")
            terminal.say_command("undo:", shlex.join(words), printed)
        first, second = printed.getvalue().splitlines()
        assert line.splitlines()[0] == first.removeprefix("undo: ")
        assert line.splitlines()[1][:60] == second[:60]


def test_the_runbook_has_80_columns() -> None:
    lines = text_of("docs/runbook.md").splitlines()
    assert [line for line in lines if len(line) > 80 and " " in line.strip()] == []


def text_of(name: str) -> str:
    return (REPOSITORY / name).read_text(encoding="utf-8")
