"""The optional extras `local` and `sigma`."""

from __future__ import annotations

from importlib.util import find_spec

from trailctl.errors import UsageError

_LOCAL = ("cryptography", "duckdb", "hypercorn", "ministack", "moto", "sqlglot")


def need_local() -> None:
    """Raises UsageError, with what to install, if the local AWS is not installed."""
    _need("the local AWS", "local", _LOCAL)


def need_sigma() -> None:
    """Raises UsageError, with what to install, if pySigma is not installed."""
    _need("pySigma", "sigma", ("sigma",))


def _need(what: str, extra: str, modules: tuple[str, ...]) -> None:
    missing = [name for name in modules if not _installed(name)]
    if missing:
        raise UsageError(
            f"{what} is not installed ({', '.join(missing)} missing): "
            f'python -m pip install "terraform-aws-cloudtrail-reactor[{extra}]", or in a checkout '
            f'"./[{extra}]"'
        )


def _installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # a finder that refuses raises it
        return False
