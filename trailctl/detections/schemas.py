"""JSON schemas (draft 2020-12) of the files that people write, made of the types that read them."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from trailctl.detections.exclusions import ExclusionsFile
from trailctl.replay.catalogue import CatalogueEntry, Samples

_PLACE = "https://example.com/terraform-aws-cloudtrail-reactor/modules/detections/schema"
_KINDS: dict[str, tuple[str, Any]] = {
    "entry": ("An entry of the catalogue, or of one's own beside it", CatalogueEntry),
    "exclusions": ("What detections leave alone", ExclusionsFile),
    "samples": ("Events that an entry must match, and that it must not match", Samples),
}
NAMES = tuple(_KINDS)


def schema(name: str) -> dict[str, Any]:
    """The schema of one of NAMES."""
    title, kind = _KINDS[name]
    found = msgspec.json.schema(kind)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{_PLACE}/{name}.json",
        "title": title,
        **{key: _neat(value) for key, value in found.items() if key != "title"},
    }


def _neat(node: Any) -> Any:
    """Docstrings as lines, and no empty default where a list must not be empty."""
    if isinstance(node, list):
        return [_neat(each) for each in node]
    if not isinstance(node, dict):
        return node
    kept = {k: _neat(v) for k, v in node.items() if not (k == "default" and "minItems" in node)}
    if isinstance(kept.get("description"), str):
        kept["description"] = " ".join(kept["description"].split())
    return kept


def text(name: str) -> str:
    """The schema as its file has it."""
    return json.dumps(schema(name), indent=2) + "\n"
