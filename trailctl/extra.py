"""What is installed only where it is asked for."""

from __future__ import annotations

from importlib.util import find_spec

from trailctl.errors import UsageError

_LOCAL = ("cryptography", "hypercorn", "ministack", "moto")


def need_local() -> None:
    """Raise UsageError, with what to install, where the local AWS is not."""
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
    except ModuleNotFoundError:  # a finder's way to say no
        return False
