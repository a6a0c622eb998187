"""Run one command with the local AWS's environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from localaws.client.control import Control
from localaws.client.environment import environment, without_aws
from trailctl.errors import UsageError
from trailctl.terraform import TerraformError, own_config

_REPOSITORY = Path(__file__).resolve().parents[2]
_OWN_CLI = _REPOSITORY / ".venv-awscli" / "bin" / "aws"
# What `make setup` and the demo download where no mirror has it.
_OWN_PROVIDERS = _REPOSITORY / ".tools" / "providers"
# What makes the AWS CLI stay: a configuration that names a plugin, and where that is.
_AT_HOME = Path(__file__).with_name("aws_cli")


def run_command(argv: Sequence[str], port: int, account: str, region: str) -> int:
    """Runs the command and returns its exit code.

    Raises UsageError if there is no command or no such program, and what `Control` raises: the
    command does not start without the local AWS.
    """
    if not argv:
        raise UsageError("give the command to run: trailctl local exec -- aws s3 ls")
    control = Control(port)
    variables = command_environment(os.environ, environment(port, account, region, control.token))
    if shutil.which(argv[0], path=variables["PATH"]) is None:
        raise UsageError(f"{argv[0]}: no such command")
    control.get("health", timeout=5.0)
    with tempfile.TemporaryDirectory(prefix="trailctl-exec-") as name:
        try:
            config = own_config(Path(name), _OWN_PROVIDERS)
        except TerraformError as error:
            raise UsageError(str(error)) from None
        if config is not None:
            variables["TF_CLI_CONFIG_FILE"] = str(config)
        done = subprocess.run(argv, env=variables, check=False)
    return done.returncode if done.returncode >= 0 else 128 - done.returncode


def command_environment(base: Mapping[str, str], aws: Mapping[str, str]) -> dict[str, str]:
    """The environment of a command: the caller's with nothing in it that leads elsewhere.

    The AWS CLI of `make setup` is on its PATH, behind what the caller has.
    """
    found = {**without_aws(base), **aws, "AWS_CONFIG_FILE": str(_AT_HOME / "config")}
    found["PYTHONPATH"] = os.pathsep.join(filter(None, [str(_AT_HOME), base.get("PYTHONPATH")]))
    found.setdefault("PATH", os.defpath)
    if _OWN_CLI.exists():
        found["PATH"] += os.pathsep + str(_REPOSITORY / "scripts" / "path")
    return found
