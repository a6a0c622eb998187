"""Prepares a release: `make release VERSION=1.2.3`. It commits and pushes nothing.

    python scripts/release.py 1.2.3         the version, the changelog, snippets and zips
    python scripts/release.py --notes TAG   the changelog's part about a tag, for its release page

The version stands in pyproject.toml and in lambda_src/reactor/__init__.py; everything else follows:
`?ref=v...` in every snippet, and the zips. It prints the two git commands that are left.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts import interfaces

ROOT = Path(__file__).resolve().parent.parent
_VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
_HEADING = re.compile(r"^## \[(.+?)\](?: - \d{4}-\d{2}-\d{2})?$", re.MULTILINE)


class ReleaseError(Exception):
    """What has to be put right first; the message is one line."""


def number(version: str) -> tuple[int, ...]:
    """A version as numbers, to compare. Raises ReleaseError."""
    if not _VERSION.fullmatch(version):
        raise ReleaseError(f"{version} is no version: give one such as 1.2.3, without a v.")
    return tuple(map(int, version.split(".")))


def section(changelog: str, name: str) -> str:
    """The changelog's text under a heading, empty if there is none."""
    heads = [*_HEADING.finditer(changelog)]
    for head, following in zip(heads, [*heads[1:], None], strict=True):
        if head[1] == name:
            return changelog[head.end() : following.start() if following else None].strip()
    return ""


def renamed(changelog: str, version: str, day: str) -> str:
    """The changelog with what is unreleased under the version's own heading.

    Raises ReleaseError if nothing is, or if the version is there.
    """
    if not section(changelog, "Unreleased"):
        raise ReleaseError(
            "CHANGELOG.md has nothing under Unreleased: there is nothing to release."
        )
    if section(changelog, version):
        raise ReleaseError(f"CHANGELOG.md has {version} already.")
    return changelog.replace("## [Unreleased]\n", f"## [Unreleased]\n\n## [{version}] - {day}\n", 1)


def check(version: str, current: str, tags: list[str], branch: str, changed: str) -> None:
    """Raises ReleaseError if the version can't be the next one, made from this checkout.

    `changed` is what `git status --porcelain` prints. The first release may have the version that
    the sources have.
    """
    known = [number(tag[1:]) for tag in tags if _VERSION.fullmatch(tag[1:])]
    if known and number(version) <= max(known):
        newest = ".".join(map(str, max(known)))
        raise ReleaseError(f"{version} is not newer than {newest}, which is tagged.")
    if number(version) < number(current):
        raise ReleaseError(f"{version} is older than {current}, which the sources say.")
    if branch != "main":
        raise ReleaseError(f"this is branch {branch}: releases are made of main.")
    if changed:
        raise ReleaseError(f"commit or remove what changed first: {changed.splitlines()[0][3:]}")


def check_interfaces(version: str, newest: tuple[int, ...], changed: list[str]) -> None:
    """Raises ReleaseError if callers of the newest release must change something, and the version
    does not say so: it needs a new first number, or below 1.0.0 a new second one."""
    wanted = 1 if newest[0] == 0 else 0
    breaking = [line for line in changed if line.startswith("breaking: ")]
    if breaking and number(version)[: wanted + 1] == newest[: wanted + 1]:
        raise ReleaseError(
            f"{version} breaks callers, and its {('first', 'second')[wanted]} number is that of "
            f"the release before: {breaking[0].removeprefix('breaking: ')}."
        )


def prepare(version: str) -> None:
    """Writes everything that a release changes."""
    tags = _git("tag", "--list", "v*").split()
    project = ROOT / "pyproject.toml"
    text = project.read_text(encoding="utf-8")
    current = str(tomllib.loads(text)["project"]["version"])
    check(version, current, tags, _git("branch", "--show-current"), _git("status", "--porcelain"))
    if released := [tag for tag in tags if _VERSION.fullmatch(tag[1:])]:
        newest = max(released, key=lambda tag: number(tag[1:]))
        changed = interfaces.changes(interfaces.at(newest), interfaces.interfaces())
        check_interfaces(version, number(newest[1:]), changed)
        told = "\n".join(changed) or "no interface changed"
        print(f"Since {newest}, for CHANGELOG.md:\n{told}")
    changelog = ROOT / "CHANGELOG.md"
    news = renamed(changelog.read_text(encoding="utf-8"), version, f"{datetime.now(UTC):%Y-%m-%d}")
    changelog.write_text(news, encoding="utf-8")
    project.write_text(
        text.replace(f'version = "{current}"', f'version = "{version}"', 1), encoding="utf-8"
    )
    code = ROOT / "lambda_src" / "reactor" / "__init__.py"
    code.write_text(
        re.sub(r'(__version__ = )".*"', rf'\1"{version}"', code.read_text(encoding="utf-8")),
        encoding="utf-8",
    )
    for script in ("scripts/tables.py", "lambda_src/build.py"):
        subprocess.run([sys.executable, ROOT / script], check=True)
    print(
        f"\n{version} is prepared. Read `git diff`, run `make test`, which upgrades to it from the "
        "release before. Keep what the next one upgrades from, then:\n\n"
        ".venv/bin/python -m tests.upgrade.record\n"
        f'git commit -am "chore: release {version}" && git tag -s v{version} -m v{version}\n'
        "git push --atomic origin main "
        f"v{version}"
    )


def notes(tag: str) -> str:
    """The changelog's part about a tag. Raises ReleaseError if the tag is not the version here."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    version = str(project["project"]["version"])
    if tag != f"v{version}":
        raise ReleaseError(f"the tag is {tag}, and pyproject.toml says {version}.")
    found = section((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), version)
    if not found:
        raise ReleaseError(f"CHANGELOG.md has nothing under [{version}].")
    return found


def _git(*arguments: str) -> str:
    command = ["git", *arguments]
    return subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.rstrip()


def main() -> int:
    try:
        match sys.argv[1:]:
            case ["--notes", tag]:
                print(notes(tag))
            case [version] if not version.startswith("-"):
                prepare(version)
            case _:
                raise ReleaseError("say which: make release VERSION=1.2.3")  # noqa: TRY301
    except ReleaseError as error:
        print(f"release: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
