"""The tables of a module's README, as terraform-docs writes them with .terraform-docs.yml.

Nobody needs terraform-docs to change a module, and whoever has it sees no difference. The rules are
those of its format `markdown table`, in the settings that the file chooses. A module whose tables a
page could not show is refused: what reads as HTML, a pipe in code, an odd backtick.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Any

BEGIN, END = "<!-- BEGIN_TF_DOCS -->", "<!-- END_TF_DOCS -->"


class PageError(Exception):
    """A page asks for what is not there, or can't be shown; the message says what to change."""


# ---- Terraform, as `terraform fmt` writes it


def blocks(source: str, kind: str) -> dict[str, str]:
    """The bodies of a file's top-level blocks of a kind, by name."""
    return dict(re.findall(rf'^{kind} "(\w+)" {{\n(.*?)^}}', source, re.MULTILINE | re.DOTALL))


def argument(body: str, name: str) -> str | None:
    """An argument's expression, as written (of a heredoc, its text); None where it is not there."""
    lines = body.splitlines()
    for number, line in enumerate(lines):
        found = re.match(rf"  {name} += (.*)", line)
        if found is None:
            continue
        text = [found[1]]
        heredoc = re.fullmatch(r"<<-?(\w+)", found[1])
        for following in lines[number + 1 :]:
            if heredoc:
                if following.strip() == heredoc[1]:
                    return textwrap.dedent("\n".join(text[1:]))
            elif following and not re.match(r"   |  [)}\]]", following):
                break
            text.append(following)
        return "\n".join(text).rstrip()
    return None


def one_line(expression: str) -> str:
    """An expression on one line, its comments left out."""
    parts = [re.sub(r"\s+#.*$", "", line).strip() for line in expression.splitlines()]
    parts = [re.sub(r"^(\w+)\s+= ", r"\1 = ", part) for part in parts if not part.startswith("#")]
    text = ""
    for part in filter(None, parts):
        if not text or text.endswith(("(", "[")) or part[0] in ")]":
            text = text.removesuffix(",") + part
        elif text.endswith("{") or part[0] == "}":
            text = f"{text.removesuffix(',')} {part}"
        else:
            text = f"{text.removesuffix(',')}, {part}"
    return re.sub(r",(?=\s*[)\]}])", "", text)


def literal(expression: str) -> Any:
    """The value of an expression that names nothing and calls nothing."""

    def member(found: re.Match[str]) -> str:
        key = found[1] if found[1].startswith('"') else f'"{found[1]}"'
        return f"{key}: " if found[2] else found[0]

    text = one_line(expression) if "\n" in expression else expression
    text = re.sub(r'("(?:[^"\\]|\\.)*"|[\w.-]+)( = )?', member, text)
    try:
        return json.loads(_template(text))
    except ValueError:
        raise PageError(f"no literal that a table can show: {expression}") from None


def _template(text: str) -> str:
    return text.replace("$${", "${").replace("%%{", "%{")


# ---- what terraform-docs makes of it


def documentation(folder: Path) -> str:
    """What stands between the two comments of a configuration's README."""
    variables, outputs = (
        sorted(blocks(_text(folder / f"{kind}s.tf"), kind).items())
        for kind in ("variable", "output")
    )
    inputs = [
        (name, _description(name, body), _type_cell(name, body), *_default(body))
        for name, body in variables
    ]
    types = [
        "\n".join([f"### Type of `{name}`", "", "```hcl", _type(body).replace("\n  ", "\n"), "```"])
        for name, body in variables
        if re.search(r"\n.*=.*=", _type(body), re.DOTALL)
    ]
    told = [(name, _description(name, body)) for name, body in outputs]
    return "\n\n".join(
        [
            _section("Requirements", "Name Version", _requirements(_text(folder / "versions.tf"))),
            _section("Inputs", "Name Description Type Default Required", inputs),
            *types,
            _section("Outputs", "Name Description", told),
        ]
    )


def injected(readme: str, folder: Path) -> str:
    """A README with its tables: between the two comments or, where they lack, at its end."""
    if BEGIN not in readme and END not in readme:
        readme = f"{readme.rstrip()}\n\n{BEGIN}\n{END}\n"
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise PageError(f"{folder.name}/README.md needs both {BEGIN} and {END}, in this order")
    try:
        return f"{before}{BEGIN}\n{documentation(folder)}\n{END}{after}"
    except PageError as error:
        raise PageError(f"{folder.parent.name}/{folder.name}: {error}") from None


def _section(title: str, columns: str, rows: Iterable[tuple[str, ...]]) -> str:
    names = columns.split()
    lines = ["-" * len(name) if name != "Required" else ":------:" for name in names]
    table = [f"| {' | '.join(cells)} |" for cells in (names, lines, *rows)]
    if len(table) == 2:
        return f"## {title}\n\nNo {title.lower()}."
    for line in table:
        if len(re.findall(r"(?<!\\)\|", line)) > len(names) + 1:
            raise PageError(f"a table can't hold a | in code: {line}")
    return "\n".join([f"## {title}", "", *table])


def _requirements(versions: str) -> list[tuple[str, str]]:
    core = re.findall(r'^  required_version = "(.*)"$', versions, re.MULTILINE)
    providers = re.findall(
        r'^    (\w+) = {\n(?:      .*\n)*?      version += "(.*)"$', versions, re.MULTILINE
    )
    return [*(("terraform", version) for version in core), *sorted(providers)]


def _description(name: str, body: str) -> str:
    text = argument(body, "description") or ""
    text = literal(text) if text.startswith('"') else _template(text).strip()
    if re.search(r"`|<\w", re.sub(r"`[^`]+`", "", text)):
        raise PageError(f"{name}: put `<name>` and the like into backticks, each with its pair")
    text = re.sub(r"(`[^`]*`)|\|", lambda found: found[1] or "\\|", text.replace("\n", " "))
    return text or "n/a"


def _type(body: str) -> str:
    return re.sub(r"\s+#.*\Z", "", argument(body, "type") or "any")


def _type_cell(name: str, body: str) -> str:
    code = _code(_type(body))
    long = re.fullmatch(r"```((?:\w+\()+)[^`]*=[^`]*=[^`]*?(\)+)```", code)
    return f"[`{long[1]}...{long[2]}`](#type-of-{name})" if long else code


def _default(body: str) -> tuple[str, str]:
    """A variable's default, as JSON, and whether it must be given."""
    written = argument(body, "default")
    if written is None:
        return "n/a", "yes"
    value = json.dumps(literal(written), indent=2, sort_keys=True, ensure_ascii=False)
    return _code(value), "no"


def _code(text: str) -> str:
    if "\n" not in text:
        return f"`{text}`"
    lines = [re.sub(r"\s*=\s*", " = ", line).strip() for line in text.splitlines()]
    return f"```{' '.join(filter(None, lines))}```"


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""
