"""Writes the coverage table into the README of modules/detections.

python -m trailctl.replay.coverage            writes it
python -m trailctl.replay.coverage --check    exits 1 if the README's is another
"""

from __future__ import annotations

import sys

from trailctl.replay.catalogue import FOLDER, coverage_table, load_catalogue

README = FOLDER / "README.md"
_BEGIN, _END = "<!-- coverage: begin -->\n", "<!-- coverage: end -->\n"


def updated(readme: str) -> str:
    """The README with the table as the catalogue has it now."""
    before, _, rest = readme.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}\n{coverage_table(load_catalogue().values())}\n{_END}{after}"


def main(arguments: list[str]) -> int:
    """Writes or checks; returns the exit code."""
    old = README.read_text(encoding="utf-8")
    new = updated(old)
    if "--check" in arguments:
        if old != new:
            print("run: python -m trailctl.replay.coverage", file=sys.stderr)
        return int(old != new)
    README.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
