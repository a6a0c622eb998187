"""ministack's gaps about schedules and archives, shown on ministack alone.

A test that fails here is good news with work in it: an upgrade closed the gap, or moved what the
adapter switches off.
"""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localaws.client.environment import environment
from localaws.client.process import RunningAws
from tests.e2e.localaws.conftest import ACCOUNT, REGION
from tests.harness.local_aws import REPOSITORY
from trailctl.terraform import clean_environment

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("own-local-aws")]

BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
GHOST = f"arn:aws:iam::{ACCOUNT}:role/ghost"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:work"


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAws]:
    """ministack as the local AWS runs it, with nothing in front."""
    folder = tmp_path_factory.mktemp("ministack")
    script = REPOSITORY / "tests" / "e2e" / "strict" / "ministack_alone.py"
    paths = f"{REPOSITORY}:{REPOSITORY / 'lambda_src'}"
    process = subprocess.Popen(
        [sys.executable, "-u", str(script), str(folder)],
        env={**clean_environment(home=folder), "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        port = int(process.stdout.readline().split()[1])
        yield RunningAws(environment(port, ACCOUNT, REGION))
    finally:
        process.terminate()
        process.wait(15)
        process.stdout.close()


def schedule(aws: RunningAws, name: str, **more: Any) -> None:
    given: dict[str, Any] = {
        "Name": name,
        "ScheduleExpression": "rate(1 hour)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {"Arn": QUEUE, "RoleArn": GHOST},
    }
    aws.client("scheduler").create_schedule(**given | more)


def test_it_takes_schedules_that_aws_refuses(alone: RunningAws) -> None:
    schedule(alone, "ghost-role")
    schedule(alone, "no-expression", ScheduleExpression="every now and then")
    schedule(alone, "no-zone", ScheduleExpressionTimezone="Mars/Base")
    schedule(alone, "no-window", FlexibleTimeWindow={"Mode": "FLEXIBLE"})


def test_it_takes_rules_that_aws_refuses(alone: RunningAws) -> None:
    events = alone.client("events")
    events.create_event_bus(Name="mine")
    events.put_rule(Name="plural", ScheduleExpression="rate(1 minutes)")
    events.put_rule(Name="zero", ScheduleExpression="rate(0 minutes)")
    events.put_rule(Name="hour", ScheduleExpression="cron(0 24 * * ? *)")
    events.put_rule(Name="bus", EventBusName="mine", ScheduleExpression="rate(1 day)")
    events.put_rule(Name="nothing")


def test_it_lists_schedules_without_pages(alone: RunningAws) -> None:
    scheduler = alone.client("scheduler")
    for number in range(3):
        schedule(alone, f"listed-{number}")
    page = scheduler.list_schedules(MaxResults=1)
    assert len(page["Schedules"]) == 1
    assert "NextToken" not in page


def test_it_archives_buses_that_are_not_there(alone: RunningAws) -> None:
    missing = BUS.replace("default", "missing")
    assert alone.client("events").create_archive(ArchiveName="ghost", EventSourceArn=missing)


def test_its_replays_know_no_filter() -> None:
    """They go to every rule; archives keep what PutEvents brought and nothing else."""
    assert "FilterArns" not in Path(str(_origin("ministack.services.eventbridge"))).read_text()


def test_its_events_have_the_machine_s_time_whatever_was_asked_for() -> None:
    source = _function("ministack.services.eventbridge", "_put_events")
    assert 'entry.get("Time")' not in ast.unparse(source).replace("'", '"')


def test_what_the_adapter_switches_off_is_where_it_was() -> None:
    """Its own loops and archives would fire, deliver and keep everything a second time."""
    for module, names in {
        "ministack.services.eventbridge": ("start_scheduler", "_dispatch_event", "_archive_event"),
        "ministack.services.scheduler": ("start_scheduler",),
    }.items():
        for name in names:
            _function(module, name)
    app = Path(str(_origin("ministack.app"))).read_text()
    assert "_eb_mod.start_scheduler()" in app
    assert "_sched_mod.start_scheduler()" in app


def _origin(module: str) -> str | None:
    spec = importlib.util.find_spec(module)
    return spec.origin if spec else None


def _function(module: str, name: str) -> ast.AST:
    tree = ast.parse(Path(str(_origin(module))).read_text())
    found = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == name]
    assert len(found) == 1, f"{module} has no function {name} any more"
    return found[0]
