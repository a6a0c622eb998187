"""modules/detections: exclusions, and entries of one's own."""

from __future__ import annotations

import json
from typing import Any

import pytest
from reactor.detections.definition import read_definition
from reactor.detections.exclusions import Exclusion
from reactor.patterns import EventPattern
from reactor.testing import envelope

from tests.harness.plans import Plan, Planner
from tests.plan.calls import assert_refused, call, calls
from tests.unit.detections.own import FAULTY, OWN, changed, own_record
from tests.unit.sigma.test_meaning import imported, rule

pytestmark = pytest.mark.plan

ACCOUNT, OTHER, THIRD = "111122223333", "444455556666", "777788889999"
CI = f"arn:aws:iam::{ACCOUNT}:role/ci"
UNTIL = "2099-12-31"
WHERE = {
    "principals": [CI, "*:role/deploy-*"],
    "role_paths": ["/ci/"],
    "accounts": [ACCOUNT],
    "source_ip_ranges": ["203.0.113.0/24", "2001:DB8::/32"],
    "resources": ["arn:aws:s3:::site-*", f"arn:aws:iam::{ACCOUNT}:role/app"],
}
EXCLUSIONS = {
    "user-tagged": [{"where": WHERE, "reason": 'a "<reason>"', "until": "2096-02-29"}],
    "*": [
        {
            "where": {"organizational_units": ["ou-1", "ou-2"], "accounts": [ACCOUNT, THIRD]},
            "reason": "sandboxes",
            "until": UNTIL,
        },
        # A unit that has no account leaves nothing alone.
        {"where": {"organizational_units": ["ou-2"]}, "reason": "empty", "until": UNTIL},
    ],
}
UNITS = {"ou-1": [ACCOUNT, OTHER], "ou-2": []}
COUNTED = changed(
    id="tagged-often",
    failures="only",
    patterns={
        "main": {
            "source": [{"prefix": "aws."}],
            "detail": {"eventName": [{"prefix": "Tag"}], "errorCode": ["AccessDenied"]},
        },
        "some": {
            "source": ["aws.iam"],
            "detail": {"eventName": ["{{tag_calls}}"], "errorCode": [{"exists": True}]},
        },
    },
    placeholders={"tag_calls": {"description": "Calls.", "required": True, "example": ["TagUser"]}},
)
# As `trailctl detections import` writes it.
FROM_SIGMA = imported(
    rule(
        "selection and not other",
        selection={"eventSource": "s3.amazonaws.com", "userAgent|contains": "Browser"},
        other={"errorCode|exists": True},
    ),
    cased=True,
).entry


@pytest.fixture(scope="session")
def own(tf: Planner) -> Plan:
    settings = {
        "entries": [json.dumps(OWN), json.dumps(COUNTED), json.dumps(FROM_SIGMA)],
        "ids": ["user-tagged", "tagged-often", "root-login", FROM_SIGMA["id"]],
        "exclusions": EXCLUSIONS,
        "organizational_units": UNITS,
        "placeholders": {"tag_calls": ["TagRole", "TagUser"]},
    }
    low = {**settings, "min_severity": "medium"}
    return tf.plan(call("detections", settings, "own") + call("detections", low, "low"))


def shown(plan: Plan, label: str = "own") -> dict[str, Any]:
    found: dict[str, Any] = plan.json["output_changes"][label]["after"]
    return found


def definition(plan: Plan, key: str) -> Any:
    template = shown(plan)["rules"][key]["detection_input"]["input_template"]
    text = template.replace("<aws.events.event.json>", "null")
    return read_definition(json.loads(text)["detection"])


def test_own_entries_are_chosen_as_the_catalogues(own: Plan) -> None:
    ids = {"user-tagged", "tagged-often", "root-login", FROM_SIGMA["id"]}
    assert set(shown(own)["coverage"]) == ids
    assert set(shown(own, "low")["coverage"]) == {"root-login", FROM_SIGMA["id"]}
    rules = shown(own)["rules"]
    assert set(rules) == ids | {"tagged-often-some"}
    assert json.loads(rules[FROM_SIGMA["id"]]["pattern"]) == FROM_SIGMA["patterns"]["main"]
    pattern = EventPattern(rules["user-tagged"]["pattern"])
    assert pattern.matches(envelope(own_record()))
    some = json.loads(rules["tagged-often-some"]["pattern"])
    assert some["detail"]["eventName"] == ["TagRole", "TagUser"]
    assert shown(own)["coverage"]["user-tagged"]["attack"] == []
    assert "| `user-tagged` | low | A user was tagged |" in shown(own)["coverage_markdown"]


def test_exclusions_ride_with_their_detection(own: Plan) -> None:
    tagged = [Exclusion.parse(each) for each in definition(own, "user-tagged").exclusions]
    ours = [Exclusion.parse(each) for each in definition(own, "root-login").exclusions]
    assert len(tagged) == 2
    assert tagged[1:] == ours
    assert ours[0].accounts == (ACCOUNT,)
    first = tagged[0]
    assert first.reason == 'a "<reason>"'
    assert sorted(first.principals) == sorted(WHERE["principals"])
    assert sorted(map(str, first.source_ip_ranges)) == ["2001:db8::/32", "203.0.113.0/24"]
    assert definition(own, "tagged-often-some").failures is True


def exclusion(**changes: Any) -> dict[str, Any]:
    return {"where": {"accounts": [ACCOUNT]}, "reason": "x", "until": UNTIL, **changes}


REFUSED: dict[str, list[dict[str, Any]]] = {
    "Each of exclusions must have a where with some of accounts,": [
        {"where": {}},
        {"where": {"acounts": [ACCOUNT]}},
        {"where": {"accounts": []}},
    ],
    "Each of exclusions must have a reason": [{"reason": " "}],
    "Each of exclusions must have the last day": [
        {"until": "2026-02-30"},
        {"until": "31.12.2026"},
    ],
    "accounts of exclusions must be ids of twelve digits": [{"where": {"accounts": ["12"]}}],
    "principals of exclusions must be ARNs of users and roles": [
        {"where": {"principals": ["*"]}},
        {"where": {"principals": ["*a*"]}},
        {"where": {"principals": ["arn:aws-cn:iam::*:role/*"]}},
        {"where": {"principals": [f"arn:aws:iam::{ACCOUNT}:*"]}},
        {"where": {"principals": ["bob"]}},
    ],
    "role_paths of exclusions must be paths": [{"where": {"role_paths": ["/"]}}],
    "source_ip_ranges of exclusions must be the networks' own CIDR blocks": [
        {"where": {"source_ip_ranges": ["0.0.0.0/1"]}},
        {"where": {"source_ip_ranges": ["::/0"]}},
        {"where": {"source_ip_ranges": ["203.0.113.7"]}},
        {"where": {"source_ip_ranges": ["203.0.113.7/24"]}},
    ],
    "resources of exclusions must be ARNs": [
        {"where": {"resources": ["arn:aws:s3:::*"]}},
        {"where": {"resources": ["arn:aws:kms:*:*:key/*"]}},
        {"where": {"resources": ["site"]}},
    ],
}


def test_exclusions_that_are_refused(tf: Planner) -> None:
    """Each call has one of each kind, so that a sentence comes as often as there are cases."""
    rounds = [
        [exclusion(**cases[number]) for cases in REFUSED.values() if number < len(cases)]
        for number in range(max(map(len, REFUSED.values())))
    ]
    called: list[dict[str, Any]] = [{"exclusions": {"root-login": each}} for each in rounds]
    called.append({"organizational_units": {"ou-1": ["12"]}})
    errors = tf.plan_error(calls("detections", [{"ids": ["root-login"], **c} for c in called]))
    assert errors.count("organizational_units must map units to ids of accounts") == 1
    assert {told: errors.count(told) for told in REFUSED} == {
        told: len(cases) for told, cases in REFUSED.items()
    }
    assert len(errors.splitlines()) == sum(map(len, REFUSED.values())) + 1


def test_exclusions_that_do_not_fit_the_rest(tf: Planner) -> None:
    unit = exclusion(where={"organizational_units": ["ou-9"]})
    assert_refused(
        tf,
        "detections",
        [
            ({"exclusions": {"a-b": []}}, "exclusions names what is not in the catalogue: a-b"),
            (
                {"exclusions": {"*": [exclusion()]}, "decided_by": "pattern"},
                "exclusions need a function, and with decided_by",
            ),
            ({"exclusions": {"*": [unit]}}, "organizational_units of exclusions must be keys of"),
        ],
    )


def test_own_entries_that_break_a_rule(tf: Planner) -> None:
    """One call tells the first fault of each; two more have two entries of one name."""
    texts = [e if isinstance(e, str) else json.dumps(e) for e, _, _ in FAULTY.values()]
    part = changed(id="user", patterns={"tagged": OWN["patterns"]["main"]})
    same = [[json.dumps(OWN), json.dumps(other)] for other in (OWN, part)]
    called = [{"entries": each, "ids": ["root-login"]} for each in (texts, *same)]
    errors = tf.plan_error(calls("detections", called)).splitlines()
    told = max(errors, key=len).split("; ")
    wrong = [case for case, line in zip(FAULTY, told, strict=True) if FAULTY[case][1] not in line]
    assert wrong == [], told
    taken = "has the name of another detection or of its rule: take another id"
    assert [line.count(taken) for line in sorted(errors, key=len)[:2]] == [2, 2]
    assert len(errors) == 3
