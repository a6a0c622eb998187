"""Makes the environments that a command needs, and does nothing when nothing changed.

    python3 scripts/setup.py [NAME...]      (`make` finds a fitting Python and calls it)

`run` is what the demo needs, `dev` the same with all for development (both in `.venv`). The policy
tools and the AWS CLI pin other releases of the same libraries and get environments of their own:
`policy`, `awscli`. `provider` is the AWS provider, downloaded once where no mirror serves it. No
name means all of these. `lock` is what `make lock` needs. They are made side by side. Each
environment is stamped with a hash of what it was made from.

pip gets the files that the requirements name by their hashes, and no others; what has to be built
is built with the setuptools among them.

Only the standard library: this runs before anything is installed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
OLDEST, BELOW = (3, 11), (3, 14)
# Python compiles what it imports when it does; pip would compile all, and most is never imported.
QUICKLY = ("--progress-bar", "off", "--no-compile")

sys.path.insert(0, str(ROOT))
sys.dont_write_bytecode = True

from trailctl.terraform import TerraformError, keep_providers, prepare  # noqa: E402


class SetupError(Exception):
    """Something that the person at the keyboard has to change; the text is one line."""


@dataclass(frozen=True)
class Environment:
    """One virtual environment: its folder, what is in it, its file of `requirements`.

    `own`: the project itself is installed into it, so that changes of the sources take effect.
    """

    folder: str
    what: str
    requirements: str
    own: bool = False

    @property
    def files(self) -> tuple[str, ...]:
        """The files that decide it."""
        made = (self.requirements, "requirements/build.txt", "scripts/setup.py")
        return (*made, "pyproject.toml") if self.own else made

    @property
    def stamp(self) -> Path:
        """Written last, so that an interrupted setup is taken up again."""
        return ROOT / self.folder / ".setup-stamp"

    @property
    def wanted(self) -> str:
        """A hash of all that the environment is made from; scripts in it name the folder whole."""
        made = f"{sys.version} {sys.base_prefix} {ROOT} {self.own}"
        digest = hashlib.sha256(made.encode())
        for name in self.files:
            digest.update((ROOT / name).read_bytes())
        return digest.hexdigest()

    @property
    def current(self) -> bool:
        """Whether there is nothing to do."""
        try:
            return self.stamp.read_text(encoding="utf-8") == self.wanted
        except OSError:
            return False


_LOCKED = "requirements/{}.txt"
ENVIRONMENTS = {
    "run": Environment(".venv", "trailctl, reactor", _LOCKED.format("run"), own=True),
    "dev": Environment(
        ".venv", "trailctl, reactor, what tests them", _LOCKED.format("dev"), own=True
    ),
    "policy": Environment(
        ".venv-policy", "checkov, terraform-compliance", _LOCKED.format("policy")
    ),
    "awscli": Environment(".venv-awscli", "AWS CLI", _LOCKED.format("awscli")),
    "lock": Environment(".venv-lock", "uv", _LOCKED.format("lock")),
}
NAMES = (*ENVIRONMENTS, "provider")
# What is made if nobody names anything.
ALL = tuple(name for name in NAMES if name != "lock")


def main(names: Sequence[str]) -> int:
    """Make what is missing. Exit code 2 and one line on standard error if that is not possible."""
    try:
        check_names(names)
        check_python()
        TOOLS.mkdir(exist_ok=True)
        with (TOOLS / "setup.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # two calls of make at once
            work(names or ALL)
    except (SetupError, TerraformError) as error:
        print(f"setup: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nsetup: interrupted; the same command goes on from here", file=sys.stderr)
        return 130
    return 0


def check_names(names: Sequence[str]) -> None:
    """Raise SetupError if there is nothing of one of these names."""
    for name in names:
        if name not in NAMES:
            raise SetupError(f"there is no {name}: name some of {', '.join(NAMES)}, or none")


def check_python() -> None:
    """Raise SetupError if this Python can't make the environments."""
    if not OLDEST <= sys.version_info[:2] < BELOW:
        raise SetupError(
            f"Python 3.{OLDEST[1]} to 3.{BELOW[1] - 1} is needed and {sys.executable} is "
            f"{sys.version.split()[0]}: name another with `make PYTHON=/path/to/python3`"
        )
    try:
        import ensurepip  # noqa: F401
    except ImportError:
        raise SetupError(
            f"{sys.executable} can't make virtual environments (Debian and Ubuntu: "
            "apt-get install python3-venv), or name another with `make PYTHON=/path/to/python3`"
        ) from None


def missing(names: Sequence[str]) -> list[Environment]:
    """The environments to make. `dev` holds all that `run` has, and they share a folder."""
    current = {name for name, env in ENVIRONMENTS.items() if env.current}
    wanted = [name for name in ENVIRONMENTS if name in names and name not in current]
    if "run" in wanted and ({"dev"} & {*wanted, *current}):
        wanted.remove("run")
    return [ENVIRONMENTS[name] for name in wanted]


def work(names: Sequence[str]) -> None:
    """Run all steps that are needed, side by side, with a line when each is done."""
    steps: list[tuple[str, Callable[[], None]]] = [
        (f"{env.folder} ({env.what})", lambda env=env: build(env))  # type: ignore[misc]
        for env in missing(names)
    ]
    with tempfile.TemporaryDirectory() as name:
        terraform = prepare(Path(name))
        providers = TOOLS / "providers"
        if "provider" in names and terraform.downloads and not providers.is_dir():
            steps.append(
                (
                    "the AWS provider, from the registry",
                    lambda: void(keep_providers(terraform, providers)),
                )
            )
        if not steps:
            return
        begun = time.monotonic()
        print(f"setup: Python {sys.version.split()[0]}, {terraform.binary}", flush=True)
        for title, _ in steps:
            print(f"setup: making {title}", flush=True)
        with ThreadPoolExecutor(len(steps)) as pool:
            endings = [pool.submit(timed, title, step) for title, step in steps]
        for ending in endings:
            ending.result()
        print(f"setup: done in {time.monotonic() - begun:.1f} s", flush=True)


def timed(title: str, step: Callable[[], None]) -> None:
    """Run one step and say how long it took."""
    begun = time.monotonic()
    step()
    print(f"setup: {time.monotonic() - begun:6.1f} s  {title}", flush=True)


def void(_: object) -> None:
    """A step has no result."""


def build(env: Environment) -> None:
    """Make one environment, or bring it up to what its files say. Raises SetupError."""
    folder = ROOT / env.folder
    python = folder / "bin" / "python"
    log = TOOLS / f"setup{env.folder}.log"
    env.stamp.unlink(missing_ok=True)
    with log.open("w", encoding="utf-8") as output:
        if not same_python(python):
            shutil.rmtree(folder, ignore_errors=True)
            run([sys.executable, "-m", "venv", str(folder)], log, output.fileno())
        pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--no-input"]
        install = [*pip, "install", *QUICKLY, "--no-deps"]
        # Files that are no wheels are built with what is there, not with what the index has today.
        hashed = [*install, "--require-hashes", "--no-build-isolation", "--requirement"]
        for file in ("requirements/build.txt", env.requirements):
            run([*hashed, file], log, output.fileno())
        if env.own:
            own = [*install, "--no-build-isolation", "--no-index", "--editable", "."]
            run(own, log, output.fileno())
    env.stamp.write_text(env.wanted, encoding="utf-8")


def same_python(python: Path) -> bool:
    """Whether an environment is there and works and was made by the Python that runs this."""
    command = [str(python), "-c", "import pip, sys; print(sys.version, sys.base_prefix)"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return False
    return answer.stdout.strip() == f"{sys.version} {sys.base_prefix}"


def run(command: list[str], log: Path, output: int) -> None:
    """Run a command into the log. Raises SetupError with the reason and the log's name."""
    surroundings = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    result = subprocess.run(
        command,
        cwd=ROOT,
        env=surroundings,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        timeout=1800,
        check=False,
    )
    if result.returncode != 0:
        printed = log.read_text(encoding="utf-8", errors="replace")
        raise SetupError(f"{reason(printed)} (all of it: {log.relative_to(ROOT)})")


_WANTED = re.compile(r"^ERROR: No matching distribution found for (\S+)", re.MULTILINE)
_UNFIT = re.compile(r"(\S+) Requires-Python ([^;\n]+)")
_BROKEN = re.compile(r"WARNING: Retrying .* after connection broken by '(.+)': ")
_PROGRAM = re.compile(r"\[\d+ lines of output\]\n(.*?)\n *\[end of output\]", re.DOTALL)


def reason(printed: str) -> str:
    """Why pip failed, in one line, from all that it printed.

    pip's last line says what it could not get. Why stands before it: a release for other Pythons
    is one of all the releases that it passed over, a connection that failed is a warning, and a
    program that failed while building has its words in between.
    """
    if found := _WANTED.search(printed):
        name, _, version = found[1].partition("==")
        if wants := dict(_UNFIT.findall(printed)).get(version):
            here = sys.version.split()[0]
            return f"{name} {version} wants Python {wants.strip()} and this is {here}"
        if broken := _BROKEN.findall(printed):
            return f"pip can't fetch {found[1]}: {broken[-1]}"
        return f"pip finds no {found[1]} for this Python and system"
    errors = re.findall(r"^ERROR: (?:ERROR: )?(.+)$", printed, re.MULTILINE)
    if program := _PROGRAM.search(printed):
        lines = [line.strip() for line in program[1].splitlines() if line.strip()]
        errors.insert(0, next((line for line in lines if "rror:" in line), lines[-1]))
    return "; ".join(errors) or (printed.strip().splitlines() or ["it said nothing"])[-1].strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
