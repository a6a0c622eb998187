"""Every reaction's plan over odd events and real-shaped callers: it decides, or says malformed."""

from __future__ import annotations

import json
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pytest
import reactor.reactions
from hypothesis import given, settings
from reactor.actions import Action, Alert
from reactor.event import read_event
from reactor.reaction import MalformedEventError

from tests.unit.reactor.fuzz import odd
from tests.unit.reactor.world import (
    ALICE,
    AUTO_SCALING,
    AUTO_SCALING_AS_ROOT,
    BOB_BY_SSO,
    DEPLOYER,
    KARPENTER,
    ROOT,
    envelope,
    launch,
    record,
)

pytestmark = pytest.mark.unit


class Gone:
    """AWS where nothing of what an event names is there any more."""

    def read(self, service: str, operation: str, *_: object, **__: object) -> Any:
        shown = ("InstanceTypes", "Reservations", "SecurityGroupRules", "Volumes")
        empty: dict[str, list[Any]] = {kind: [] for kind in shown}
        return empty if service == "ec2" and not operation.endswith("groups") else None


# A call that makes the reaction look at all that it looks at; others get a call without a body.
CALLS: dict[str, dict[str, Any]] = {
    "bucket_baseline": record(
        eventName="CreateBucket",
        requestParameters={
            "bucketName": "b",
            "CreateBucketConfiguration": {"LocationConstraint": "EU"},
        },
    ),
    "ec2_launch_guard": launch(["i-0aaaaaaaaaaaaaaa1"], volumes={"i-1": ["vol-1"]}),
    "iam_role_guard": record(
        eventName="CreateRole", requestParameters={"roleName": "a", "path": "/"}
    ),
    "security_group_guard": record(
        eventName="AuthorizeSecurityGroupIngress",
        requestParameters={"groupId": "sg-1", "cidrIp": "0.0.0.0/0", "fromPort": 22},
        responseElements={
            "securityGroupRuleSet": {
                "items": [{"groupId": "sg-1", "securityGroupRuleId": "sgr-1", "fromPort": 22}]
            }
        },
    ),
    "trail_guard": record(eventName="DeleteTrail", requestParameters={"name": "main"}),
}


def some_call(module: Any) -> dict[str, Any]:
    """A record that the reaction is for."""
    for source, names in (module.handler.calls or {}).items():
        return record(eventSource=source, eventName=sorted(names)[0])
    return record()


REACTIONS: dict[str, tuple[Any, dict[str, Any]]] = {
    found.name: (module, CALLS.get(found.name) or some_call(module))
    for found in iter_modules(reactor.reactions.__path__)
    for module in (import_module(f"reactor.reactions.{found.name}"),)
}


def decided(module: Any, event: object) -> None:
    read = read_event(event)
    try:
        steps = module.plan(read, module.Settings(), Gone())
    except MalformedEventError:
        return
    for step in steps:
        assert isinstance(step, Action | Alert)
        json.dumps(step.parameters if isinstance(step, Action) else step.headline)


@pytest.mark.parametrize("name", REACTIONS)
def test_an_odd_event_is_decided_or_told_to_be_malformed(name: str) -> None:
    module, whole = REACTIONS[name]

    @settings(max_examples=80)
    @given(odd(envelope(whole)))
    def check(event: object) -> None:
        decided(module, event)

    check()


@pytest.mark.parametrize("name", REACTIONS)
def test_every_optional_field_may_be_missing(name: str) -> None:
    module, whole = REACTIONS[name]
    for field in whole:
        decided(module, envelope({key: value for key, value in whole.items() if key != field}))
    decided(module, envelope({}))
    decided(module, {})


@pytest.mark.parametrize("name", REACTIONS)
@pytest.mark.parametrize(
    "identity",
    [ALICE, ROOT, DEPLOYER, BOB_BY_SSO, AUTO_SCALING, AUTO_SCALING_AS_ROOT, KARPENTER, {}],
)
def test_any_caller_is_read(name: str, identity: dict[str, Any]) -> None:
    module, whole = REACTIONS[name]
    decided(module, envelope({**whole, "userIdentity": identity}))
