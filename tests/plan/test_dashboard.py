"""Plans of the dashboard: the exact body, what becomes of each kind of module, every refusal."""

from __future__ import annotations

import ast
import importlib
import json
import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

import pytest
from reactor.actions import SEVERITIES
from reactor.telemetry import Telemetry

from localaws.cloudwatch.dashboards import faults
from tests.harness.local_aws import ACCOUNT, REGION, REPOSITORY
from tests.harness.plans import Planner
from tests.plan.calls import Called, assert_refused, call, calls

pytestmark = pytest.mark.plan

WORST_FIRST = tuple(reversed(SEVERITIES))
SHOWN = ("alarms", "functions", "queues")
_SERVICE = {"alarms": "cloudwatch", "functions": "lambda", "queues": "sqs"}
_KIND = {"alarms": "alarm:", "functions": "function:", "queues": ""}


def operations(region: str = REGION, **named: Mapping[str, str]) -> dict[str, Any]:
    """A module's output of that name, with { purpose: name } for each kind of resource."""
    return {
        kind: {
            purpose: {
                "arn": f"arn:aws:{_SERVICE[kind]}:{region}:{ACCOUNT}:{_KIND[kind]}{name}",
                "name": name,
            }
            for purpose, name in named.get(kind, {}).items()
        }
        for kind in SHOWN
    }


GUARD = operations(
    alarms={"errors": "guard-errors", "failure-queue": "guard-failure-queue"},
    functions={"reaction": "guard"},
    queues={"failures": "guard-failures"},
)
FAR = operations("us-west-2", functions={"reaction": "far"}, queues={"failures": "far-failures"})
PROOF = operations(
    functions={"validation": "proof"}, queues={"failures": "proof-failures", "work": "proof-work"}
)
MISSED = operations(functions={"reconciliation": "missed"})
RULES = operations(
    queues={"canary-home": "acme-canary-home", "dead-letters": "acme-dead-letters"},
)
TOPIC = operations(queues={"undelivered": "alerts-undelivered"})
ALL = {"a": GUARD, "b": FAR, "c": PROOF, "d": MISSED, "e": RULES, "f": TOPIC, "again": GUARD}


def body_of_all(tf: Planner) -> dict[str, Any]:
    plan = tf.plan(call("dashboard", {"name": "acme", "operations": ALL}))
    found: dict[str, Any] = json.loads(plan.one("aws_cloudwatch_dashboard")["dashboard_body"])
    return found


def line(name: str, metric: str, stat: str, label: str = "", region: str = REGION) -> list[Any]:
    told = {"label": name + label, "region": region, "stat": stat}
    return ["CloudTrailReactor", metric, "service", name, told]


def depth(name: str, metric: str, region: str = REGION) -> list[Any]:
    return ["AWS/SQS", metric, "QueueName", name, {**line(name, "", "Maximum", "", region)[-1]}]


def hidden(id_: str, name: str, metric: str, region: str = REGION) -> list[Any]:
    told = {"id": id_, "region": region, "stat": "Sum", "visible": False}
    return ["CloudTrailReactor", metric, "service", name, told]


def test_the_whole_body(tf: Planner) -> None:
    body = body_of_all(tf)
    assert sorted(body) == ["start", "widgets"]
    assert body["start"] == "-PT24H"
    shown = [
        (w["type"], w["x"], w["y"], w["width"], w["height"], w["properties"].get("title"))
        for w in body["widgets"]
    ]
    assert shown == [
        ("text", 0, 0, 24, 2, None),
        ("alarm", 0, 2, 24, 3, "Alarms"),
        ("text", 0, 5, 24, 1, None),
        ("metric", 0, 6, 6, 6, "Actions planned"),
        ("metric", 6, 6, 6, 6, "Actions taken"),
        ("metric", 12, 6, 6, 6, "Actions held back by a budget"),
        ("metric", 18, 6, 6, 6, "Actions failed or refused"),
        ("metric", 0, 12, 12, 6, "Time from a call to the action on it"),
        ("metric", 12, 12, 12, 6, "Detections by severity, all reactions"),
        ("text", 0, 18, 24, 1, None),
        ("metric", 0, 19, 12, 6, "Messages that wait"),
        ("metric", 12, 19, 12, 6, "Age of the oldest message"),
        ("text", 0, 25, 24, 1, None),
        ("metric", 0, 26, 8, 6, "Hours of log proven, all places"),
        ("metric", 8, 26, 8, 6, "Minutes without a proof, worst place"),
        ("metric", 16, 26, 8, 6, "Findings about log and digest files"),
        ("text", 0, 32, 24, 1, None),
        ("metric", 0, 33, 6, 6, "Events that rules saw"),
        ("metric", 6, 33, 6, 6, "Events that came late"),
        ("metric", 12, 33, 6, 6, "Events that rules missed"),
        ("metric", 18, 33, 6, 6, "Minutes behind the log, worst place"),
    ]
    texts = [w["properties"]["markdown"] for w in body["widgets"] if w["type"] == "text"]
    assert texts[0].startswith("# acme\nMade by Terraform")
    assert "docs/runbook.md" in texts[0]
    assert texts[1:] == [
        "## Reactions",
        "## Failure queues",
        "## Digest validation",
        "## Reconciliation",
    ]
    assert body["widgets"][1]["properties"]["alarms"] == [
        each["arn"] for each in GUARD["alarms"].values()
    ]
    charts = {
        w["properties"]["title"]: w["properties"] for w in body["widgets"] if w["type"] == "metric"
    }
    far = {"region": "us-west-2"}
    both = [("guard", {}), ("far", far)]
    queues = [
        ("guard-failures", {}),
        ("far-failures", far),
        ("proof-failures", {}),
        ("acme-dead-letters", {}),
        ("alerts-undelivered", {}),
    ]

    def reactions(metric: str) -> list[Any]:
        return [line(name, metric, "Sum", **where) for name, where in both]

    sums = [
        [
            {
                "color": color,
                "expression": f"SUM([m{s}x0,m{s}x1])",
                "id": f"e{s}",
                "label": severity,
            }
        ]
        for s, (severity, color) in enumerate(
            zip(WORST_FIRST, ("#7d2105", "#d13212", "#ff9900", "#1f77b4", "#879596"), strict=True)
        )
    ]
    assert {title: chart["metrics"] for title, chart in charts.items()} == {
        "Actions planned": reactions("ActionsPlanned"),
        "Actions taken": reactions("ActionsTaken"),
        "Actions held back by a budget": reactions("ActionsHeld"),
        "Actions failed or refused": [
            line(name, metric, "Sum", label, **where)
            for label, metric in ((" failed", "ActionsFailed"), (" refused", "ActionsRefused"))
            for name, where in both
        ],
        "Time from a call to the action on it": [
            line(name, "ReactionLatency", stat, f" {stat}", **where)
            for stat in ("p50", "p99")
            for name, where in both
        ],
        "Detections by severity, all reactions": [
            *(
                hidden(f"m{s}x{o}", name, f"Detections{severity.capitalize()}", **where)
                for s, severity in enumerate(WORST_FIRST)
                for o, (name, where) in enumerate(both)
            ),
            *sums,
        ],
        "Messages that wait": [
            depth(name, "ApproximateNumberOfMessagesVisible", **where) for name, where in queues
        ],
        "Age of the oldest message": [
            depth(name, "ApproximateAgeOfOldestMessage", **where) for name, where in queues
        ],
        "Hours of log proven, all places": [
            hidden("m0x0", "proof", "ProvenMinutes"),
            [{"expression": "SUM([m0x0])/60", "id": "e0", "label": "hours"}],
        ],
        "Minutes without a proof, worst place": [line("proof", "ProofAgeMinutes", "Maximum")],
        "Findings about log and digest files": [line("proof", "Findings", "Sum")],
        "Events that rules saw": [line("missed", "EventsSeen", "Sum")],
        "Events that came late": [line("missed", "EventsLate", "Sum")],
        "Events that rules missed": [line("missed", "EventsMissed", "Sum")],
        "Minutes behind the log, worst place": [line("missed", "BehindMinutes", "Maximum")],
    }
    for title, chart in charts.items():
        hourly = "log" in title or title.startswith(("Events", "Minutes"))
        assert {key: value for key, value in chart.items() if key not in ("metrics", "title")} == {
            "period": 3600 if hourly else 300,
            "region": REGION,
            "stacked": "severity" in title,
            "view": "timeSeries",
            "yAxis": {"left": {"min": 0}},
        }


def test_widgets_lie_beside_each_other_in_24_columns(tf: Planner) -> None:
    body = body_of_all(tf)
    assert list(faults(json.dumps(body))) == []
    widgets = body["widgets"]
    assert all(w["x"] + w["width"] <= 24 for w in widgets)
    for one, other in combinations(widgets, 2):
        beside = one["x"] + one["width"] <= other["x"] or other["x"] + other["width"] <= one["x"]
        under = one["y"] + one["height"] <= other["y"] or other["y"] + other["height"] <= one["y"]
        assert beside or under, (one, other)
    # A letter of a title has 8 pixels, of the 1,400 that the columns share.
    assert all(len(w["properties"].get("title", "")) * 8 < w["width"] * 1400 / 24 for w in widgets)
    # No row of the grid is left empty.
    rows = {row for w in widgets for row in range(w["y"], w["y"] + w["height"])}
    assert rows == set(range(max(rows) + 1))


# ---- what is drawn is written

# Where a function of a kind counts what it does.
COUNTING = {
    "reaction": (
        "reactor.executor",
        "reactor.findings.report",
        "reactor.kill_switch",
        "reactor.messenger",
        "reactor.reaction",
    ),
    "reconciliation": ("reactor.reconcile.scheduled",),
    "validation": ("reactor.digest.reporter", "reactor.digest.scheduled"),
}


def written(module: str) -> Iterator[str]:
    """The names of the metrics that a file of the Lambda code counts or measures."""
    path = REPOSITORY / "lambda_src" / f"{module.replace('.', '/')}.py"
    table = set(getattr(importlib.import_module(module), "_METRICS", {}).values())
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(
                func=ast.Attribute(attr="count") | ast.Name(id="count"), args=[first, *_]
            ):
                match first:
                    case ast.Constant(value=str(name)):
                        yield name
                    case ast.JoinedStr(values=[ast.Constant(value=str(name)), value]):
                        assert "severity" in ast.unparse(value)
                        yield from (name + severity.capitalize() for severity in SEVERITIES)
                    case ast.Subscript(value=ast.Name(id="_METRICS")) | ast.Name(id="metric"):
                        yield from table
            case ast.Assign(
                targets=[
                    ast.Subscript(value=ast.Name(id="latency"), slice=ast.Constant(value=str(name)))
                ]
            ):
                yield name


def drawn(body: dict[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """Namespace, metric, dimension and its value of each line."""
    for widget in body["widgets"]:
        for metric in widget["properties"].get("metrics", ()):
            if "expression" not in metric[0]:
                namespace, name, dimension, value, _ = metric
                yield namespace, name, dimension, value


def test_every_metric_that_is_drawn_is_written(
    tf: Planner, capsys: pytest.CaptureFixture[str]
) -> None:
    telemetry = Telemetry("proof", {})
    telemetry.count("Anything")
    telemetry.flush()
    emitted = json.loads(capsys.readouterr().out.splitlines()[-1])
    (definition,) = emitted["_aws"]["CloudWatchMetrics"]
    ((dimension,),) = definition["Dimensions"]
    assert emitted[dimension] == "proof"
    kinds = {"guard": "reaction", "far": "reaction", "proof": "validation"}
    sqs = json.loads((REPOSITORY / "tests/judges/data/sqs_metrics.json").read_text("utf-8"))
    shown = list(drawn(body_of_all(tf)))
    own = [each for each in shown if each[0] == definition["Namespace"]]
    for _, name, by, function in own:
        kind = kinds.get(function, "reconciliation")
        assert by == dimension
        assert name in {each for module in COUNTING[kind] for each in written(module)}, name
    of_queues = {each[:3] for each in shown} - {each[:3] for each in own}
    assert of_queues <= {(sqs["namespace"], name, *sqs["dimensions"]) for name in sqs["metrics"]}
    assert len(of_queues) == 2


def test_every_own_metric_that_an_alarm_watches_is_written() -> None:
    names = {each for modules in COUNTING.values() for m in modules for each in written(m)}
    watched = set()
    for path in (REPOSITORY / "modules").glob("*/*.tf"):
        for block in re.findall(
            r"\{[^{}]*\}", re.sub(r"\$\{[^}]*\}|\{ [^{}\n]* \}", "", path.read_text("utf-8"))
        ):
            if re.search(r'namespace\s+= "CloudTrailReactor"', block):
                watched |= set(re.findall(r'metric(?:_name)?\s+= "(\w+)"', block))
    assert watched >= {"BudgetSpent", "EventsMissed", "Findings", "ProofAgeMinutes"}
    assert watched <= names


def test_only_what_is_there_is_shown(tf: Planner) -> None:
    many = {f"a{number}": f"alarm-{number}" for number in range(101)}
    cases: list[dict[str, Any]] = [
        {"name": "a", "operations": {"topic": TOPIC}},
        {"name": "b", "operations": {"alarms": operations(alarms=many)}},
        {"name": "c", "operations": {"missed": MISSED}},
    ]
    plan = tf.plan(calls("dashboard", cases))
    found = []
    for number in range(len(cases)):
        made = Called(plan, f"case_{number}").one("aws_cloudwatch_dashboard")
        found.append(json.loads(made["dashboard_body"])["widgets"])
    assert [[(w["type"], w["y"], w["height"]) for w in widgets] for widgets in found] == [
        [("text", 0, 2), ("text", 2, 1), ("metric", 3, 6), ("metric", 3, 6)],
        [("text", 0, 2), ("alarm", 2, 12), ("alarm", 14, 3)],
        [("text", 0, 2), ("text", 2, 1), *[("metric", 3, 6)] * 4],
    ]
    assert [len(w["properties"]["alarms"]) for w in found[1][1:]] == [100, 1]


def test_refusals(tf: Planner) -> None:
    role = operations(functions={"reaction": "guard"})
    role["functions"]["reaction"]["arn"] = f"arn:aws:iam::{ACCOUNT}:role/guard"
    guards = {f"g{n}": operations(functions={"reaction": f"g{n}"}) for n in range(91)}
    good: dict[str, Any] = {"name": "acme", "operations": {"guard": GUARD}}
    assert_refused(
        tf,
        "dashboard",
        [
            (
                {**good, "name": "acme dashboard"},
                "name must be 1 to 255 letters, digits, hyphens and underscores",
            ),
            (
                {**good, "operations": {}},
                "operations is empty: give the output `operations` of at least one module",
            ),
            (
                {**good, "operations": {"location": {}}},
                "operations has an entry without alarms, functions and queues",
            ),
            (
                {**good, "operations": {"own": operations(functions={"mine": "own"})}},
                "operations.functions must have the keys reaction, reconciliation or validation",
            ),
            (
                {**good, "operations": {"role": role}},
                "operations has an arn that is none of an alarm, a function or a queue",
            ),
            (
                {**good, "operations": guards},
                "operations has more than 90 functions",
            ),
        ],
    )
