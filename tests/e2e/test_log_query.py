"""examples/log-query end to end: an incident is logged by a trail, and ten questions answer it."""

from __future__ import annotations

import io
import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws.client.environment import TOKEN
from localaws.client.process import running
from tests.e2e.logged import emit, trail
from tests.harness.applies import Applier, Stack
from tests.harness.local_aws import REGION, REPOSITORY, Credentials, LocalAws
from trailctl import terraform as runner
from trailctl.cli import main
from trailctl.terraform import clean_environment

pytestmark = pytest.mark.e2e

EXAMPLE = Path("examples/log-query")
ACCOUNT = "300000000016"
ELSEWHERE, OFFICE = "198.51.100.7", "203.0.113.9"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/deploy"
USER = f"arn:aws:iam::{ACCOUNT}:user/mallory"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": "sts:AssumeRole",
        }
    ],
}
# Rules that make a short query.
FEW = ("--id", "trail-tamper")
Row = dict[str, str | None]


@dataclass
class World:
    """The stack, and what the incident left: the key of its user, days, the time before it."""

    stack: Stack
    key: str
    days: tuple[str, str]
    before: str

    def ask(self, question: str, *more: str) -> list[Row]:
        """The answer to a saved query, over the days of the incident."""
        query = self.stack.outputs["named_queries"][f"cloudtrail/{question}"]
        athena = self.stack.client("athena")
        text = athena.get_named_query(NamedQueryId=query)["NamedQuery"]["QueryString"]
        return self.run(text, [*self.days, *more])

    def run(self, text: str, parameters: Sequence[str] = (), athena: Any = None) -> list[Row]:
        athena = athena or self.stack.client("athena")
        given = {"ExecutionParameters": [f"'{each}'" for each in parameters]} if parameters else {}
        id_ = athena.start_query_execution(
            QueryString=text, WorkGroup=self.stack.outputs["workgroup"]["name"], **given
        )["QueryExecutionId"]
        execution = finished(athena, id_)
        assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
        pages = athena.get_paginator("get_query_results").paginate(QueryExecutionId=id_)
        head, *rows = [
            [cell.get("VarCharValue") for cell in row["Data"]]
            for page in pages
            for row in page["ResultSet"]["Rows"]
        ]
        return [dict(zip(head, row, strict=True)) for row in rows]


def finished(athena: Any, id_: str) -> dict[str, Any]:
    """A query once it has come to its end."""
    end = time.monotonic() + 120
    while True:
        found: dict[str, Any] = athena.get_query_execution(QueryExecutionId=id_)["QueryExecution"]
        if found["Status"]["State"] not in ("QUEUED", "RUNNING"):
            return found
        assert time.monotonic() < end, found
        time.sleep(0.05)


@pytest.fixture(scope="module")
def world(terraform: runner.Terraform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A local AWS of its own, since its clock is moved: a log file is of five minutes."""
    folder = tmp_path_factory.mktemp("log-query")
    (folder / "home").mkdir()
    variables = {
        **clean_environment(home=folder / "home"),
        "PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'lambda_src'}",
    }
    with running(variables, folder / "aws.log", ACCOUNT, REGION) as aws:
        port = int(aws.url.rpartition(":")[2])
        local = LocalAws(port, folder / "aws.log", aws.environment[TOKEN])
        trail(local, ACCOUNT, REGION)
        applier = Applier(terraform, local, folder / "stacks", 0)
        try:
            stack = applier(EXAMPLE, {"bucket_name": f"logs-{ACCOUNT}"}, account=ACCOUNT)
            before = aws.now()
            key = incident(stack)
            aws.advance(600)
            assert aws.drain()
            days = (
                f"{before - timedelta(days=1):%Y/%m/%d}",
                f"{before + timedelta(days=1):%Y/%m/%d}",
            )
            yield World(stack, key, days, f"{before:%Y-%m-%dT%H:%M:%SZ}")
        finally:
            applier.close()


def incident(stack: Stack) -> str:
    """A user is made, finds no way in, takes a role, and changes a bucket; the id of its key."""
    iam, s3 = stack.client("iam"), stack.client("s3")
    iam.create_role(RoleName="deploy", AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.put_role_policy(RoleName="deploy", PolicyName="all", PolicyDocument=allow("s3:*"))
    iam.create_user(UserName="mallory")
    iam.put_user_policy(
        UserName="mallory", PolicyName="assume", PolicyDocument=allow("sts:AssumeRole")
    )
    made = iam.create_access_key(UserName="mallory")["AccessKey"]
    key = Credentials(made["AccessKeyId"], made["SecretAccessKey"])
    s3.create_bucket(Bucket="crown-jewels")
    sts = stack.client("sts", key)
    session = sts.assume_role(RoleArn=ROLE, RoleSessionName="late")["Credentials"]
    with pytest.raises(ClientError, match="AccessDenied"):
        stack.client("iam", key).list_users()
    role = Credentials(session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
    stack.client("s3", role).put_bucket_versioning(
        Bucket="crown-jewels", VersioningConfiguration={"Status": "Suspended"}
    )
    sign_in = {
        "eventSource": "signin.amazonaws.com",
        "eventName": "ConsoleLogin",
        "eventType": "AwsConsoleSignIn",
        "userIdentity": {
            "type": "IAMUser",
            "arn": USER,
            "userName": "mallory",
            "accountId": ACCOUNT,
        },
        "responseElements": {"ConsoleLogin": "Success"},
        "additionalEventData": {"MFAUsed": "No"},
    }
    emit(stack, *({**sign_in, "sourceIPAddress": where} for where in (ELSEWHERE, OFFICE)))
    return str(made["AccessKeyId"])


def allow(action: str | list[str]) -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def named(rows: list[Row], column: str = "eventname") -> list[str | None]:
    return [row[column] for row in rows]


def test_what_a_key_was_used_for(world: World) -> None:
    rows = world.ask("access-key", world.key)
    assert {(r["eventname"], r["errorcode"], r["caller"]) for r in rows} == {
        ("AssumeRole", None, USER),
        ("ListUsers", "AccessDenied", USER),
    }


def test_what_a_role_did(world: World) -> None:
    [row] = world.ask("role", ROLE)
    assert (row["eventname"], row["calls"], row["readonly"]) == (
        "PutBucketVersioning",
        "1",
        "false",
    )


def test_what_changed_a_bucket(world: World) -> None:
    rows = world.ask("bucket-changes", "crown-jewels")
    assert named(rows) == ["CreateBucket", "PutBucketVersioning"]
    assert rows[1]["caller"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/late"


def test_sign_ins_from_elsewhere(world: World) -> None:
    [row] = world.ask("sign-ins", OFFICE[:10])
    assert (row["sourceipaddress"], row["outcome"], row["mfa"]) == (ELSEWHERE, "Success", "No")


def test_who_made_a_user_and_what_it_was_given(world: World) -> None:
    rows = world.ask("user-created", "mallory")
    assert named(rows) == ["CreateUser", "PutUserPolicy", "CreateAccessKey"]
    assert {row["caller"] for row in rows} == {f"arn:aws:iam::{ACCOUNT}:root"}


def test_calls_that_failed_by_principal(world: World) -> None:
    rows = [row for row in world.ask("failed-calls") if row["caller"] == USER]
    assert [(row["errorcode"], row["calls"]) for row in rows] == [("AccessDenied", "1")]


def test_callers_who_were_never_seen_before(world: World) -> None:
    rows = world.ask("first-seen", world.before)
    assert {USER, f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/late"} <= {*named(rows, "caller")}
    assert f"arn:aws:iam::{ACCOUNT}:root" not in named(rows, "caller")


def test_what_came_from_an_address(world: World) -> None:
    [row] = world.ask("address", ELSEWHERE)
    assert (row["eventname"], row["caller"], row["calls"]) == ("ConsoleLogin", USER, "1")


def test_who_assumed_a_role(world: World) -> None:
    [row] = world.ask("assumed-by", ROLE)
    assert (row["caller"], row["session"]) == (USER, "late")
    assert str(row["access_key"]).startswith("ASIA")


def test_who_changed_something_about_a_resource(world: World) -> None:
    assert "PutRolePolicy" in named(world.ask("resource", "deploy"))
    assert named(world.ask("resource", "no-such-thing")) == []


def test_a_second_plan_is_empty(world: World) -> None:
    assert world.stack.changes() == {}


@pytest.fixture
def asking(world: World) -> Iterator[Callable[[str], Any]]:
    """Clients of a role that has the policy ("investigator"), or all but the right to read logs."""
    iam = world.stack.client("iam")
    policy = world.stack.outputs["policy_arn"]
    most = allow(["athena:*", "glue:*", "s3:ListBucket", "s3:PutObject"])
    for name in ("investigator", "passer-by"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.attach_role_policy(RoleName="investigator", PolicyArn=policy)
    iam.put_role_policy(RoleName="passer-by", PolicyName="most", PolicyDocument=most)

    # Root can't take a role.
    iam.create_user(UserName="asker")
    assume = allow("sts:AssumeRole")
    iam.put_user_policy(UserName="asker", PolicyName="assume", PolicyDocument=assume)
    key = Credentials.of(iam.create_access_key(UserName="asker"))
    sts = world.stack.client("sts", key)

    def client(name: str) -> Any:
        arn = f"arn:aws:iam::{ACCOUNT}:role/{name}"
        session = sts.assume_role(RoleArn=arn, RoleSessionName="asks")
        return world.stack.client("athena", Credentials.of(session))

    yield client
    iam.detach_role_policy(RoleName="investigator", PolicyArn=policy)


def test_a_role_with_the_policy_may_ask_and_others_may_not(
    world: World, asking: Callable[[str], Any]
) -> None:
    """The policy is all that it takes: Athena reads and writes in the caller's name."""
    table = world.stack.outputs["tables"]["cloudtrail"]
    text = f"SELECT count(*) AS n FROM {table} WHERE day >= '{world.days[0]}'"
    [row] = world.run(text, athena=asking("investigator"))
    assert int(row["n"] or 0) > 0
    athena = asking("passer-by")
    id_ = athena.start_query_execution(QueryString=text, WorkGroup="log-query")["QueryExecutionId"]
    status = finished(athena, id_)["Status"]
    assert status["State"] == "FAILED"
    assert "s3:GetObject" in status["StateChangeReason"]


# ---- the command over the same log


@dataclass
class Said:
    """What the command said, and its exit code."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def replay(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Said]:
    """`trailctl replay` in the stack's account; its standard input is no terminal."""
    for name, value in world.stack.environment.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdin", io.StringIO())

    def run(*arguments: str) -> Said:
        capsys.readouterr()
        code = main(["replay", *arguments])
        return Said(code, *capsys.readouterr())

    return run


def athena_options(world: World, *more: str) -> list[str]:
    day, until = (each.replace("/", "-") for each in world.days)
    where = ("--athena", world.stack.outputs["tables"]["cloudtrail"], "--workgroup", "log-query")
    return [*where, "--from", day, "--to", until, *more]


def test_the_answer_is_that_over_the_files(world: World, replay: Callable[..., Said]) -> None:
    asked = replay(*athena_options(world), "--format", "json")
    assert asked.returncode == 0, asked.stderr
    over_files = replay(f"s3://logs-{ACCOUNT}/AWSLogs/{ACCOUNT}/CloudTrail/", "--format", "json")
    assert over_files.returncode == 0, over_files.stderr
    found, expected = json.loads(asked.stdout), json.loads(over_files.stdout)
    assert expected["events"] > 50
    assert sum(rule["matches"] for rule in expected["rules"]) > 3
    assert "Athena read " in found["notes"][-1]
    for report in (found, expected):
        del report["files"], report["notes"]
    assert found == expected


def test_rules_that_match_nothing_still_know_how_many_events_there_were(
    world: World, replay: Callable[..., Said], tmp_path: Path
) -> None:
    pattern = tmp_path / "never.json"
    pattern.write_text('{"detail": {"eventName": ["NoSuchCall"]}}')
    asked = replay(*athena_options(world), "--pattern", str(pattern), "--format", "json")
    found = json.loads(asked.stdout)
    assert found["never_fired"] == ["never"]
    assert found["events"] > 50


def test_the_query_alone_runs_nothing(world: World, replay: Callable[..., Said]) -> None:
    athena = world.stack.client("athena")
    before = athena.list_query_executions(WorkGroup="log-query")["QueryExecutionIds"]
    printed = replay(*athena_options(world), "--sql", "--estimate", *FEW)
    assert printed.returncode == 0, printed.stderr
    assert "Athena would read " in printed.stderr
    assert athena.list_query_executions(WorkGroup="log-query")["QueryExecutionIds"] == before
    rows = world.run(printed.stdout)  # it is the whole query
    assert sum(int(row["events"] or 0) for row in rows) > 50


def test_an_estimate_is_what_the_query_then_reads(
    world: World, replay: Callable[..., Said]
) -> None:
    done = replay(*athena_options(world), *FEW, "--estimate", "--account", ACCOUNT)
    assert done.returncode == 0, done.stderr
    [would] = re.findall(r"would read (\S+ \w+), for less than 0.01 USD", done.stderr)
    assert f"Athena read {would} " in done.stderr


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--max-usd", "0.00001"], "more than --max-usd 1e-05: nothing was run"),
        (["--account", "999999999999"], "there is no account 999999999999"),
        (["--workgroup", "nope"], "WorkGroup is not found"),
        (["--athena", "log_query.nope"], "log_query.nope can't be read: "),
        (["--athena", "log_query.cloudtrail_insights"], "is no table of CloudTrail's log"),
        (["some-file"], "give paths or --athena, not both"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    world: World, replay: Callable[..., Said], more: list[str], words: str
) -> None:
    done = replay(*athena_options(world), *FEW, *more)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_destroy_leaves_nothing(world: World) -> None:
    world.stack.destroy()
