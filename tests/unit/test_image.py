"""The image of trailctl: what goes into it is enough, and it builds where a builder is."""

from __future__ import annotations

import json
import os
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


# The image that it is built on; IMAGE_BASE names another that is at hand.
(BASE,) = re.findall(r"^ARG BASE=(\S+)$", DOCKERFILE, re.MULTILINE)
HAD = os.environ.get("IMAGE_BASE")


def builder() -> str:
    """A program that builds images, works here, and has the image to build on; or a skip."""
    for name in ("docker", "podman", "buildah"):
        if shutil.which(name) and asked(name, "info").returncode == 0:
            break
    else:
        pytest.skip("neither docker, podman nor buildah works here: the image is not built")
    if HAD is None:
        pulled = asked(name, "pull", BASE)
        said = (pulled.stderr.strip().splitlines() or [""])[-1]
        # A registry that answers and has no such image is a fault of ours.
        assert not re.search("manifest unknown|not found", said), said
        if pulled.returncode != 0:
            pytest.skip(f"{name} can't get the image to build on: {said}")
    return name


# What is run in it, and what that says.
RUN = {
    "id -u": r"^10001$",
    "trailctl --version": r"^trailctl \d",
    "trailctl replay --catalogue logs/": r"trail-tamper +critical +1 ",
}
STOPPED = {
    "eventVersion": "1.09",
    "userIdentity": {"type": "Root", "accountId": "111122223333"},
    "eventTime": "2026-03-01T10:00:00Z",
    "eventSource": "cloudtrail.amazonaws.com",
    "eventName": "StopLogging",
    "awsRegion": "us-east-1",
    "eventID": "3f5b2c5e-9d5a-4c57-8f43-3f1c2b7a9d10",
    "requestParameters": {"name": "audit"},
    "eventType": "AwsApiCall",
    "managementEvent": True,
    "recipientAccountId": "111122223333",
    "eventCategory": "Management",
}


def asked(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def test_what_is_not_copied_is_not_sent_to_the_builder() -> None:
    lines = (REPOSITORY / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert lines[1] == "*"
    assert sorted(line[1:] for line in lines if line.startswith("!")) == sorted(COPIED)
    assert [path for path in COPIED if not (REPOSITORY / path).exists()] == []


def test_it_is_the_same_for_ever_and_nobodys_root() -> None:
    stages = re.findall(r"^FROM (\S+)(?: AS (\S+))?$", DOCKERFILE, re.MULTILINE)
    named = {name for _, name in stages}
    for image, _ in stages:
        image = image.replace("${BASE}", BASE)
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
            # A builder copies links as links.
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(REPOSITORY / path, source / path, symlinks=True, ignore=ignored)
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


def test_it_builds_and_runs(tmp_path: Path) -> None:
    """As nobody in particular, with no network, from a read-only root where the program can."""
    name, tag = builder(), "trailctl:test"
    base = ["--build-arg", f"BASE={HAD}"] if HAD else []
    chroot = ["--isolation", "chroot"] if name == "buildah" else []
    build = [name, "build", *chroot, *base, "--tag", tag, "."]
    subprocess.run(build, cwd=REPOSITORY, check=True, timeout=1200)
    logs = tmp_path / "logs" / "one.json"
    logs.parent.mkdir()
    logs.write_text(json.dumps({"Records": [STOPPED]}), encoding="utf-8")
    for path in (tmp_path, logs.parent, logs):
        path.chmod(0o755)
    mounted = ["--volume", f"{tmp_path}:/work:ro"]
    if name == "buildah":
        made = subprocess.check_output([name, "from", tag], text=True).strip()
        run = [name, "run", *chroot, *mounted, made, "--"]
    else:
        made = ""
        safe = ["--read-only", "--network", "none"]
        run = [name, "run", "--rm", *safe, *mounted, "--entrypoint", "", tag]
    try:
        for command, told in RUN.items():
            said = subprocess.check_output([*run, *command.split()], text=True)
            assert re.search(told, said), (command, said)
    finally:
        if made:
            subprocess.run([name, "rm", made], check=True, capture_output=True)
