"""What every reaction must do, and must not: once, of its own permissions, and not to everybody."""

from __future__ import annotations

import re

import pytest

from tests.e2e.reactions.cases import CASES, Case, group
from tests.e2e.reactions.world import World, anew

pytestmark = pytest.mark.e2e

each = pytest.mark.parametrize(
    "case", [pytest.param(case, marks=group(name)) for name, case in CASES.items()], ids=[*CASES]
)
# What no handler calls by itself: Lambda writes the log, sends the traces, fills the failure queue,
# SNS asks the caller's permissions on its key (which the local AWS does not), the ledger's entry is
# only deleted where an action failed, and schedules are made where a budget or a window holds back.
NOT_THE_HANDLERS = {
    "dynamodb:DeleteItem",
    "iam:PassRole",
    "kms:Decrypt",
    "kms:GenerateDataKey*",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "scheduler:CreateSchedule",
    "sqs:SendMessage",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}
# What a handler may in every mode, beside looking: remembering and telling.
HOUSEKEEPING = ("dynamodb:", "events:PutEvents", "kms:", "securityhub:", "sns:Publish")


def told(case: Case, world: World, resource: str) -> None:
    """One alert, of what was done."""
    ((subject, text),) = world.alerts()
    assert subject.startswith(case.subject.format(resource))
    assert case.sentence.replace("{}", resource) in text.splitlines()[0]


@each
def test_it_acts_once_records_it_and_tells(case: Case, world: World) -> None:
    runs = world.runs()
    resource = case.provoke(world)
    world.settled()
    assert case.acted(world, resource) is bool(case.operations)
    told(case, world, resource)
    records = world.audited("taken")[-len(case.operations) :] if case.operations else []
    assert [record["operation"] for record in records] == [*case.operations]
    for record in records:
        assert record["actor"].endswith(":user/ana")
        assert record["event"]["name"] == case.call
        assert record["mode"] == "enforce"
        assert record["latency_ms"] >= 0
        assert record["undo"]["command"].startswith("aws ")
    # Its own calls are recorded and routed like any other: they start nothing.
    assert world.runs() == runs + 1

    # The same event ten times more, even after what was done has been taken back.
    event = world.event(case.call)
    with world.deaf():
        case.take_back(world, resource)
    for _ in range(10):
        answer = world.invoke(event)
        assert (answer["taken"], answer["alerts"], answer["failed"]) == (0, 0, 0)
    world.settled()
    assert case.acted(world, resource) is False
    assert world.alerts() == []


@each
def test_events_out_of_order_are_each_reacted_to_once(case: Case, world: World) -> None:
    with world.deaf():
        resources = [case.provoke(world) for _ in range(2)]
    later, earlier = (world.event(case.call, number) for number in (0, 1))
    assert later["id"] != earlier["id"]
    number = len(case.operations)
    first = world.invoke(later)
    second = world.invoke(earlier)
    assert (first["taken"], first["alerts"]) == (number, 1)
    assert (second["taken"], second["failed"]) == (number if case.late is None else case.late, 0)
    assert [world.invoke(each)["taken"] for each in (later, earlier, later)] == [0, 0, 0]
    for resource in resources:
        assert case.acted(world, resource) is bool(case.operations)


@each
def test_exempt_callers_and_resources_are_left_alone_and_logged(case: Case, world: World) -> None:
    before = len(world.logged(case.spared_by))
    resource = case.spare(world)
    world.settled()
    assert case.acted(world, resource) is False
    assert world.alerts() == []
    assert len(world.logged(case.spared_by)) > before


@each
def test_it_needs_each_of_its_permissions(case: Case, world: World) -> None:
    with world.deaf():
        resource = case.provoke(world)
        case.fill(world, resource)
        event = world.event(case.call)

        def run() -> dict[str, object]:
            case.worsen(world, resource)
            answer = world.invoke(anew(event))
            return {**answer, "event_id": "", "acted": case.acted(world, resource)}

        whole = run()
        assert "error" not in whole
        assert (whole["alerts"], whole["failed"]) == (1, 0)
        assert whole["acted"] is bool(case.operations)
        needless = set()
        for action in sorted(world.permissions() - NOT_THE_HANDLERS - case.unused):
            with world.without(action):
                if run() == whole:
                    needless.add(action)
        assert needless == set()
        assert run() == whole


@each
def test_without_its_permission_the_event_is_in_the_failure_queue(case: Case, world: World) -> None:
    with world.without(case.permission):
        resource = case.provoke(world)
        world.settled()
    assert case.acted(world, resource) is False
    failures = world.failures()
    assert [f["requestPayload"]["detail"]["eventName"] for f in failures] == [case.call]
    assert "AccessDenied" in str(failures[0]["responsePayload"]) or "not authorized" in str(
        failures[0]["responsePayload"]
    )


@each
def test_a_second_plan_is_empty(case: Case, world: World) -> None:
    assert world.stack.changes() == {}


@each
def test_in_dry_run_it_only_logs(case: Case, dry_world: World) -> None:
    assert all(
        re.match(r"\w+:(Get|List|Describe)", action) or action.startswith(HOUSEKEEPING)
        for action in dry_world.permissions() - NOT_THE_HANDLERS
    )
    resource = case.provoke(dry_world)
    dry_world.settled()
    assert case.acted(dry_world, resource) is False
    assert dry_world.alerts() == []
    number = len(case.operations)
    planned = dry_world.audited("planned")[-number:] if number else []
    assert [(each["operation"], each["mode"]) for each in planned] == [
        (operation, "dry_run") for operation in case.operations
    ]
    assert dry_world.logged("alert held back: dry_run")
