"""Runs Terraform in a clean environment: its binary, its providers, its time limits.

The demo and the tests both drive Terraform through this module. It passes on none of the caller's
`AWS_*` and `TF_*` variables, so that neither reaches a real AWS account by accident.

Where providers come from, first match wins:

1. `TF_PLUGIN_MIRROR`, a folder that holds `registry.terraform.io/hashicorp/aws/...`;
2. `TF_CLI_CONFIG_FILE`, if that file can be read (a name that leads nowhere is dropped, where
   Terraform itself only warns and then behaves as if there were no configuration at all);
3. the user's own `~/.terraformrc`, if it says where providers are installed from;
4. the local mirrors that Terraform looks into by itself;
5. a folder `registry.terraform.io` at most three levels below the root, as build images have it;
6. the registry, as `terraform init` does by itself.

https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

MINIMUM_VERSION = (1, 9)
PROVIDER = "registry.terraform.io/hashicorp/aws"
PROVIDER_MINIMUM = (5, 80)
PROVIDER_BELOW = (7,)

# The variables of the caller's environment that a child keeps, to find programs and temporary space
# and to download the provider. The caller sets everything else.
_KEPT = (
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "LANG",
    "LC_ALL",
    "NO_PROXY",
    "PATH",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TMPDIR",
    "TZ",
    "http_proxy",
    "https_proxy",
    "no_proxy",
)
# Terraform reads the AWS provider's whole schema in every call and collects garbage for a third of
# that time; short calls can do with less of it, within bounds.
_GO = {"GOGC": "400", "GOMEMLIMIT": "768MiB"}
_SKIPPED_ROOTS = {"dev", "proc", "run", "sys"}
_GRACE_SECONDS = 15.0


class TerraformError(Exception):
    """Terraform is missing, too old, failed or took too long; the text says which."""


@dataclass(frozen=True)
class Completed:
    """A finished Terraform call: its exit code and both of its outputs."""

    arguments: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str

    def check(self) -> Completed:
        """Return self, or raise TerraformError with Terraform's own words if the call failed."""
        if self.returncode != 0:
            words = (self.stderr.strip() or self.stdout.strip())[-4000:]
            raise TerraformError(f"terraform {' '.join(self.arguments)} failed:\n{words}")
        return self


@dataclass(frozen=True)
class Terraform:
    """One Terraform binary with one CLI configuration.

    `config` is the CLI configuration file every call uses; `home` the HOME it sees, so that nothing
    of the user's (credentials, plugin caches, profiles) is read. `downloads`: there is no copy of
    the provider on this machine, every `init` gets it from the registry.
    """

    binary: Path
    config: Path
    home: Path
    downloads: bool = False

    def run(
        self,
        *arguments: str,
        cwd: Path,
        environment: Mapping[str, str] | None = None,
        timeout: float = 300.0,
    ) -> Completed:
        """Run `terraform *arguments` in `cwd` for at most `timeout` seconds.

        `environment` is laid over the clean one and is where credentials and `AWS_ENDPOINT_URL`
        come from. Raises TerraformError when the time is over; a failing exit code is not an
        error here (see `Completed.check`).
        """
        return run_limited(
            [str(self.binary), *arguments],
            cwd=cwd,
            environment=self.environment(environment or {}),
            timeout=timeout,
        )

    def environment(self, extra: Mapping[str, str]) -> dict[str, str]:
        """The whole environment of a call: the clean one with `extra` laid over it."""
        return {
            **clean_environment(home=self.home),
            "CHECKPOINT_DISABLE": "1",
            **_GO,
            "TF_CLI_CONFIG_FILE": str(self.config),
            "TF_IN_AUTOMATION": "1",
            "TF_INPUT": "0",
            **extra,
        }


def clean_environment(*, home: Path, source: Mapping[str, str] | None = None) -> dict[str, str]:
    """An environment without the user's AWS and Terraform settings; nothing waits for IMDS in it.

    The environment lacks `AWS_CA_BUNDLE`, too: the provider refuses to start if that file is not
    there.
    """
    source = os.environ if source is None else source
    kept = {name: source[name] for name in _KEPT if name in source}
    kept.setdefault("PATH", os.defpath)
    for name in ("NO_PROXY", "no_proxy"):
        kept[name] = ",".join(filter(None, [kept.get(name, ""), "127.0.0.1,localhost"]))
    return {**kept, "HOME": str(home), "AWS_EC2_METADATA_DISABLED": "true"}


def find_terraform(source: Mapping[str, str] | None = None) -> Path:
    """The Terraform on PATH. Raises TerraformError if there is none or it is too old."""
    source = os.environ if source is None else source
    wanted = ".".join(map(str, MINIMUM_VERSION))
    found = shutil.which("terraform", path=source.get("PATH", os.defpath))
    if found is None:
        raise TerraformError(
            f"Terraform {wanted} or newer is needed and is not on PATH: "
            "get it from https://developer.hashicorp.com/terraform/install"
        )
    with tempfile.TemporaryDirectory() as home:
        answer = run_limited(
            [found, "version", "-json"],
            cwd=Path(home),
            environment={**clean_environment(home=Path(home)), "CHECKPOINT_DISABLE": "1"},
            timeout=60,
        )
    try:
        version = str(json.loads(answer.stdout)["terraform_version"])
    except (ValueError, KeyError):
        raise TerraformError(f"{found} does not answer `version -json`: is it Terraform?") from None
    if _numbers(version) < MINIMUM_VERSION:
        raise TerraformError(
            f"Terraform {wanted} or newer is needed and {found} is {version}: "
            "get it from https://developer.hashicorp.com/terraform/install"
        )
    return Path(found)


def find_mirror(source: Mapping[str, str] | None = None, root: Path = Path("/")) -> Path | None:
    """The folder that holds `registry.terraform.io` with an AWS provider that fits, or None.

    Raises TerraformError if `TF_PLUGIN_MIRROR` is set and holds none: the user asked for
    that folder by name.
    """
    source = os.environ if source is None else source
    if named := source.get("TF_PLUGIN_MIRROR"):
        if not provider_versions(Path(named)):
            raise TerraformError(
                f"TF_PLUGIN_MIRROR={named} holds no {PROVIDER} from {_dotted(PROVIDER_MINIMUM)} "
                f"to below {_dotted(PROVIDER_BELOW)} for {system()}: correct it or unset it"
            )
        return Path(named).absolute()
    for folder in (*_implied_mirrors(source), *_image_mirrors(root)):
        if provider_versions(folder):
            return folder
    return None


def provider_versions(mirror: Path) -> list[str]:
    """The AWS provider's versions in `mirror` that fit this project and system, newest last.

    Both layouts count: unpacked (`VERSION/OS_ARCH/`) and packed (`..._VERSION_OS_ARCH.zip`).
    https://developer.hashicorp.com/terraform/cli/commands/providers/mirror
    """
    here = mirror / PROVIDER
    found = set()
    with contextlib.suppress(OSError):
        for entry in here.iterdir():
            packed = re.fullmatch(rf"terraform-provider-aws_(.+)_{system()}\.zip", entry.name)
            if packed:
                found.add(packed[1])
            elif (entry / system()).is_dir():
                found.add(entry.name)
    fitting = [v for v in found if PROVIDER_MINIMUM <= _numbers(v) < PROVIDER_BELOW]
    return sorted(fitting, key=_numbers)


def provider_binary(mirror: Path) -> Path | None:
    """The newest unpacked provider binary in `mirror` (also a `.terraform/providers`), or None."""
    for version in reversed(provider_versions(mirror)):
        folder = mirror / PROVIDER / version / system()
        for path in sorted(folder.glob("terraform-provider-aws*")):
            if path.is_file() and os.access(path, os.X_OK):
                return path
    return None


def config_text(mirror: Path | None) -> str:
    """The CLI configuration that takes the AWS provider from `mirror` and all else as usual."""
    if mirror is None:
        return "disable_checkpoint = true\n"
    return (
        "disable_checkpoint = true\n"
        "provider_installation {\n"
        "  filesystem_mirror {\n"
        f"    path    = {json.dumps(str(mirror))}\n"
        f'    include = ["{PROVIDER}"]\n'
        "  }\n"
        f'  direct {{\n    exclude = ["{PROVIDER}"]\n  }}\n'
        "}\n"
    )


def prepare(folder: Path, source: Mapping[str, str] | None = None) -> Terraform:
    """Find Terraform and its providers and write the CLI configuration and HOME into `folder`.

    Raises TerraformError with one line that says what to do.
    """
    source = os.environ if source is None else source
    binary = find_terraform(source)
    folder = folder.absolute()
    home = folder / "home"
    home.mkdir(parents=True, exist_ok=True)
    if not source.get("TF_PLUGIN_MIRROR") and (given := _given_config(source)):
        return Terraform(binary=binary, config=given, home=home)
    mirror = find_mirror(source)
    config = folder / "terraform.rc"
    config.write_text(config_text(mirror), encoding="utf-8")
    return Terraform(binary=binary, config=config, home=home, downloads=mirror is None)


def own_config(folder: Path, kept: Path, source: Mapping[str, str] | None = None) -> Path | None:
    """The CLI configuration for a Terraform that a person calls, written into `folder`.

    It leads to the provider's copy on this machine: a mirror, or what `keep_providers` has put into
    `kept`. None where there is none, or where the person has a configuration of his own. Raises
    TerraformError as `find_mirror` does.
    """
    source = os.environ if source is None else source
    if _given_config(source) or _text(Path(source.get("HOME", ""), ".terraformrc")):
        return None
    mirror = find_mirror(source) or (kept.absolute() if provider_versions(kept) else None)
    if mirror is None:
        return None
    config = folder / "terraform.rc"
    config.write_text(config_text(mirror), encoding="utf-8")
    return config


def keep_providers(terraform: Terraform, folder: Path, timeout: float = 900.0) -> Terraform:
    """Download the provider once into `folder` and return a Terraform that takes it from there.

    A download is some 150 MB, and every `terraform init` would repeat it. Where a mirror or a
    configuration of the user's own serves the provider, `terraform` is returned as it is.
    Raises TerraformError with Terraform's own words if the download fails.
    """
    if not terraform.downloads:
        return terraform
    if not provider_versions(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".providers-") as name:
            work = Path(name)
            (work / "main.tf").write_text(
                "terraform {\n  required_providers {\n    aws = {\n"
                '      source  = "hashicorp/aws"\n'
                f'      version = ">= {_dotted(PROVIDER_MINIMUM)}, < {_dotted(PROVIDER_BELOW)}"\n'
                "    }\n  }\n}\n",
                encoding="utf-8",
            )
            terraform.run("init", "-no-color", cwd=work, timeout=timeout).check()
            with contextlib.suppress(OSError):  # another process was quicker: its copy serves
                (work / ".terraform" / "providers").rename(folder)
    terraform.config.write_text(config_text(folder.absolute()), encoding="utf-8")
    return replace(terraform, downloads=False)


def run_limited(
    command: Sequence[str],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    timeout: float,
) -> Completed:
    """Runs `command` without a terminal; after `timeout` seconds ends it and all that it started.

    Terraform starts providers, which would outlive it if only Terraform were killed. SIGINT comes
    first, on Ctrl-C too, so that Terraform saves its state. Raises TerraformError on a time-out;
    KeyboardInterrupt passes through.
    """
    words = (Path(command[0]).name, *command[1:])
    # Files, since whatever is left running would hold a pipe open and keep its reader waiting.
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(
            list(command),
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        over = False
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            over = True
        finally:
            _stop(process)
        stdout, stderr = _printed(out), _printed(err)
    if over:
        raise TerraformError(
            f"{' '.join(words)} was ended after {timeout:g} s. Its last words: "
            f"{(stderr.strip() or stdout.strip() or '(none)')[-1500:]}"
        )
    return Completed(tuple(words[1:]), process.returncode, stdout, stderr)


def system() -> str:
    """This machine as Terraform names it: `linux_amd64`, `darwin_arm64`..."""
    machine = platform.machine().lower()
    architecture = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
    return f"{platform.system().lower()}_{architecture.get(machine, machine)}"


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Asks a process to end if it still runs, then kills its process group."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_SECONDS)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _printed(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8", errors="replace")


def _given_config(source: Mapping[str, str]) -> Path | None:
    """The user's own CLI configuration, where it decides how providers are installed."""
    named = source.get("TF_CLI_CONFIG_FILE")
    if named:
        path = Path(named).absolute()
        return path if _text(path) is not None else None
    if home := source.get("HOME"):
        path = Path(home) / ".terraformrc"
        if "provider_installation" in (_text(path) or ""):
            return path
    return None


def _implied_mirrors(source: Mapping[str, str]) -> Iterator[Path]:
    # https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories
    if home := source.get("HOME"):
        yield Path(home) / ".terraform.d" / "plugins"
        yield Path(source.get("XDG_DATA_HOME") or Path(home) / ".local" / "share") / (
            "terraform/plugins"
        )
        yield Path(home) / "Library" / "Application Support" / "io.terraform" / "plugins"
    for folder in (source.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":"):
        if folder:
            yield Path(folder) / "terraform" / "plugins"


def _image_mirrors(root: Path) -> Iterator[Path]:
    """Folders one or two levels below `root` that hold a `registry.terraform.io`."""
    with contextlib.suppress(OSError):
        for top in sorted(root.iterdir()):
            if top.name in _SKIPPED_ROOTS or top.is_symlink():
                continue
            with contextlib.suppress(OSError):
                for folder in (top, *sorted(top.iterdir())):
                    if (folder / "registry.terraform.io").is_dir():
                        yield folder


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version.partition("-")[0])[:3])


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
