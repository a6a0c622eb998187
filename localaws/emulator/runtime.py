"""The Python that functions run under: the runtime's own packages and no others.

A function on AWS sees the standard library, boto3 with what it needs, its zip and its layers. Here
the interpreter is started without site-packages and given a folder of just those packages, so that
a forgotten layer fails here as it would there.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html
"""

from __future__ import annotations

import importlib.util
import io
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType

from localaws.emulator import confinement, function_clock

# What the managed Python runtime brings, by import name.
_RUNTIME_PACKAGES = ("boto3", "botocore", "s3transfer", "jmespath", "urllib3", "dateutil", "six")
# What the Powertools layer brings (its core; extras such as pydantic are not in this one).
_LAYER_PACKAGES = ("aws_lambda_powertools", "jmespath", "typing_extensions")
_EPOCH = (1980, 1, 1, 0, 0, 0)
_CLOCK_PACKAGES = ("time_machine", "_time_machine")


# What a program needs of the system. Nothing below a user's home.
_SYSTEM = (
    "/bin",
    "/etc",
    "/lib",
    "/lib32",
    "/lib64",
    "/nix/store",
    "/opt",
    "/proc",
    "/run/current-system",
    "/run/systemd/resolve",
    "/sbin",
    "/sys",
    "/usr",
)
_DEVICES = ("full", "null", "random", "tty", "urandom", "zero")


class Runtimes:
    """How functions are run, from a folder of the local AWS's own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._packages = folder / "packages"
        self._packages.mkdir(parents=True)
        # boto3 looks for credentials below HOME; without one, below the user's.
        self._home = folder / "home"
        self._home.mkdir(mode=0o555)
        self._clock_packages = folder / "clock-packages"
        self._clock_packages.mkdir()
        for names, place in (
            (_RUNTIME_PACKAGES, self._packages),
            (_CLOCK_PACKAGES, self._clock_packages),
        ):
            for name in names:
                source = _location(name)
                (place / source.name).symlink_to(source)
        self._moved = folder / "moved"
        self._moving = threading.Lock()
        self._write_moved(0.0)

    def variables(self, path: str) -> Mapping[str, str]:
        """What every function finds in its environment, beside what Lambda says of it.

        https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
        """
        return {"HOME": str(self._home), "LANG": "en_US.UTF-8", "PATH": path, "TZ": ":UTC"}

    def prelude(self, runtime: str) -> str:
        """Python code that runs before anything of a function's own.

        It takes the function's rights away, and makes `function_clock`, whose `follow` is to be
        called before every invocation.
        """
        packages = map(_location, (*_RUNTIME_PACKAGES, *_CLOCK_PACKAGES))
        roots = self._roots(*_interpreter(runtime)[1:], *map(str, packages))
        return (
            f"{_source(confinement)}\nconfine({roots['readable']!r}, {roots['writable']!r})\n"
            f"{_source(function_clock)}\n"
            f"function_clock = FunctionClock({str(self._moved)!r}, {str(self._clock_packages)!r})\n"
        )

    def move(self, seconds: float) -> None:
        """Let functions see this much more than the machine's time, each from its next call on."""
        with self._moving:
            if seconds != self._ahead:
                self._write_moved(seconds)

    def _write_moved(self, seconds: float) -> None:
        # In one step: a function may be reading it.
        written = self._moved.with_suffix(".new")
        written.write_text(str(seconds), encoding="ascii")
        written.replace(self._moved)
        self._ahead = seconds

    def command(self, worker: Sequence[str]) -> list[str]:
        """How to start a worker: `python3.13 SCRIPT` as that Python; others confined."""
        if worker[0].startswith("python"):
            # -S: no site-packages; what a function may import is the folder, its zip, its layers.
            own = f"PYTHONPATH={self._packages}", "PYTHONDONTWRITEBYTECODE=1"
            return ["env", *own, _interpreter(worker[0])[0], "-S", *worker[1:]]
        if not confinement.available():
            return list(worker)
        program = Path(shutil.which(worker[0]) or worker[0]).resolve()
        # Not the folder above: it may be a home, or all there is.
        beside = program.parent, program.parent.parent / "lib"
        roots = json.dumps(self._roots(*map(str, beside)))
        return [sys.executable, "-I", "-S", confinement.__file__, roots, *worker]

    def _roots(self, *more: str) -> dict[str, list[str]]:
        devices = (f"/dev/{name}" for name in _DEVICES)
        return {
            "readable": [*_SYSTEM, str(self._folder), *more],
            "writable": ["/tmp", "/var/tmp", tempfile.gettempdir(), *devices],  # noqa: S108
        }


@cache
def _source(module: ModuleType) -> str:
    return Path(str(module.__file__)).read_text(encoding="utf-8")


@cache
def _interpreter(runtime: str) -> tuple[str, ...]:
    """The interpreter of the runtime's version if the machine has it, else the one we run under.

    Then the folders that it needs.
    """
    found = shutil.which(runtime)
    if found:
        # A shim of a version manager names the true one.
        code = "import sys; print(sys.executable, sys.prefix, sys.base_prefix, sep='\\n')"
        asked = [found, "-c", code]
        answer = subprocess.run(asked, capture_output=True, text=True, timeout=20, check=False)
        named = answer.stdout.splitlines()
        if answer.returncode == 0 and len(named) == 3:
            return tuple(named)
    return sys.executable, sys.prefix, sys.base_prefix


def _location(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"the local AWS needs the package {name}: run `make setup`")
    origin = Path(spec.origin)
    return origin.parent if origin.name == "__init__.py" else origin


@cache
def powertools_layer() -> bytes:
    """The Powertools layer as a zip: the installed package under `python/`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in _LAYER_PACKAGES:
            source = _location(name)
            files = [source] if source.is_file() else sorted(source.rglob("*.py"))
            for file in files:
                inside = Path("python") / file.relative_to(source.parent)
                archive.writestr(zipfile.ZipInfo(inside.as_posix(), _EPOCH), file.read_bytes())
    return buffer.getvalue()
