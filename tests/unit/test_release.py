"""`make release` writes one version everywhere, and refuses what would not be a release."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from scripts import release

pytestmark = pytest.mark.unit

REPOSITORY = Path(__file__).resolve().parents[2]

CHANGELOG = """# Changelog

## [Unreleased]

### Added

- A thing.

## [0.1.0] - 2026-01-01

- The first.
"""


def test_what_is_unreleased_gets_the_versions_heading() -> None:
    text = release.renamed(CHANGELOG, "0.2.0", "2026-03-01")

    assert release.section(text, "0.2.0") == "### Added\n\n- A thing."
    assert release.section(text, "Unreleased") == ""
    assert release.section(text, "0.1.0") == "- The first."
    with pytest.raises(release.ReleaseError, match="nothing under Unreleased"):
        release.renamed(text, "0.3.0", "2026-03-02")
    with pytest.raises(release.ReleaseError, match=r"has 0\.1\.0 already"):
        release.renamed(CHANGELOG, "0.1.0", "2026-03-02")


@pytest.mark.parametrize(
    ("version", "tags", "branch", "changed", "why"),
    [
        ("1.2", [], "main", "", "is no version"),
        ("v1.2.3", [], "main", "", "without a v"),
        ("01.2.3", [], "main", "", "is no version"),
        ("0.2.0", ["v0.10.0", "v0.9.0"], "main", "", "not newer than 0.10.0"),
        ("0.0.9", [], "main", "", "older than 0.1.0"),
        ("0.2.0", [], "topic", "", "this is branch topic"),
        ("0.2.0", [], "main", " M README.md", "first: README.md"),
    ],
)
def test_what_is_no_next_release_is_refused(
    version: str, tags: list[str], branch: str, changed: str, why: str
) -> None:
    with pytest.raises(release.ReleaseError, match=re.escape(why)):
        release.check(version, "0.1.0", tags, branch, changed)


def test_the_first_release_may_have_the_sources_version() -> None:
    release.check("0.1.0", "0.1.0", [], "main", "")
    release.check("0.2.0", "0.1.0", ["v0.1.0", "vendor"], "main", "")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A copy of the repository with a release prepared, and what was printed."""
    copy = tmp_path_factory.mktemp("release") / "repository"
    listed = git(REPOSITORY, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, listed.split("\0")):
        if (REPOSITORY / name).is_file() or (REPOSITORY / name).is_symlink():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, copy / name, follow_symlinks=False)
    for command in (
        ("init", "-q", "-b", "main"),
        ("add", "-A"),
        ("-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "all"),
        ("tag", "v0.0.1"),
    ):
        git(copy, *command)
    ran = subprocess.run(
        [sys.executable, copy / "scripts" / "release.py", "7.8.9"],
        capture_output=True,
        text=True,
        check=True,
    )
    return copy, ran.stdout


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout


def test_a_prepared_release_says_its_version_everywhere(prepared: tuple[Path, str]) -> None:
    copy, said = prepared
    refs = {
        ref
        for page in [copy / "README.md", *copy.glob("modules/*/README.md")]
        for ref in re.findall(r"\?ref=(\S+?)\"", page.read_text())
    }
    changed = git(copy, "diff", "--name-only").split()

    assert refs == {"v7.8.9"}
    assert "Since v0.0.1, for CHANGELOG.md:\nno interface changed\n" in said
    assert {"CHANGELOG.md", "pyproject.toml", "lambda_src/dist/reactor.zip"} <= {*changed}
    assert git(copy, "ls-files", "--others", "--exclude-standard") == ""
    assert said.splitlines()[-2:] == [
        'git commit -am "chore: release 7.8.9" && git tag -s v7.8.9 -m v7.8.9',
        "git push --atomic origin main v7.8.9",
    ]


def test_the_release_page_has_the_changelogs_part_of_its_tag(prepared: tuple[Path, str]) -> None:
    copy, _ = prepared
    script = [sys.executable, str(copy / "scripts" / "release.py"), "--notes"]

    notes = subprocess.run([*script, "v7.8.9"], capture_output=True, text=True, check=True).stdout
    other = subprocess.run([*script, "v7.8.8"], capture_output=True, text=True, check=False)

    assert notes.strip() == release.section((copy / "CHANGELOG.md").read_text(), "7.8.9")
    assert notes.strip() == release.section((REPOSITORY / "CHANGELOG.md").read_text(), "Unreleased")
    assert other.returncode == 2
    assert other.stderr == "release: the tag is v7.8.8, and pyproject.toml says 7.8.9.\n"


@pytest.mark.parametrize("path", sorted((REPOSITORY / ".github/workflows").glob("*.yml")), ids=str)
def test_workflows_run_pinned_actions_with_few_rights(path: Path) -> None:
    text = path.read_text()
    jobs = yaml.safe_load(text)["jobs"]

    for line in re.findall(r"uses: (.+)", text):
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line
    assert "\npermissions:\n  contents: read\n" in text
    assert "pull_request_target" not in text
    assert all("timeout-minutes" in job for job in jobs.values())
    # An expression inside a script is run as a part of it.
    steps = [step for job in jobs.values() for step in job["steps"]]
    assert [step for step in steps if "${{" in step.get("run", "")] == []


def test_the_oldest_and_the_newest_python_are_tested() -> None:
    workflow = yaml.safe_load((REPOSITORY / ".github/workflows/test.yml").read_text())
    job = workflow["jobs"]["test"]

    assert job["strategy"]["matrix"]["python"] == ["3.11", "3.13"]
    assert 'requires-python = ">=3.11,<3.14"' in (REPOSITORY / "pyproject.toml").read_text()
    assert job["steps"][-1] == {"run": ".ci/run"}
