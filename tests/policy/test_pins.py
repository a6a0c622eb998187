"""Every pinned release fits every Python that is promised, as its own metadata says."""

from __future__ import annotations

import re
from email.parser import Parser
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from tests.harness.local_aws import REPOSITORY

# The oldest is Debian 12's own.
PROMISED = ("3.11.2", "3.12.0", "3.13.0")
PIN = re.compile(r"^([\w.-]+==[^\\\n]+)", re.MULTILINE)


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
    pins = {}
    for requirement in map(Requirement, PIN.findall(text)):
        # What another system needs is not installed here.
        if requirement.marker is None or requirement.marker.evaluate():
            (clause,) = requirement.specifier
            pins[canonicalize_name(requirement.name)] = clause.version
    here = installed(REPOSITORY / environment)
    assert len(pins) > 8
    assert [name for name in pins if here.get(name, ("", ""))[0] != pins[name]] == []
    unfit = [
        f"{name} {pins[name]} wants Python {here[name][1]}"
        for name in pins
        if not all(SpecifierSet(here[name][1]).contains(python) for python in PROMISED)
    ]
    assert unfit == []
