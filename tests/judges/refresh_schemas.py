"""Write the extracts of the provider's schemas anew: `python -m tests.judges.refresh_schemas`.

They come from prebuilt bindings of the provider on the npm registry, which name every argument in
their doc anchors: @cdktf/provider-aws (to 6.25.0, archived) and its successor @cdktn/provider-aws.
Only the types that modules and examples use are kept. Needs `npm`.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.judges.schemas import FOLDER, types_used

# The first of the range, the last of the archived package, and the newest.
PACKAGES = (
    "@cdktf/provider-aws@19.46.0",
    "@cdktf/provider-aws@21.22.1",
    "@cdktn/provider-aws@latest",
)

_INTERFACE = re.compile(r"^export interface (\w+)(?: extends [\w.]+)? \{\n(.*?)^\}", re.M | re.S)
# In a comment's anchor stands Terraform's name, then TypeScript's name and type.
_MEMBER = re.compile(
    r"/(?:resources|data-sources)/\w+#(\w+)(?:(?!\*/).)*?\*/\s+"
    r"readonly \w+(\??): (\{[^}]*\}|[^;{]+);\n",
    re.S,
)
_OWN_CLASS = re.compile(r"class \w+ extends cdkt\w\.Terraform(?:Resource|DataSource)")
_READ = re.compile(r"this\.get\w+Attribute\(['\"](\w+)['\"]\)|new \w+\(this, ['\"](\w+)['\"]")


def folder_of(kind: str) -> str:
    """Where the bindings of `resource.aws_x` or `data.aws_x` stand in their package."""
    mode, _, name = kind.partition(".")
    folder = name.removeprefix("aws_").replace("_", "-")
    return f"data-aws-{folder}" if mode == "data" else folder


def read_arguments(declarations: str) -> dict[str, Any]:
    """The arguments of one type from its TypeScript declarations."""
    interfaces = dict(_INTERFACE.findall(declarations))
    (top,) = (n for n in interfaces if n.endswith("Config") and _top(n, declarations))

    def arguments(name: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for argument, optional, kind in _MEMBER.findall(interfaces[name]):
            inner = next((word for word in re.findall(r"\w+", kind) if word in interfaces), None)
            if inner:
                within = arguments(inner)
                found[argument] = within if optional else {"(required)": "", **within}
            else:
                found[argument] = "optional" if optional else "required"
        return dict(sorted(found.items()))

    return arguments(top)


def _top(name: str, declarations: str) -> bool:
    return f"interface {name} extends cdktf.TerraformMetaArguments" in declarations or (
        f"interface {name} extends cdktn.TerraformMetaArguments" in declarations
    )


def read_attributes(code: str) -> list[str]:
    """What can be read of one type, from its JavaScript."""
    _, own = _OWN_CLASS.split(code)
    return sorted({a or b for a, b in _READ.findall(own)})


def extract(package: str, kinds: Iterable[str]) -> dict[str, Any]:
    """Fetch a package and keep what it says of `kinds`."""
    with tempfile.TemporaryDirectory() as folder:
        packed = subprocess.run(
            ["npm", "pack", package, "--silent"],
            cwd=folder, check=True, capture_output=True, text=True,
        )  # fmt: skip
        with tarfile.open(Path(folder) / packed.stdout.split()[-1]) as archive:
            wanted = {
                f"package/lib/{folder_of(kind)}/index.{ending}"
                for kind in kinds
                for ending in ("d.ts", "js")
            }
            texts = {
                member.name: archive.extractfile(member).read().decode()  # type: ignore[union-attr]
                for member in archive
                if member.name in wanted or member.name == "package/package.json"
            }
    manifest = json.loads(texts["package/package.json"])
    return {
        "provider": manifest["cdktf" if "cdktf" in manifest else "cdktn"]["provider"]["version"],
        "from": f"{manifest['name']} {manifest['version']}",
        "types": {
            kind: {
                "arguments": read_arguments(texts[f"package/lib/{folder_of(kind)}/index.d.ts"]),
                "attributes": read_attributes(texts[f"package/lib/{folder_of(kind)}/index.js"]),
            }
            for kind in sorted(kinds)
        },
    }


def main() -> None:
    kinds = types_used()
    FOLDER.mkdir(parents=True, exist_ok=True)
    found = [extract(package, kinds) for package in PACKAGES]
    for old in FOLDER.glob("*.json"):
        old.unlink()
    for one in found:
        path = FOLDER / f"{one['provider']}.json"
        path.write_text(json.dumps(one, indent=1) + "\n", encoding="utf-8")
        sys.stdout.write(f"{path.name}: {len(one['types'])} types, from {one['from']}\n")


if __name__ == "__main__":
    main()
