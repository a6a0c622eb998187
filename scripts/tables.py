"""Writes what the documentation repeats of the sources: `make tables`.

    python scripts/tables.py           writes it
    python scripts/tables.py --check   names the files that are out of date, and exits 1

It writes the requirements, inputs and outputs of modules and examples into their READMEs, the table
of the catalogue and the number of its detections, the rows of the modules in the README at the top,
the version that sources are pinned to (`?ref=v...`), how an example is copied into a repository of
one's own (between `<!-- copy: begin -->` and `<!-- copy: end -->`), the JSON schemas of
modules/detections, and the code that a page of docs/ shows of a file: `<!-- file: PATH -->` before
the code stands for the whole file, `<!-- file: PATH: BLOCK -->` for one block of Terraform.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.terraform_docs import PageError, injected

REPOSITORY = Path(__file__).resolve().parents[1]
_BEGIN, _END = "<!-- coverage: begin -->\n", "<!-- coverage: end -->\n"
_COPY, _COPY_END = "<!-- copy: begin -->\n", "<!-- copy: end -->\n"
_HOUSE = "terraform-aws-cloudtrail-reactor"
_COUNT = re.compile(r"\b\d+ detections as data\b")


# ---- pages


def with_copy(readme: str, folder: Path) -> str:
    """An example's README with how it is copied into a repository of one's own."""
    before, begin, rest = readme.partition(_COPY)
    _, end, after = rest.partition(_COPY_END)
    if not begin or not end:
        raise PageError(
            f"examples/{folder.name}/README.md does not say where its copy is told: add lines with "
            f"{_COPY.strip()} and {_COPY_END.strip()} below `## In a repository of your own`"
        )
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*.tf")]
    names = sorted(name for name in names if ".terraform" not in name)
    listed = ", ".join(
        f"`{name}`" for name in sorted(names, key=lambda name: (name.count("/"), name))
    )
    git = f"https://example.com/{_HOUSE}.git"
    return f"""{before}{_COPY}
The folder is a root module of its own. Copy it whole ({listed}), and pin its modules:

```sh
ref={_tag()}                                # a tag, or a commit's whole hash
git clone {git}
git -C {_HOUSE} checkout "$ref"
cp -R {_HOUSE}/examples/{folder.name} my-{folder.name} && cd my-{folder.name}
find . -name '*.tf' -exec sed -i.bak -E \\
  "s#\\"(\\.\\./)+modules/([a-z0-9-]+)\\"#\\"git::{git}//modules/\\2?ref=$ref\\"#" {{}} +
find . -name '*.bak' -delete
terraform init
```

`versions.tf` has the provider blocks; add your backend there:

```hcl
{_text(folder / "versions.tf")}```

{_COPY_END}{after}"""


def with_catalogue(readme: str) -> str:
    """The README of modules/detections with the catalogue's table."""
    from trailctl.replay.catalogue import (
        coverage_table,
        load_catalogue,
        load_sequences,
        sequence_table,
    )

    before, _, rest = readme.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    tables = f"{coverage_table(load_catalogue().values())}\n{sequence_table(load_sequences())}"
    return f"{before}{_BEGIN}\n{tables}\n{_END}{after}"


def with_modules(readme: str) -> str:
    """The README at the top, with a row for every module and the number of detections.

    The words of a row are the README's own; a new row has the first sentence of its module's.
    """
    number = len([*(REPOSITORY / "modules" / "detections" / "catalogue").glob("*.json")])
    readme = _COUNT.sub(f"{number} detections as data", readme)
    known = re.findall(r"^\| \[modules/([\w-]+)\].*\n", readme, re.MULTILINE)
    there = {path.parent.name: path for path in (REPOSITORY / "modules").glob("*/versions.tf")}
    for name in {*known} - {*there}:
        readme = re.sub(rf"^\| \[modules/{name}\].*\n", "", readme, flags=re.MULTILINE)
    for name in sorted({*there} - {*known}):
        title, _, text = _text(there[name].with_name("README.md")).partition("\n")
        if not title.startswith("# ") or not text.strip():
            raise PageError(f"modules/{name}/README.md has no title and first sentence: write them")
        first = re.split(r"(?<=[.:])\s", " ".join(text.split()), maxsplit=1)[0].rstrip(".:")
        row = f"| [modules/{name}](modules/{name}) | {first[0].lower()}{first[1:]} |\n"
        *_, last = re.finditer(r"^\| \[modules/.*\n", readme, re.MULTILINE)
        readme = readme[: last.end()] + row + readme[last.end() :]
    return readme


def with_files(page: str) -> str:
    """A page with the code of the files that it shows."""

    def shown(found: re.Match[str]) -> str:
        path, _, block = found["what"].partition(": ")
        code = _text(REPOSITORY / path)
        if block:
            inner = re.search(rf"^{re.escape(block)} {{\n.*?^}}\n", code, re.MULTILINE | re.DOTALL)
            code = inner[0] if inner else ""
        if not code:
            raise PageError(f"a page shows {found['what']}, which is not there: change its comment")
        return f"{found['head']}{code}```\n"

    fence = re.compile(
        r"(?P<head>^<!-- file: (?P<what>.+?) -->\n```\w+\n)(?P<code>.*?)^```\n",
        re.MULTILINE | re.DOTALL,
    )
    return fence.sub(shown, page)


def with_version(page: str) -> str:
    """A page whose examples pin this version's modules."""
    return re.sub(r"\?ref=v[0-9][\w.-]*[0-9]", f"?ref={_tag()}", page)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _tag() -> str:
    project = tomllib.loads(_text(REPOSITORY / "pyproject.toml"))["project"]
    return f"v{project['version']}"


def pages() -> Iterator[tuple[Path, str]]:
    """Every page that repeats something, as it has to be."""
    from trailctl.detections import schemas

    yield from ((path, with_version(page)) for path, page in _pages())
    folder = REPOSITORY / "modules" / "detections" / "schema"
    yield from ((folder / f"{name}.json", schemas.text(name)) for name in schemas.NAMES)


def _pages() -> Iterator[tuple[Path, str]]:
    modules = [
        *REPOSITORY.glob("modules/*/versions.tf"),
        *REPOSITORY.glob("examples/*/versions.tf"),
    ]
    for versions in sorted([*modules, *REPOSITORY.glob("examples/*/*/versions.tf")]):
        path = versions.with_name("README.md")
        new = injected(_text(path), versions.parent)
        if versions.parent == REPOSITORY / "modules" / "detections":
            new = with_catalogue(new)
        if versions.parent.parent.name == "examples":
            new = with_copy(new, versions.parent)
        yield path, new
    yield REPOSITORY / "README.md", with_modules(_text(REPOSITORY / "README.md"))
    for path in sorted((REPOSITORY / "docs").glob("*.md")):
        yield path, with_files(_text(path))


def main(arguments: list[str]) -> int:
    """Writes or checks; returns the exit code."""
    try:
        stale = {path: new for path, new in pages() if _text(path) != new}
    except PageError as error:
        print(f"tables: {error}", file=sys.stderr)
        return 2
    names = [path.relative_to(REPOSITORY).as_posix() for path in stale]
    if "--check" in arguments:
        if stale:
            print(f"tables: run `make tables`; out of date: {', '.join(names)}", file=sys.stderr)
        return int(bool(stale))
    for path, new in stale.items():
        path.write_text(new, encoding="utf-8")
    print(f"tables: {', '.join(names) or 'nothing to do'}")
    return 0


if __name__ == "__main__":
    sys.path.insert(1, str(REPOSITORY / "lambda_src"))
    sys.exit(main(sys.argv[1:]))
