"""Builds what AWS Lambda runs, the same bytes on any system.

    python lambda_src/build.py           writes the zips
    python lambda_src/build.py --check   exits 1 if a checked-in zip is not what would be built

dist/reactor.zip is the package of this repository's functions, dist/reactor-layer.zip the same as
a layer, for handlers of one's own (a layer's Python code lies under python/).

Entries are stored, not deflated (deflate's bytes differ between zlib builds), sorted, with fixed
times and modes and LF line ends; nothing compiled goes in, as it would tie the zip to one Python,
and neither does reactor/testing.py, which is for tests.

reactor/provenance.json in it tells what it was built from: the SHA-256 of what sha256sum prints of
the other files, sorted by name. `trailctl --version` compares it with the sources.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).resolve().parent
TARGET = HERE / "dist" / "reactor.zip"
LAYER = HERE / "dist" / "reactor-layer.zip"
_PACKAGE = "reactor"
_PROVENANCE = "reactor/provenance.json"
_SUFFIXES = {".py", ".json", ".typed"}
_LEFT_OUT = {_PROVENANCE, "reactor/testing.py"}
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment a zip can hold
_UNIX = 3
_MODE = 0o100644 << 16  # a regular file, readable by whatever user Lambda runs the code as


def entries(root: Path) -> dict[str, bytes]:
    """The files of the zip, by their names there, in order; `root` holds the package."""
    found = {}
    for path in (root / _PACKAGE).rglob("*"):
        name = path.relative_to(root).as_posix()
        if path.is_file() and path.suffix in _SUFFIXES and name not in _LEFT_OUT:
            found[name] = path.read_bytes().replace(b"\r\n", b"\n")
    return dict(sorted(found.items()))


def provenance(found: Mapping[str, bytes]) -> bytes:
    """What the zip says of its files."""
    lines = "".join(f"{hashlib.sha256(text).hexdigest()}  {n}\n" for n, text in found.items())
    told = {"files": len(found), "sha256": hashlib.sha256(lines.encode()).hexdigest()}
    return json.dumps(told, indent=2).encode() + b"\n"


def build(root: Path = HERE, folder: str = "") -> bytes:
    """The zip's bytes, with everything below a folder of that name (`python/`) if one is given."""
    target = io.BytesIO()
    found = entries(root)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, text in sorted({**found, _PROVENANCE: provenance(found)}.items()):
            entry = zipfile.ZipInfo(folder + name, _EPOCH)
            entry.create_system = _UNIX
            entry.external_attr = _MODE
            archive.writestr(entry, text)
    return target.getvalue()


def main(arguments: list[str] | None = None) -> int:
    """Builds or checks; returns the exit code."""
    parser = argparse.ArgumentParser(description="Builds the package that AWS Lambda runs.")
    parser.add_argument(
        "--check", action="store_true", help="exit 1 if the checked-in zip is out of date"
    )
    checking = parser.parse_args(arguments).check
    built = {TARGET: build(), LAYER: build(folder="python/")}
    if checking:
        stale = [p for p, zipped in built.items() if not p.is_file() or p.read_bytes() != zipped]
        for path in stale:
            print(
                f"lambda_src/dist/{path.name} is not what lambda_src/reactor builds: run "
                "`python lambda_src/build.py` and commit the zips.",
                file=sys.stderr,
            )
        return 1 if stale else 0
    TARGET.parent.mkdir(exist_ok=True)
    for path, zipped in built.items():
        path.write_bytes(zipped)
        print(f"lambda_src/dist/{path.name}: {len(zipped):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
