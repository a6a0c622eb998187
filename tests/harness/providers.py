"""A provider that is kept: it is started once and serves any number of Terraform calls.

Started with `-debug`, it prints what Terraform needs to find it (TF_REATTACH_PROVIDERS), which
halves the time of a plan. Its environment and its folder, from which relative paths lead, are fixed
when it starts. `schemas.py` stands before it, which halves the rest;
`WHOLE_SCHEMA=1 make test` does without.
https://developer.hashicorp.com/terraform/plugin/debugging#starting-a-provider-in-debug-mode
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.harness import schemas
from tests.harness.kept import kept, locked
from tests.harness.local_aws import REPOSITORY
from trailctl.terraform import Terraform, TerraformError, provider_binary

# As many calls run side by side as there are cores, or more: a second thread each only costs.
ONE_CORE = {"GOMAXPROCS": "1"}
# It writes every step of every call otherwise, 3 MB a plan.
_QUIET = {"TF_LOG_SDK": "WARN", "TF_LOG_PROVIDER_AWS": "WARN"}
_ALIAS = re.compile(r"^\s+alias\s*=", re.MULTILINE)
_types_used = cache(schemas.types_used)


def one_provider(texts: Iterable[str]) -> bool:
    """Whether a configuration has one provider: a kept one would take a second's Region for it."""
    return not any(_ALIAS.search(text) for text in texts)


@dataclass(frozen=True)
class Kept:
    """A kept provider: its TF_REATTACH_PROVIDERS with all schemas, and with those of `types`."""

    whole: str
    short: str
    types: frozenset[str]

    def environment(self, texts: Iterable[str]) -> dict[str, str]:
        """What Terraform needs to use it for a configuration; nothing if that can't be.

        What is not among the types gets all schemas: where one is missing, Terraform says that the
        provider has no such type.
        """
        texts = list(texts)
        if not one_provider(texts):
            return {}
        unknown = schemas.types_in(texts) - self.types
        return {"TF_REATTACH_PROVIDERS": self.whole if unknown else self.short}


@contextmanager
def kept_provider(
    terraform: Terraform, environment: Mapping[str, str], shared: Path, own: Path
) -> Iterator[Kept]:
    """A provider in an environment and in the folder `own`.

    `shared` is a folder of the session, in which the provider is looked for once.
    """
    provider = str(_provider(terraform, shared))
    with kept(
        own,
        "provider",
        ["sh", "-c", 'cd "$0" && exec "$@"', str(own), provider, "-debug"],
        environment=terraform.environment({**environment, **ONE_CORE, **_QUIET}),
        ready=_reattach,
    ) as facts:
        whole = facts["reattach"]
        [about] = json.loads(whole).values()
        if "WHOLE_SCHEMA" in os.environ or about["ProtocolVersion"] != schemas.PROTOCOL:
            yield Kept(whole, whole, frozenset())
            return
        types = _types_used(REPOSITORY)
        with schemas.passing(whole, types, shared, provider) as short:
            yield Kept(whole, short, types)


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
