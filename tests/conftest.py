"""Fixtures for every test: a local AWS, quick plans, applies side by side.

def test_x(tf):          tf.plan(SOURCE, {...}).resources, tf.plan_error(SOURCE, {...})
def test_y(apply):       apply("examples/x").outputs, .changes(), .client("sqs"), .destroy()
def test_z(local_aws):   local_aws.client("sqs"), local_aws.environment(account, region)
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness import applies, plans
from tests.harness import local_aws as local
from trailctl import terraform as runner

_KINDS = ("unit", "plan", "e2e")


def pytest_configure() -> None:
    """Take the user's AWS settings out of every test's reach: a profile, a key, a bundle."""
    # A shell ignores it for what it starts in the background, and so would all that a test starts.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        os.environ[name] = os.devnull


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes go by their argument's name: every worker must collect the same, gzip has a clock."""
    return argname if isinstance(val, bytes) else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse a test without a kind, which no `make` target would run; group and order the others.

    A module's tests run in one worker, and so do modules that name one `xdist_group`: what they
    apply and plan, they share. Applies come first, since they mostly wait while the rest computes.
    """
    bare = sorted(
        {
            item.nodeid.partition("::")[0]
            for item in items
            if not any(item.get_closest_marker(kind) for kind in _KINDS)
        }
    )
    if bare:
        raise pytest.UsageError(
            f"no pytestmark = pytest.mark.{'|'.join(_KINDS)} in: {', '.join(bare)}"
        )
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))
    items.sort(key=lambda item: item.get_closest_marker("e2e") is None)


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this run that all xdist workers see."""
    base = tmp_path_factory.getbasetemp()
    folder = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    (folder / "shared").mkdir(exist_ok=True)
    return folder / "shared"


@pytest.fixture(scope="session")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> runner.Terraform:
    """Terraform in a clean environment, with its providers from a mirror where there is one."""
    found = runner.prepare(tmp_path_factory.mktemp("terraform"))
    return runner.keep_providers(found, local.REPOSITORY / ".tools" / "providers")


@pytest.fixture(scope="session")
def local_aws(shared_folder: Path) -> Iterator[local.LocalAws]:
    """The run's one local AWS. It is shared: take an account of your own and unique names."""
    with local.running(shared_folder) as aws:
        yield aws


@pytest.fixture(scope="session")
def tf(
    terraform: runner.Terraform,
    local_aws: local.LocalAws,
    shared_folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[plans.Planner]:
    """Plans: `tf.plan(source, variables)` and `tf.plan_error(source, variables)`."""
    own = tmp_path_factory.mktemp("provider")
    with plans.planner(terraform, local_aws, shared_folder, own) as planner:
        yield planner


@pytest.fixture(scope="session")
def apply(
    terraform: runner.Terraform,
    local_aws: local.LocalAws,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[applies.Applier]:
    """Applies: `apply(source, variables)`, `apply.start(...)`, `apply.fresh(...)`."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    applier = applies.Applier(terraform, local_aws, tmp_path_factory.mktemp("stacks"), worker)
    yield applier
    applier.close()
