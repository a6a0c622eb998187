"""Write the extract of OCSF's schema anew: `python -m tests.judges.refresh_ocsf`.

OCSF publishes its compiled schema at https://schema.ocsf.io/export/schema; the PyPI package
ocsf-json-schema has that file for each version, and makes JSON Schema of it. Of the objects those
stay that findings have; an attribute that holds another object is refused by the extract. Needs
`pip`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

PACKAGE = "ocsf-json-schema==1.2.0"
VERSION = "1.8.0"  # the newest that is published: https://github.com/ocsf/ocsf-schema/releases
FILE = Path(__file__).with_name("data") / "ocsf" / "detection_finding.json"
OBJECTS = {
    *("account", "actor", "analytic", "api", "attack", "cloud", "evidences", "finding_info"),
    *("group", "metadata", "network_endpoint", "object", "organization", "product", "remediation"),
    *("request", "resource_details", "response", "service", "session", "sub_technique", "tactic"),
    *("technique", "user"),
}
_MAKE = """
import json
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema
made = OcsfJsonSchemaEmbedded(get_ocsf_schema({version!r}))
print(json.dumps(made.get_class_schema("detection_finding", ["cloud", "security_control"])))
"""


def reduced(schema: Any) -> Any:
    """The schema without titles, and without the objects that findings don't have."""
    if isinstance(schema, list):
        return [reduced(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if str(schema.get("$ref", "")).rpartition("/")[2] not in {"", *OBJECTS}:
        return {"not": {}}
    kept: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "$defs":
            kept[key] = {name: reduced(value[name]) for name in sorted(OBJECTS & {*value})}
        elif key == "properties":
            kept[key] = {name: reduced(each) for name, each in sorted(value.items())}
        elif key in ("enum", "required"):
            kept[key] = sorted(value)
        elif key != "title":
            kept[key] = reduced(value)
    return kept


def main() -> None:
    """Fetches the package and writes the extract."""
    with tempfile.TemporaryDirectory() as folder:
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
        subprocess.run([*install, folder, PACKAGE], check=True)
        made = subprocess.run(
            [sys.executable, "-c", _MAKE.format(version=VERSION)],
            env={"PYTHONPATH": folder},
            check=True,
            capture_output=True,
            text=True,
        )
    extract = reduced(json.loads(made.stdout))
    FILE.write_text(json.dumps(extract, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{FILE}: {len(extract['$defs'])} objects, {FILE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
