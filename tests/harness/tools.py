"""Commands that have an environment of their own beside `.venv`: the AWS CLI, the policy tools."""

from __future__ import annotations

from tests.harness.local_aws import REPOSITORY


def tool(environment: str, name: str) -> list[str]:
    """How to run a command of `.venv-<environment>`: by its Python.

    Its first line can't name a Python whose path has spaces. FileNotFoundError if it is missing.
    """
    folder = REPOSITORY / f".venv-{environment}" / "bin"
    if not (folder / name).exists():
        raise FileNotFoundError(f"{name} is not installed: run `make setup`")
    return [str(folder / "python"), str(folder / name)]
