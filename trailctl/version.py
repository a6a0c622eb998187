"""`trailctl --version`: the version, and what the functions' zip in a checkout was built from."""

from __future__ import annotations

import base64
import hashlib
import json
import zipfile
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_REPOSITORY = Path(__file__).resolve().parents[1]
_SOURCES = _REPOSITORY / "lambda_src"
_ZIP = _SOURCES / "dist" / "reactor.zip"
_PROVENANCE = "reactor/provenance.json"


def told() -> str:
    """The lines that it prints."""
    try:
        number = version("terraform-aws-cloudtrail-reactor")
    except PackageNotFoundError:
        number = "(not installed)"
    return "\n".join([f"trailctl {number}", *(of_zip(_ZIP, _SOURCES) if _ZIP.exists() else ())])


def of_zip(path: Path, sources: Path) -> list[str]:
    """What a zip says of its files, whether it is so, and what Lambda says of a function of it."""
    content = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    said = json.loads(files.pop(_PROVENANCE, b"{}")).get("sha256", "nothing")
    if said != digest(files):
        state = "NOT what is in it"
    elif any(_source(sources / name) != text for name, text in files.items()):
        state = "NOT the sources beside it: python lambda_src/build.py"
    else:
        state = "the sources beside it"
    code = base64.b64encode(hashlib.sha256(content).digest()).decode()
    return [
        f"{path.name}: built from sha256:{said}, {state}",
        f"a function of it has CodeSha256 {code}",
    ]


def digest(files: Mapping[str, bytes]) -> str:
    """The SHA-256 of what sha256sum prints of the files, sorted by name."""
    lines = (f"{hashlib.sha256(text).hexdigest()}  {n}\n" for n, text in sorted(files.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _source(path: Path) -> bytes:
    return path.read_bytes().replace(b"\r\n", b"\n") if path.is_file() else b""
