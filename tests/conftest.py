"""Fixtures for every test: a local AWS, quick plans, applies side by side.

def test_x(tf):          tf.plan(SOURCE, {...}).resources, tf.plan_error(SOURCE, {...})
def test_y(apply):       apply("examples/x").outputs, .changes(), .client("sqs"), .destroy()
def test_z(local_aws):   local_aws.client("sqs"), local_aws.environment(account, region)
"""

from __future__ import annotations

import gc
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis.database import DirectoryBasedExampleDatabase

from tests.harness import applies, changed, plans
from tests.harness import local_aws as local
from trailctl import terraform as runner

_KINDS = ("unit", "plan", "e2e")
# Parts of the names of the groups that take longest, the longest first.
_LONGEST = ("forwarding", "estates", "nothing_missed", "event_rules", "module_sources",
            "digest_val", "reaction-", "reactions/test_detections", "launch_monitor", "log_keeping",
            "log_query", "member-role", "e2e/test_targets", "misuses", "own-local-aws", "checkov",
            "test_iam.py", "recorder", "upgrade/", "compliance", "test_crashes",
            "harness_plans")  # fmt: skip
# How many groups that compute are begun after one that waits.
_BESIDE = 6
_APPLIERS: list[applies.Applier] = []

# A machine under load is slow at everything: no property is wrong for that.
hypothesis_settings.register_profile(
    "any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("any-machine")
# `make fuzz`: for long, and what it finds stays out of the way of `make test`.
hypothesis_settings.register_profile(
    "fuzz",
    hypothesis_settings.get_profile("any-machine"),
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "20000")),
    database=DirectoryBasedExampleDatabase(local.REPOSITORY / ".fuzz"),
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer `--changed` for `make quick`, and `--seed` for runs that can be repeated."""
    parser.addoption("--seed", type=int, help="what the module random begins every test with")
    parser.addoption(
        "--changed",
        metavar="COMMIT",
        help="of the unit tests and plans, those about what differs from a commit",
    )


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say how to repeat this run."""
    seed = config.getoption("seed")
    return None if seed is None else f"seed: {seed} (make test SEED={seed} repeats this run)"


def pytest_configure() -> None:
    """Take the user's settings out of every test's reach: a profile, a key, a terminal's width."""
    # A shell ignores it for what it starts in the background, and so would all that a test starts.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.pop("COLUMNS", None)  # which xdist sets for its workers
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    # moto makes 1,296 images, and a snapshot of each, whenever a test begins and ends.
    os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        os.environ[name] = os.devnull


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Leave what is collected out of every search for garbage, and search less often.

    Ten thousand tests and the models of AWS's services stay until the end. To look through them
    over and over took a fifth of a plain test's time.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)
        gc.enable()


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes go by their argument's name: every worker must collect the same, gzip has a clock."""
    return argname if isinstance(val, bytes) else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse a test without a kind, which no `make` target would run; group and order the others.

    A module's tests run in one worker, and so do modules that name one `xdist_group`: what they
    apply and plan, they share.
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
    if base := config.getoption("changed"):
        _keep_quick(config, items, base)
    groups: dict[str, list[pytest.Item]] = {}
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))
        groups.setdefault(_group(item), []).append(item)
    items[:] = [item for name in _ordered(groups) for item in groups[name]]


def _keep_quick(config: pytest.Config, items: list[pytest.Item], base: str) -> None:
    different = changed.changed_files(local.REPOSITORY, base)
    sources = {
        path.relative_to(local.REPOSITORY).as_posix(): path.read_text(encoding="utf-8")
        for folder in ("lambda_src/reactor", "localaws", "tests", "trailctl")
        for path in (local.REPOSITORY / folder).rglob("*.py")
    }
    places = {item.nodeid.partition("::")[0] for item in items if item.get_closest_marker("plan")}
    run = changed.about(different, {place: sources[place] for place in places})
    run |= {place for place in changed.reached(different, sources) if place not in places}
    run |= {place for place in sources if place.startswith("tests/unit/test_house")}

    def wanted(item: pytest.Item) -> bool:
        place = item.nodeid.partition("::")[0]
        return place in run and item.get_closest_marker("e2e") is None

    config.hook.pytest_deselected(items=[item for item in items if not wanted(item)])
    items[:] = filter(wanted, items)


def _group(item: pytest.Item) -> str:
    marker = item.get_closest_marker("xdist_group")
    assert marker is not None
    return str(marker.args[0])


def _ordered(groups: Mapping[str, list[pytest.Item]]) -> list[str]:
    """Applies wait for the provider most of the time, the rest computes: both are always under way.

    The longest come first, since the run is as long as whatever is begun last.
    """

    def applies_something(name: str) -> bool:
        return any(
            item.get_closest_marker("e2e") and "terraform" in getattr(item, "fixturenames", ())
            for item in groups[name]
        )

    def length(name: str) -> int:
        return next((n for n, word in enumerate(_LONGEST) if word in name), len(_LONGEST))

    waiting = sorted(filter(applies_something, groups), key=length)
    computing = sorted(set(groups) - {*waiting}, key=lambda name: (length(name), name))
    ordered = []
    for number, name in enumerate(waiting):
        ordered += [name, *computing[number * _BESIDE : (number + 1) * _BESIDE]]
    return ordered + computing[len(waiting) * _BESIDE :]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(
    item: pytest.Item, nextitem: pytest.Item | None
) -> Generator[None, None, None]:
    """What a group has applied is destroyed while the next one runs."""
    yield
    if nextitem is not None and _group(nextitem) != _group(item):
        for applier in _APPLIERS:
            applier.retire()


@pytest.fixture(autouse=True)
def _seeded(request: pytest.FixtureRequest) -> None:
    seed = request.config.getoption("seed")
    if seed is not None:
        random.seed(f"{seed} {request.node.nodeid}")


@pytest.fixture
def sleeping(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[float], None]], None]:
    """Puts a function in place of `time.sleep`, but for threads that earlier tests left behind."""
    others = set(threading.enumerate()) - {threading.main_thread()}
    really = time.sleep

    def put(instead: Callable[[float], None]) -> None:
        def sleep(seconds: float) -> None:
            (really if threading.current_thread() in others else instead)(seconds)

        monkeypatch.setattr(time, "sleep", sleep)

    return put


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
    _APPLIERS.append(applier)
    yield applier
    _APPLIERS.remove(applier)
    applier.close()
