"""Applies `base/main.tf` to a local AWS and keeps its state: what a release leaves behind.

    .venv/bin/python -m tests.upgrade.record

Run it for a release, when its tests have passed, and commit what it writes with the release.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.harness.applies import Applier
from tests.harness.local_aws import ACCOUNT, REPOSITORY, running
from tests.upgrade.states import BASE, STATE, written
from trailctl.terraform import keep_providers, prepare


def main() -> None:
    """Apply, write the state, destroy."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        terraform = keep_providers(prepare(folder), REPOSITORY / ".tools" / "providers")
        with running(folder) as aws:
            applier = Applier(terraform, aws, folder / "stacks", worker=0)
            try:
                text = (BASE / "main.tf").read_text(encoding="utf-8")
                stack = applier(text, account=ACCOUNT)
                STATE.write_text(written(stack.state), encoding="utf-8")
            finally:
                applier.close()
    print(f"{STATE.relative_to(REPOSITORY)}: {STATE.stat().st_size // 1024} KB")


if __name__ == "__main__":
    main()
