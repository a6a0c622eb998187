"""A provider that is kept: it is started once and serves any number of Terraform calls.

Started with `-debug`, it prints what Terraform needs to find it (TF_REATTACH_PROVIDERS), which
halves the time of a plan. Its environment and its folder, from which relative paths lead, are fixed
when it starts.
https://developer.hashicorp.com/terraform/plugin/debugging#starting-a-provider-in-debug-mode
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.harness.kept import kept, locked
from trailctl.terraform import Terraform, TerraformError, provider_binary

# As many calls run side by side as there are cores, or more: a second thread each only costs.
ONE_CORE = {"GOMAXPROCS": "1"}
_ALIAS = re.compile(r"^\s+alias\s*=", re.MULTILINE)


def one_provider(texts: Iterable[str]) -> bool:
    """Whether a configuration has one provider: a kept one would take a second's Region for it."""
    return not any(_ALIAS.search(text) for text in texts)


@contextmanager
def kept_provider(
    terraform: Terraform, environment: Mapping[str, str], shared: Path, own: Path
) -> Iterator[str]:
    """A provider in an environment and in the folder `own`: its TF_REATTACH_PROVIDERS.

    `shared` is a folder of the session, in which the provider is looked for once.
    """
    with kept(
        own,
        "provider",
        ["sh", "-c", 'cd "$0" && exec "$@"', str(own), str(_provider(terraform, shared)), "-debug"],
        environment=terraform.environment({**environment, **ONE_CORE}),
        ready=_reattach,
    ) as facts:
        yield facts["reattach"]


def _provider(terraform: Terraform, shared: Path) -> Path:
    """The provider's binary: where `terraform init` takes it from or has put it."""
    folder = shared / "provider-init"
    with locked(shared / "provider-init.lock"):
        providers = folder / ".terraform" / "providers"
        if not providers.is_dir():
            folder.mkdir(exist_ok=True)
            (folder / "main.tf").write_text(
                "terraform {\n  required_providers {\n    aws = {\n"
                '      source  = "hashicorp/aws"\n      version = ">= 5.80, < 7"\n'
                "    }\n  }\n}\n",
                encoding="utf-8",
            )
            terraform.run("init", "-backend=false", "-no-color", cwd=folder, timeout=600).check()
    binary = provider_binary(providers)
    if binary is None:
        raise TerraformError(f"terraform init left no AWS provider in {providers}")
    return binary


def _reattach(printed: str) -> dict[str, str] | None:
    found = re.search(r"TF_REATTACH_PROVIDERS='(\{.*\})'", printed)
    return {"reattach": found[1]} if found else None
