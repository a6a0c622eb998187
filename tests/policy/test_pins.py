"""Every pinned release fits every Python that is promised, as its own metadata says."""

from __future__ import annotations

import re
from email.parser import Parser
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from tests.harness.local_aws import REPOSITORY

# The oldest is Debian 12's own.
PROMISED = ("3.11.2", "3.12.0", "3.13.0")
# What the project is built with is installed for the build alone.
FOR_THE_BUILD = {"setuptools"}
PIN = re.compile(r"^([\w.-]+)==(\S+)$", re.MULTILINE)


def installed(environment: Path) -> dict[str, tuple[str, str]]:
    """Version and Requires-Python of all that is in an environment, by name."""
    found: dict[str, tuple[str, str]] = {}
    for path in environment.glob("lib/python*/site-packages/*.dist-info/METADATA"):
        about = Parser().parsestr(path.read_text(encoding="utf-8"), headersonly=True)
        facts = about["Version"], about["Requires-Python"] or ""
        found[canonicalize_name(about["Name"])] = facts
    return found


@pytest.mark.parametrize(
    ("environment", "file"),
    [
        pytest.param(".venv", "dev.txt", marks=pytest.mark.unit),
        pytest.param(".venv-policy", "policy.txt", marks=pytest.mark.plan),
        pytest.param(".venv-awscli", "awscli.txt", marks=pytest.mark.e2e),
    ],
)
def test_every_pin_fits_every_promised_python(environment: str, file: str) -> None:
    text = (REPOSITORY / "requirements" / file).read_text(encoding="utf-8")
    pins = {canonicalize_name(name): version for name, version in PIN.findall(text)}
    here = installed(REPOSITORY / environment)
    others = {name for name in pins if here.get(name, ("", ""))[0] != pins[name]}
    assert others <= FOR_THE_BUILD
    unfit = [
        f"{name} {pins[name]} wants Python {here[name][1]}"
        for name in pins.keys() - others
        if not all(SpecifierSet(here[name][1]).contains(python) for python in PROMISED)
    ]
    assert unfit == []
