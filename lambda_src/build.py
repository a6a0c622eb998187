"""Builds dist/reactor.zip, the package that AWS Lambda runs: the same bytes on any system.

    python lambda_src/build.py           writes the zip
    python lambda_src/build.py --check   exits 1 if the checked-in zip is not what would be built

Entries are stored, not deflated (deflate's bytes differ between zlib builds), sorted, with fixed
times and modes and LF line ends; nothing compiled goes in, as it would tie the zip to one Python.
"""

from __future__ import annotations

import argparse
import io
import sys
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
TARGET = HERE / "dist" / "reactor.zip"
_PACKAGE = "reactor"
_SUFFIXES = {".py", ".json", ".typed"}
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment a zip can hold
_UNIX = 3
_MODE = 0o100644 << 16  # a regular file, readable by whatever user Lambda runs the code as


def entries(root: Path) -> dict[str, bytes]:
    """What goes into the zip, by its name there, in order; `root` holds the package."""
    found = {}
    for path in (root / _PACKAGE).rglob("*"):
        if path.is_file() and path.suffix in _SUFFIXES:
            text = path.read_bytes().replace(b"\r\n", b"\n")
            found[path.relative_to(root).as_posix()] = text
    return dict(sorted(found.items()))


def build(root: Path = HERE) -> bytes:
    """The zip's bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, text in entries(root).items():
            entry = zipfile.ZipInfo(name, _EPOCH)
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
    built = build()
    if checking:
        if TARGET.is_file() and TARGET.read_bytes() == built:
            return 0
        print(
            "lambda_src/dist/reactor.zip is not what lambda_src/reactor builds: run "
            "`python lambda_src/build.py` and commit the zip.",
            file=sys.stderr,
        )
        return 1
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_bytes(built)
    print(f"lambda_src/dist/reactor.zip: {len(built):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
