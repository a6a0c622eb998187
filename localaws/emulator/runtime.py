"""The Python that functions run under: the runtime's own packages and no others.

A function on AWS sees the standard library, boto3 with what it needs, its zip and its layers. Here
the interpreter is started without site-packages and given a folder of just those packages, so that
a forgotten layer fails here as it would there.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import io
import shlex
import shutil
import subprocess
import sys
import zipfile
from functools import cache
from pathlib import Path

# What the managed Python runtime brings, by import name.
_RUNTIME_PACKAGES = ("boto3", "botocore", "s3transfer", "jmespath", "urllib3", "dateutil", "six")
# What the Powertools layer brings (its core; extras such as pydantic are not in this one).
_LAYER_PACKAGES = ("aws_lambda_powertools", "jmespath", "typing_extensions")
_EPOCH = (1980, 1, 1, 0, 0, 0)


class Runtimes:
    """Launchers for Python functions, made in a folder of the local AWS's own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._packages = folder / "packages"
        self._packages.mkdir(parents=True)
        for name in _RUNTIME_PACKAGES:
            source = _location(name)
            (self._packages / source.name).symlink_to(source)

    def launcher(self, runtime: str) -> str:
        """A command that runs a script as the named runtime (`python3.13`) would."""
        path = self._folder / f"{runtime}.sh"
        if not path.exists():
            packages = shlex.quote(str(self._packages))
            # -S: no site-packages; what a function may import is the folder, its zip, its layers.
            path.write_text(
                "#!/bin/sh\n"
                f"PYTHONPATH={packages} PYTHONDONTWRITEBYTECODE=1 "
                f'exec {shlex.quote(_interpreter(runtime))} -S "$@"\n'
            )
            path.chmod(0o755)
        return str(path)


@cache
def _interpreter(runtime: str) -> str:
    """The interpreter of the runtime's version if the machine has it, else the one we run under."""
    found = shutil.which(runtime)
    if found:
        works = subprocess.run([found, "-c", ""], capture_output=True, timeout=20, check=False)
        if works.returncode == 0:
            return found
    return sys.executable


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


def powertools_version() -> str:
    """The version of Powertools that the layer holds."""
    return importlib.metadata.version("aws-lambda-powertools")
