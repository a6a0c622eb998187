"""The image of trailctl: what goes into it is enough, and it builds where a builder is."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.local_aws import REPOSITORY

pytestmark = pytest.mark.unit

DOCKERFILE = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8")
COPIED = [
    path
    for line in re.findall(r"^COPY (?!--)(.+)$", DOCKERFILE, re.MULTILINE)
    for path in line.split()[:-1]
]


def builder() -> str | None:
    """A program that builds images and works here."""
    for name in ("docker", "podman", "buildah"):
        asked = [name, "info"]
        if shutil.which(name) and subprocess.run(asked, capture_output=True).returncode == 0:
            return name
    return None


def test_what_is_not_copied_is_not_sent_to_the_builder() -> None:
    lines = (REPOSITORY / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert lines[1] == "*"
    assert sorted(line[1:] for line in lines if line.startswith("!")) == sorted(COPIED)
    assert [path for path in COPIED if not (REPOSITORY / path).exists()] == []


def test_it_is_the_same_for_ever_and_nobodys_root() -> None:
    stages = re.findall(r"^FROM (\S+)(?: AS (\S+))?$", DOCKERFILE, re.MULTILINE)
    named = {name for _, name in stages}
    for image, _ in stages:
        assert image in named or re.search(r":[\w.-]+@sha256:[0-9a-f]{64}$", image), image
    assert "--require-hashes" in DOCKERFILE
    last = DOCKERFILE[DOCKERFILE.rindex("\nFROM ") :]
    assert re.search(r"^USER [1-9]\d+$", last, re.MULTILINE)
    assert re.search(r'^ENTRYPOINT \["trailctl"\]$', last, re.MULTILINE)


def test_its_pins_are_those_that_are_tested() -> None:
    def pins(name: str) -> dict[str, str]:
        text = (REPOSITORY / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
        return dict(re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE))

    image, tested = pins("cli"), pins("dev")
    assert image.items() <= tested.items()
    assert {"argcomplete", "boto3", "pysigma"} <= image.keys()
    assert not {"ministack", "moto", "pytest"} & image.keys()


def test_what_is_copied_is_enough(tmp_path: Path) -> None:
    """As the Dockerfile installs it, from nothing but what it copies."""
    source, site = tmp_path / "src", tmp_path / "site"
    for path in COPIED:
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        if (REPOSITORY / path).is_dir():
            shutil.copytree(
                REPOSITORY / path, source / path, ignore=shutil.ignore_patterns("__pycache__")
            )
        else:
            shutil.copy(REPOSITORY / path, source / path)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    more = ["--no-index", "--no-compile", "--target", str(site), str(source)]
    subprocess.run([*pip, *more], check=True, cwd=tmp_path)
    shutil.rmtree(source)
    for command, told in (("--version", "trailctl "), ("coverage", "simulated"), ("demo", "")):
        done = subprocess.run(
            [sys.executable, "-m", "trailctl", *command.split()],
            cwd=tmp_path,
            env={"PYTHONPATH": str(site), "PATH": "/nowhere", "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        if told:
            assert done.returncode == 0, done.stderr
            assert told in done.stdout
        else:
            assert done.returncode == 2, done.stderr
            assert len(done.stderr.splitlines()) == 1, done.stderr


def test_it_builds_and_runs() -> None:
    name = builder()
    if name is None:
        pytest.skip("neither docker, podman nor buildah works here: the image is not built")
    tag = "trailctl:test"
    build = [name, "build", "--tag", tag, "."]
    subprocess.run(build, cwd=REPOSITORY, check=True, timeout=1200)
    if name == "buildah":
        pytest.skip("the image was built; buildah runs none")
    run = [name, "run", "--rm"]
    assert subprocess.check_output([*run, tag, "--version"], text=True).startswith("trailctl ")
    who = subprocess.check_output([*run, "--entrypoint", "id", tag, "-u"], text=True)
    assert who.strip() == "10001"
