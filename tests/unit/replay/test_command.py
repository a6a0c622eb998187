"""`trailctl replay` and `trailctl test-event-pattern`, as they are called."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.harness.object_store import Object, ObjectStore, served
from tests.unit.detections import sequences
from tests.unit.replay.events import ACCOUNT, body, record, session, zipped
from trailctl.cli import main
from trailctl.replay.catalogue import load_catalogue
from trailctl.replay.progress import Progress

pytestmark = pytest.mark.unit

Run = Callable[..., "tuple[int, str, str]"]
STOP = {"source": ["aws.cloudtrail"], "detail": {"eventName": ["StopLogging"]}}


@pytest.fixture
def run(capsysbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Call trailctl; its exit code, and what it wrote to standard output and error."""

    def call(*arguments: object) -> tuple[int, str, str]:
        try:
            code = main([str(each) for each in arguments])
        except SystemExit as ending:  # argparse
            code = int(ending.code or 0)
        output = capsysbinary.readouterr()
        assert b"Traceback" not in output.err
        return code, output.out.decode(), output.err.decode()

    return call


@pytest.fixture
def pattern(tmp_path: Path) -> Path:
    path = tmp_path / "stopped.json"
    path.write_text(json.dumps(STOP))
    return path


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """A folder as a trail's bucket has it, with digests in it and one damaged file."""
    folder = tmp_path / "logs"
    place = folder / f"AWSLogs/{ACCOUNT}/CloudTrail/eu-west-1/2026/03"
    zipped(
        place / "02/a.json.gz",
        record("cloudtrail", "StopLogging", "2026-03-02T08:00:00Z"),
        record("ec2", "DescribeInstances", "2026-03-02T09:00:00Z", readOnly=True),
        record("cloudtrail", "StopLogging", "2026-03-02T10:00:00Z", userIdentity=session("r", "1")),
    )
    zipped(
        place / "04/b.json.gz",
        record("cloudtrail", "StopLogging", "2026-03-04T10:00:00Z", userIdentity=session("r", "2")),
        record("signin", "ConsoleLogin", "2026-03-04T20:00:00Z"),
    )
    (place / "04/plain.json").write_bytes(body(record("iam", "CreateUser", "2026-03-05T08:00:00Z")))
    (place / "04/broken.json.gz").write_bytes(b"\x1f\x8b broken")
    digests = folder / f"AWSLogs/{ACCOUNT}/CloudTrail-Digest/eu-west-1"
    zipped(digests / f"{ACCOUNT}_CloudTrail-Digest_eu-west-1_t_x.json.gz")
    (folder / "notes.txt").write_text("not a log")
    return folder


def report(run: Run, *arguments: object) -> dict[str, Any]:
    code, out, err = run("replay", "--lenient", "--format", "json", *arguments)
    assert code == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


def rule(found: dict[str, Any], name: str) -> dict[str, Any]:
    one: dict[str, Any] = next(each for each in found["rules"] if each["name"] == name)
    return one


def test_json_counts_what_there_is(run: Run, logs: Path, pattern: Path) -> None:
    found = report(run, "--pattern", pattern, logs)
    assert (found["events"], found["files"]) == (6, 3)
    assert (found["from"], found["to"]) == ("2026-03-02T08:00:00Z", "2026-03-05T08:00:00Z")
    [skipped] = found["skipped"]
    assert skipped["file"].endswith("04/broken.json.gz")
    assert "gzip" in skipped["reason"]
    stopped = rule(found, "stopped")
    assert stopped["matches"] == 3
    assert stopped["first"] == "2026-03-02T08:00:00Z"
    assert stopped["last"] == "2026-03-04T10:00:00Z"
    assert stopped["per_day"] == {"2026-03-02": 2, "2026-03-04": 1}
    assert stopped["principals"] == [
        {"principal": f"arn:aws:sts::{ACCOUNT}:assumed-role/r", "matches": 2},
        {"principal": f"arn:aws:iam::{ACCOUNT}:user/alice", "matches": 1},
    ]
    assert stopped["alerts_a_day"] == 1.0
    assert [each["event"] for each in stopped["examples"]] == ["StopLogging"] * 3
    assert stopped["findings"] is None


def test_several_processes_count_the_same(run: Run, logs: Path) -> None:
    alone = report(run, "--catalogue", logs)
    assert report(run, "--catalogue", "--jobs", "2", logs) == alone
    assert rule(alone, "trail-tamper")["matches"] == 3
    assert "root-login" in alone["never_fired"]


@pytest.mark.parametrize("jobs", [1, 2])
def test_objects_of_s3_count_as_files_do(
    run: Run, logs: Path, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    alone = report(run, "--catalogue", logs)
    with served(ObjectStore()) as store:
        for path in sorted(logs.rglob("*.*")):
            store.store("logs", str(path.relative_to(logs)), Object(path.read_bytes()))
        for name, value in store.environment().items():
            monkeypatch.setenv(name, value)
        found = report(run, "--catalogue", "--jobs", jobs, "s3://logs/AWSLogs")
    assert alone["notes"].pop().endswith("logs/notes.txt")
    for each in (alone, found):
        [skipped] = each["skipped"]
        assert skipped.pop("file").endswith("04/broken.json.gz")
    assert found == alone


def test_a_path_given_twice_counts_once(run: Run, logs: Path, pattern: Path) -> None:
    again = next(logs.rglob("a.json.gz"))
    assert report(run, "--pattern", pattern, logs, again, logs / "..")["events"] == 6


def test_decisions_and_counts(run: Run, tmp_path: Path) -> None:
    denied = [
        record("s3", "ListBuckets", f"2026-03-02T08:{minute:02}:00Z", readOnly=True)
        | {"errorCode": "AccessDenied"}
        for minute in range(25)
    ]
    policy = {"trailName": "org", "eventSelectors": [{"includeManagementEvents": True}]}
    whole = record("cloudtrail", "PutEventSelectors", requestParameters=policy)
    less = {"trailName": "org", "eventSelectors": [{"includeManagementEvents": False}]}
    later = "2026-03-02T08:30:00Z"
    narrow = record("cloudtrail", "PutEventSelectors", later, requestParameters=less)
    path = zipped(tmp_path / "x.json.gz", *denied, whole, narrow)
    found = report(run, "--id", "unauthorized-api", "--id", "trail-narrowed", path)
    assert [each["name"] for each in found["rules"]] == ["trail-narrowed", "unauthorized-api"]
    assert rule(found, "unauthorized-api")["matches"] == 25
    assert rule(found, "unauthorized-api")["alerts"] == 3
    narrowed = rule(found, "trail-narrowed")
    assert (narrowed["matches"], narrowed["findings"], narrowed["alerts"]) == (2, 1, 1)
    assert narrowed["reasons"] == [{"reason": "no management events are recorded", "findings": 1}]


@pytest.mark.parametrize(
    ("minutes", "alerts"),
    [
        ((0, 1, 2, 3), 0),
        ((0, 3, 6, 9, 12), 1),
        ((0, 5, 10, 15, 20), 0),
        ((12, 0, 9, 3, 6, 31, 32, 33, 34, 35), 2),
        ((0, 1, 2, 3, 4, 5, 6, 7, 8, 9), 1),
    ],
)
def test_the_number_of_alerts_that_a_burst_makes(
    run: Run, tmp_path: Path, minutes: tuple[int, ...], alerts: int
) -> None:
    sample = load_catalogue()["login-failures"].samples.match[0].event["detail"]
    records = [
        {**sample, "eventID": f"e-{n}", "eventTime": f"2026-03-02T08:{minute:02}:00Z"}
        for n, minute in enumerate(minutes)
    ]
    found = report(run, "--id", "login-failures", zipped(tmp_path / "x.json.gz", *records))
    (rule,) = [each for each in found["rules"] if each["matches"]]
    assert (rule["findings"], rule["alerts"]) == (len(minutes), alerts)


def test_at_80_columns_nothing_is_cut_and_no_number_is_lost(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    launched = next(each.event["detail"] for each in load_catalogue()["ec2-launched"].samples.match)
    _, out, _ = run("replay", "--id", "ec2-launched", zipped(tmp_path / "x.json.gz", launched))

    assert max(map(len, out.splitlines())) <= 80
    assert "\u2026" not in out.partition("\nNever fired")[0]
    head = "rule severity matches alerts first last"
    assert head in [" ".join(line.split()) for line in out.splitlines()]
    assert f"  by:      {launched['userIdentity']['arn'].rpartition('/')[0]}"[:40] in out


def test_a_long_arn_is_not_cut_within_a_word(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a column its end stays, which is its name; below it stays whole, to be copied."""
    monkeypatch.setenv("COLUMNS", "150")
    name = "AWSReservedSSO_AdministratorAccess_0123456789abcdef"
    path = f"{'long-path/' * 4}{name}"
    role = f"arn:aws:sts::{ACCOUNT}:assumed-role/{path}"
    identity = {"type": "AssumedRole", "arn": f"{role}/ana", "accountId": ACCOUNT}
    log = zipped(
        tmp_path / "x.json.gz",
        record("cloudtrail", "StopLogging", "2026-03-02T08:00:00Z", userIdentity=identity),
    )
    _, out, _ = run("replay", "--id", "trail-tamper", log)
    row = next(line for line in out.splitlines() if line.startswith("trail-tamper  critical"))
    assert len(row) <= 150
    assert row.endswith(f"…long-path/{name}")
    assert f"\n  by:      {role}" in out
    monkeypatch.setenv("COLUMNS", "80")
    _, out, _ = run("replay", "--id", "trail-tamper", log)
    assert any(line.endswith(role) for line in out.splitlines())


def test_a_sequence_is_an_alert_of_its_own(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    case = sequences.cases("blind-then-launch")["match"][0]
    records = [event["detail"] for _, event in sequences.events(case)]
    log = zipped(tmp_path / "x.json.gz", *records)
    found = report(run, log)
    (sequence,) = found["sequences"]
    assert (sequence["name"], sequence["alerts"]) == ("blind-then-launch", 1)
    assert report(run, "--id", "guardduty-tamper", log)["sequences"] == []
    assert run("replay", "--id", "ec2-launched", "--fail-on", "critical", log)[0] == 0
    for format_ in ("table", "html"):
        code, out, err = run("replay", "--format", format_, "--fail-on", "critical", log)
        assert code == 1
        assert "blind-then-launch" in err
        assert "Monitoring was switched off, then instances were launched" in out


def test_reactions_are_planned_and_nothing_is_called(run: Run, tmp_path: Path) -> None:
    launched = next(each.event["detail"] for each in load_catalogue()["ec2-launched"].samples.match)
    found = report(run, "--id", "ec2-launched", zipped(tmp_path / "x.json.gz", launched))
    guard = next(each for each in found["reactions"] if each["name"] == "ec2-launch-guard")
    assert guard["events"] == 1
    assert guard["would"] == {"ec2:create_tags": 1}
    assert guard["examples"][0]["would"][0].startswith("tag 1 instance with ")


def test_a_reaction_to_whatever_rules_lead_to_it_follows_them(run: Run, logs: Path) -> None:
    found = report(run, "--id", "trail-tamper", "--id", "iam-user-created", logs)
    notify = next(each for each in found["reactions"] if each["name"] == "notify")
    assert notify["events"] == 4
    assert notify["alert_events"] == {"critical": 3, "medium": 1}
    assert notify["alerts"] == notify["rules_alerts"] == 4


def test_a_reaction_has_the_alerts_of_the_table_beside_it(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One call ten times in a window is one alert, in the table and in the reaction's lines."""
    monkeypatch.setenv("COLUMNS", "200")
    sample = load_catalogue()["trail-tamper"].samples.match[0].event["detail"]
    denied = record("s3", "ListBuckets", readOnly=True) | {"errorCode": "AccessDenied"}
    records = [
        {**each, "eventID": f"{n}-{minute}", "eventTime": f"2026-03-02T08:0{minute}:00Z"}
        for n, each in enumerate((sample, denied))
        for minute in range(10)
    ]
    log = zipped(tmp_path / "x.json.gz", *records)
    chosen = ("--id", "trail-tamper", "--id", "unauthorized-api")
    found = report(run, *chosen, log)
    notify = next(each for each in found["reactions"] if each["name"] == "notify")
    assert [each["alerts"] for each in found["rules"]] == [2, 1]
    assert (notify["events"], notify["alerts"], notify["rules_alerts"]) == (20, 3, 3)
    assert notify["would"] == {}

    told = (
        "3 about 20 events (10 critical, 10 medium), the same alerts that the rules have: "
        "the repetitions of a call within a window make one"
    )
    _, table, _ = run("replay", *chosen, log)
    assert f"  alerts:  {told}" in table.splitlines()
    assert (
        "  alerts:  2 (on each different call, and once on its repetitions within 15 minutes)"
        in table.splitlines()
    )
    _, page, _ = run("replay", "--format", "html", *chosen, log)
    assert f"20 events, nothing to do for 0. Alerts: {told}.</p>" in page

    watched = tmp_path / "watched.json"
    watched.write_text(EVERYTHING)
    found = report(run, "--pattern", watched, log)
    notify = next(each for each in found["reactions"] if each["name"] == "notify")
    assert found["rules"][0]["alerts"] == 20
    assert (notify["alerts"], notify["rules_alerts"]) == (2, 0)
    assert notify["alert_events"] == {"medium": 10}  # calls that failed are not told
    _, table, _ = run("replay", "--pattern", watched, log)
    assert (
        "  alerts:  2 about 10 events (10 medium): the repetitions of a call within a window "
        "make one, while the rules above count each match" in table.splitlines()
    )


def plan(*rules: dict[str, Any], functions: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    resources = [
        {
            "address": f"module.x.aws_cloudwatch_event_rule.this[{n}]",
            "mode": "managed",
            "type": "aws_cloudwatch_event_rule",
            "values": values,
        }
        for n, values in enumerate(rules)
    ]
    resources += [
        {
            "address": "module.x.aws_lambda_function.this",
            "mode": "managed",
            "type": "aws_lambda_function",
            "values": values,
        }
        for values in functions
    ]
    module = {"address": "module.x", "resources": resources}
    return {"root_module": {"resources": [], "child_modules": [module]}}


EVERYTHING = json.dumps({"source": [{"prefix": "aws."}]})


def test_rules_of_a_plan(run: Run, tmp_path: Path, logs: Path) -> None:
    """States are honoured; a reaction is asked with the settings the plan gives it."""
    tree = plan(
        {"name": "writes", "event_pattern": EVERYTHING, "state": "ENABLED"},
        {
            "name": "all",
            "event_pattern": EVERYTHING,
            "state": "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
        },
        {"name": "off", "event_pattern": EVERYTHING, "state": "DISABLED"},
        {"name": "later"},
        {"name": "nightly", "schedule_expression": "rate(1 day)"},
        functions=(
            {
                "function_name": "guard",
                "handler": "reactor.reactions.ec2_launch_guard.handler",
                "environment": [
                    {"variables": {"REACTION_SETTINGS": '{"alert_instance_types": ["t3.*"]}'}}
                ],
            },
        ),
    )
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({"format_version": "1.2", "planned_values": tree}))
    launched = load_catalogue()["ec2-launched"].samples.match[0].event["detail"]
    more = zipped(tmp_path / "more.json.gz", launched)
    found = report(run, "--plan", path, logs, more)
    assert {each["name"]: each["matches"] for each in found["rules"]} == {"all": 7, "writes": 6}
    assert found["notes"] == [
        "off is disabled",
        "the pattern of module.x.aws_cloudwatch_event_rule.this[3] is not known before apply",
        f"1 file holds no events, and no name of a log: {logs}/notes.txt",
    ]
    [guard] = found["reactions"]
    assert guard["name"] == "guard"
    assert guard["would"] == {"ec2:create_tags": 1}
    assert (guard["alerts"], guard["alert_events"]) == (1, {"medium": 1})


def test_rules_of_a_state_in_both_shapes(run: Run, tmp_path: Path, logs: Path) -> None:
    values = {"name": "stopped", "event_pattern": json.dumps(STOP), "state": "ENABLED"}
    shown = tmp_path / "shown.json"
    shown.write_text(json.dumps({"terraform_version": "1.9.0", "values": plan(values)}))
    stored = tmp_path / "terraform.json"
    instance = {"index_key": "stopped", "attributes": values}
    resource = {"mode": "managed", "type": "aws_cloudwatch_event_rule", "name": "this"}
    stored.write_text(
        json.dumps({"version": 4, "resources": [{**resource, "instances": [instance]}]})
    )
    for path in (shown, stored):
        assert rule(report(run, "--plan", path, logs), "stopped")["matches"] == 3


def test_the_table(run: Run, logs: Path, pattern: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")  # the table is as wide as the terminal
    code, out, err = run("replay", "--pattern", pattern, logs)
    assert code == 1  # broken.json.gz holds no events
    lines = out.splitlines()
    assert lines[0] == (
        "6 events in 3 files, 1 skipped from 2026-03-02T08:00:00Z to 2026-03-05T08:00:00Z: "
        "1 of 1 rules fired"
    )
    assert re.match(
        r"stopped +3 +1 a day  2026-03-02T08:00:00Z  2026-03-04T10:00:00Z  arn:aws:sts", lines[4]
    )
    assert "  per day: 2026-03-02 2, 2026-03-04 1" in lines
    assert "  in:      111122223333/eu-west-1 3" in lines
    assert err.startswith("trailctl: skipped ")
    assert "broken.json.gz: its gzip is" in err


class Page(HTMLParser):
    """What a page holds."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br", "rect", "line"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("rect", "line"):
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_is_self_contained_and_escapes_what_callers_chose(
    run: Run, tmp_path: Path, pattern: Path
) -> None:
    evil = "<script>alert(1)</script>\"'&"
    bad = {"type": "IAMUser", "arn": evil}
    records = [
        record("cloudtrail", "StopLogging", f"2026-03-{day:02}T08:00:0{n}Z", userIdentity=bad)
        for n, day in enumerate((2, 2, 9))
    ]
    path = zipped(tmp_path / "x.json.gz", *records)
    target = tmp_path / "report.html"
    code, out, _ = run("replay", "--format", "html", "--output", target, "--pattern", pattern, path)
    assert (code, out) == (0, "")
    text = target.read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    page.close()
    assert page.open == []
    assert "script" not in {tag for tag, _ in page.tags}
    assert evil in page.text
    assert not re.search(r"url\(|@import|src=|<link", text)
    assert "prefers-color-scheme: dark" in text
    # Two days of eight have a bar, the busier one twice as tall.
    bars = [attributes for tag, attributes in page.tags if tag == "rect"]
    assert [float(bar["height"] or 0) for bar in bars] == [54.0, 27.0]
    assert float(bars[0]["x"] or 0) == 0
    assert float(bars[1]["x"] or 0) == 630.0
    assert "2026-03-09: 1" in page.text


def test_a_page_without_events_is_whole(run: Run, tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.json.gz")
    for format_ in ("html", "table", "json"):
        code, out, _ = run("replay", "--format", format_, path)
        assert code == 0
        assert "root-login" in out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["LOGS/nothing"], "nothing: there is no such file or folder"),
        ([], "give log files, folders or s3://BUCKET/PREFIX, or --lookup-events"),
        (["--lookup-events", "LOGS"], "give paths or --lookup-events, not both"),
        (["--from", "2026-03-02", "--to", "2026-03-02", "LOGS"], "--from must be before --to"),
        (["--from", "noon", "LOGS"], "noon is no time"),
        (["--jobs", "0", "LOGS"], "0 is no number of processes"),
        (["--id", "root-logn", "LOGS"], "no detection root-logn (did you mean root-login, "),
        (["--id", "root-logn", "LOGS"], "?): `trailctl detections list` lists them all"),
        (["--format", "htm", "LOGS"], "no --format htm (did you mean html?): use html, "),
        (["--benchmark", "cis-9", "LOGS"], "there is no benchmark cis-9 (did you mean cis-"),
        (["--technique", "T1", "LOGS"], "no detection for the technique T1: `trailctl detections"),
        (["--id", "root-login", "--min-severity", "low", "--technique", "T1496", "LOGS"],
         "no detection passes all the filters at once"),
        (["--value", "x", "LOGS"], "--value x: write NAME=VALUE"),
        (["--value", "topic_arn=1", "LOGS"], "no placeholder topic_arn (did you mean topic_arns"),
        (["--id", "reaction-tamper", "LOGS"], "replay: not whole without names that you know: "),
        (["--pattern", "BAD", "LOGS"], "BAD: $.detail.eventName: a field takes an array"),
        (["--pattern", "LOGS/notes.txt", "LOGS"], "the pattern is not valid JSON"),
        (["--pattern", "MISSING", "LOGS"], "MISSING can't be read: No such file or directory"),
        (["--plan", "LOGS/notes.txt", "LOGS"], "is no JSON"),
        (["--plan", "BAD", "LOGS"], "is neither a plan nor a state of Terraform"),
        (["--plan", "EMPTY", "LOGS"], "holds no EventBridge rule with a pattern that is known"),
        (["--pattern", "BAD", "--plan", "BAD", "LOGS"], "not allowed with argument"),
        (["--pattern", "BAD", "--id", "root-login", "LOGS"], "filters, --value, --entries and"),
        (["--known", "BAD", "LOGS"], "has no setting 'detail'"),
        (["--output", "LOGS", "LOGS"], "can't be written: Is a directory"),
        (["s3://"], "s3:// names no bucket"),
        (["HOLLOW"], "holds no files to read"),
    ],
)  # fmt: skip
def test_wrong_use_is_one_clear_line(
    run: Run, logs: Path, tmp_path: Path, arguments: list[str], says: str
) -> None:
    (tmp_path / "BAD").write_text('{"detail": {"eventName": "x"}}')
    (tmp_path / "EMPTY").write_text(json.dumps({"terraform_version": "1.9.0", "values": {}}))
    (tmp_path / "HOLLOW").mkdir()
    places = {"LOGS": logs, **{n: tmp_path / n for n in ("BAD", "EMPTY", "HOLLOW", "MISSING")}}

    def placed(text: str) -> str:
        first, slash, rest = text.partition("/")
        return f"{places[first]}{slash}{rest}" if first in places else text

    code, out, err = run("replay", *map(placed, arguments))
    assert (code, out) == (2, "")
    assert says in err
    own = [
        line
        for line in err.splitlines()
        if re.match(r"trailctl: (?!skipped |not whole |1 file holds )", line)
    ]
    assert len(own) == (0 if "usage: " in err else 1)


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_event_that_two_trails_log_counts_once(run: Run, tmp_path: Path, jobs: int) -> None:
    stops = [record("cloudtrail", "StopLogging", f"2026-03-02T08:{n:02}:00Z") for n in range(9)]
    for name, some in {"account": stops, "org": stops[3:] + stops[:1], "more": stops[:2]}.items():
        zipped(tmp_path / f"{name}/x.json.gz", *some)
        zipped(tmp_path / f"{name}/y.json.gz", record("ec2", "RunInstances"))
    pattern = tmp_path / "stopped.json"
    pattern.write_text(json.dumps(STOP))
    folders = [tmp_path / name for name in ("account", "org", "more")]
    code, out, err = run(
        "replay", "--format", "json", "--jobs", jobs, "--pattern", pattern, *folders
    )
    assert code == 0
    found = json.loads(out)
    assert (found["events"], found["copies"]) == (21, 9)
    assert rule(found, "stopped")["matches"] == 9
    assert rule(found, "stopped")["per_day"] == {"2026-03-02": 9}
    assert "9 matches are copies of others (the log has events twice, as of two trails), " in err


def test_the_time_asked_for_holds_for_every_source(run: Run, logs: Path, pattern: Path) -> None:
    asked = ("--from", "2026-03-02T09:00:00Z", "--to", "2026-03-04T20:00:00Z")
    found = report(run, "--pattern", pattern, *asked, logs)
    assert found["events"] == 3
    assert (found["from"], found["to"]) == ("2026-03-02T09:00:00Z", "2026-03-04T10:00:00Z")
    assert rule(found, "stopped")["matches"] == 2
    assert (
        report(run, "--pattern", pattern, "--to", "2026-03-02T10:00:00+02:00", logs)["events"] == 0
    )


def test_files_whose_names_tell_that_they_are_too_old_are_not_read(
    run: Run, tmp_path: Path, pattern: Path
) -> None:
    old = tmp_path / f"logs/{ACCOUNT}_CloudTrail_eu-west-1_20260301T0805Z_a.json.gz"
    old.parent.mkdir()
    old.write_bytes(b"never read")
    zipped(tmp_path / f"logs/{ACCOUNT}_CloudTrail_eu-west-1_20260302T0805Z_b.json.gz",
           record("cloudtrail", "StopLogging"))  # fmt: skip
    code, out, err = run("replay", "--pattern", pattern, "--from", "2026-03-02", old.parent)
    assert (code, err) == (0, "")
    assert out.startswith("1 event in 1 file")


def test_results_name_accounts_and_regions(run: Run, tmp_path: Path, pattern: Path) -> None:
    stop = record("cloudtrail", "StopLogging")
    places = [("1" * 12, "eu-west-1"), ("1" * 12, "eu-west-1"), ("2" * 12, "us-east-1")]
    records = [
        {**stop, "eventID": str(n), "recipientAccountId": account, "awsRegion": region}
        for n, (account, region) in enumerate(places)
    ]
    found = report(run, "--pattern", pattern, zipped(tmp_path / "x.json.gz", *records))
    assert rule(found, "stopped")["places"] == [
        {"account": "1" * 12, "region": "eu-west-1", "matches": 2},
        {"account": "2" * 12, "region": "us-east-1", "matches": 1},
    ]


def test_the_worst_comes_first_and_fails_when_asked(run: Run, tmp_path: Path) -> None:
    records = [
        record("signin", "ConsoleLogin", eventType="AwsConsoleSignIn",
               userIdentity={"type": "Root"}, responseElements={"ConsoleLogin": "Success"}),
        *(record("ec2", "RunInstances", f"2026-03-02T08:0{n}:00Z") for n in range(3)),
    ]  # fmt: skip
    path = zipped(tmp_path / "x.json.gz", *records)
    ids = ("--id", "root-login", "--id", "ec2-launched")
    found = report(run, *ids, path)
    assert [each["name"] for each in found["rules"]] == ["root-login", "ec2-launched"]
    assert rule(found, "root-login")["why"]
    for severity, code in (
        ("low", 1),
        ("critical", int(rule(found, "root-login")["severity"] == "critical")),
    ):
        got, _, err = run("replay", *ids, "--fail-on", severity, path)
        assert got == code
        assert ("root-login" in err) == bool(code)


@pytest.mark.parametrize(("options", "code"), [((), 1), (("--lenient",), 0)])
def test_what_holds_no_events_is_said_once_a_kind(
    run: Run, tmp_path: Path, pattern: Path, options: tuple[str, ...], code: int
) -> None:
    stop = record("cloudtrail", "StopLogging")
    (tmp_path / "logs").mkdir()
    for n in range(3):
        (tmp_path / f"logs/{n}.json").write_text('{"Records": [' + " " * n)
    for n in range(2):
        (tmp_path / f"logs/note-{n}").write_text("no log")
    (tmp_path / "logs/x.ndjson").write_text(f"{json.dumps(stop)}\nbroken\nbroken, too\n")
    got, out, err = run("replay", "--pattern", pattern, *options, tmp_path / "logs")
    assert got == code
    assert out.startswith("1 event in 1 file, 3 skipped")
    lines = [
        line.removeprefix("trailctl: ").replace(f"{tmp_path}/", "") for line in err.splitlines()
    ]
    assert lines[:3] == [
        "skipped 3 files, as logs/0.json: it is no JSON (line 1)",
        "left out 2 parts of files, as logs/x.ndjson, line 2: it is no JSON",
        "2 files hold no events, and no name of a log: logs/note-0",
    ]
    assert len(lines) == (4 if code else 3)


def test_standard_input_is_a_file(run: Run, pattern: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stop = json.dumps(record("cloudtrail", "StopLogging")).encode()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stop)))
    assert rule(report(run, "--pattern", pattern, "-"), "stopped")["matches"] == 1


def test_few_alerts_are_told_in_all(run: Run, tmp_path: Path, pattern: Path) -> None:
    first, last = (record("cloudtrail", "StopLogging", f"20{y}-03-02T08:00:00Z") for y in (20, 26))
    path = zipped(tmp_path / "x.json.gz", first, last)
    _, out, _ = run("replay", "--pattern", pattern, path)
    assert " 2 in all " in out
    code, page, _ = run("replay", "--format", "html", "--pattern", pattern, path)
    assert code == 0
    assert "2 in all" in page
    assert page.count("<rect") == 2
    assert "in 28 days" in page


def test_only_malformed_files_are_a_failed_check(run: Run, tmp_path: Path, pattern: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text('{"Records": [')
    code, out, err = run("replay", "--pattern", pattern, bad)
    assert (code, out) == (1, "")
    assert "skipped" in err
    assert "bad.json: it is no JSON" in err
    assert err.splitlines()[-1] == "trailctl: no file could be read"


class Screen:
    """A terminal that keeps what is written to it."""

    def __init__(self, terminal: bool) -> None:
        self.written = ""
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal

    def write(self, text: str) -> int:
        self.written += text
        return len(text)

    def flush(self) -> None: ...


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_is_for_terminals(terminal: bool) -> None:
    screen: Any = Screen(terminal)
    with Progress(200, screen) as progress:
        progress.add(100, 5000)
    assert bool(screen.written) is terminal
    if terminal:
        assert "50%" in screen.written
        assert "5,000 events" in screen.written
        assert screen.written.endswith("\r\x1b[K")


def test_test_event_pattern(run: Run, tmp_path: Path, pattern: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text('{"source": "aws.cloudtrail", "detail": {"eventName": "StopLogging"}}')
    asked = ("test-event-pattern", "--event-pattern", f"file://{pattern}")
    code, out, _ = run(*asked, "--event", f"file://{event}")
    assert (code, json.loads(out)) == (0, {"Result": True})
    code, out, _ = run(*asked, "--event", '{"source": "aws.cloudtrail"}')
    assert (code, json.loads(out)) == (0, {"Result": False})


@pytest.mark.parametrize(
    ("given", "event", "says"),
    [
        ('{"a": "x"}', "{}", "the event pattern is not valid: $.a: a field takes an array"),
        ("{", "{}", "the event pattern is not valid: $: the pattern is not valid JSON"),
        ('{"a": ["x"]}', "[]", "the event is a JSON array, not an object"),
        ('{"a": ["x"]}', "{", "the event is not valid JSON"),
        ("file://nowhere.json", "{}", "nowhere.json can't be read: No such file or directory"),
    ],
)
def test_test_event_pattern_refuses(run: Run, given: str, event: str, says: str) -> None:
    code, out, err = run("test-event-pattern", "--event-pattern", given, "--event", event)
    assert (code, out) == (2, "")
    assert says in err
    assert len(err.splitlines()) == 1
