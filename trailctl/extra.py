"""The optional extra `local`."""

from __future__ import annotations

from importlib.util import find_spec

from trailctl.errors import UsageError

_LOCAL = ("cryptography", "duckdb", "hypercorn", "ministack", "moto", "sqlglot")


def need_local() -> None:
    """Raises UsageError, with what to install, if the local AWS is not installed."""
    missing = [name for name in _LOCAL if not _installed(name)]
    if missing:
        raise UsageError(
            f"the local AWS is not installed ({', '.join(missing)} missing): "
            'python -m pip install "terraform-aws-cloudtrail-reactor[local]", or in a checkout '
            '"./[local]"'
        )


def _installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # a finder that refuses raises it
        return False
