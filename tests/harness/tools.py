"""Commands that have an environment of their own beside `.venv`: the AWS CLI, the policy tools."""

from __future__ import annotations

from collections.abc import Sequence

from tests.harness.local_aws import REPOSITORY

_UNCOLLECTED = (
    "import gc, runpy, sys; gc.disable(); del sys.argv[0]; "
    "runpy.run_path(sys.argv[0], run_name='__main__')"
)


def tool(environment: str, name: str) -> list[str]:
    """How to run a command of `.venv-<environment>`: by its Python.

    Its first line can't name a Python whose path has spaces. FileNotFoundError if it is missing.
    """
    folder = REPOSITORY / f".venv-{environment}" / "bin"
    if not (folder / name).exists():
        raise FileNotFoundError(f"{name} is not installed: run `make setup`")
    return [str(folder / "python"), str(folder / name)]


def uncollected(command: Sequence[str]) -> list[str]:
    """A command as `tool` gives it that looks for no garbage.

    What ends soon leaves none worth the search, and a search through all that it has imported is a
    third of its time.
    """
    python, *words = command
    return [python, "-P", "-c", _UNCOLLECTED, *words]
