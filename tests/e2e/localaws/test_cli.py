"""`trailctl local`: what its commands print, answer and leave behind."""

from __future__ import annotations

import io
import json
import os
import pty
import signal
import socket
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from localaws.client.environment import TOKEN, environment
from localaws.client.process import RunningAws, running
from tests.e2e.localaws.conftest import ACCOUNT, OwnAws
from tests.harness.local_aws import REPOSITORY
from trailctl.terraform import clean_environment

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("own-local-aws")]

LOCAL = [sys.executable, "-m", "trailctl", "local"]


def variables(home: Path, **more: str) -> dict[str, str]:
    paths = f"{REPOSITORY}:{REPOSITORY / 'lambda_src'}"
    return {**clean_environment(home=home), "PYTHONPATH": paths, **more}


def run(
    arguments: list[str], env: dict[str, str], stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*LOCAL, *arguments],
        env=env,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@contextmanager
def up(
    env: dict[str, str], *arguments: str
) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """`trailctl local up` and what it prints, once it is ready."""
    process = subprocess.Popen(
        [*LOCAL, "up", "--port", "0", *arguments],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        names = len(environment(0, "", "", "token"))
        lines = [process.stdout.readline() for _ in range(names)]
        pairs = [line.removeprefix("export ").rstrip("\n").partition("=") for line in lines]
        yield process, {name: value for name, _, value in pairs}
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(10)
        process.stdout.close()
        process.stderr.close()


def port_of(exports: dict[str, str]) -> str:
    return exports["AWS_ENDPOINT_URL"].rpartition(":")[2]


# --- up


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_up_says_when_it_is_ready_and_leaves_nothing(
    tmp_path: Path, signum: signal.Signals
) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    env = variables(tmp_path, TMPDIR=str(temporary))
    with up(env, "--account", "444455556666", "--region", "eu-west-1") as (process, exports):
        wanted = environment(int(port_of(exports)), "444455556666", "eu-west-1", exports[TOKEN])
        assert exports == wanted
        assert [p.name for p in temporary.iterdir() if p.name.startswith("localaws-")]
        health = run(["clock", "--port", port_of(exports)], env)
        assert health.returncode == 0

        process.send_signal(signum)
        out, err = process.communicate(timeout=20)

    assert process.returncode == 0
    assert out == ""
    assert err.startswith(f"the local AWS is ready on {exports['AWS_ENDPOINT_URL']}; Ctrl-C stops")
    assert "all that was made in it is gone" in err
    assert err.count("\n") == 1
    assert list(temporary.iterdir()) == []
    assert in_session(process.pid) == []


def in_session(leader: int) -> list[int]:
    """The processes of the session that the command led."""
    found = []
    for entry in Path("/proc").iterdir() if Path("/proc").exists() else ():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            if int(stat.rpartition(")")[2].split()[3]) == leader:
                found.append(int(entry.name))
    return found


FUNCTION = "def handler(event, context): return 'done'"


def test_up_ends_the_functions_it_runs_too(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("app.py", FUNCTION)
    with up(variables(tmp_path)) as (process, exports):
        aws = RunningAws(exports)
        trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"},
                 "Action": "sts:AssumeRole"}  # fmt: skip
        role = aws.client("iam").create_role(
            RoleName="runs",
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        )["Role"]["Arn"]
        functions = aws.client("lambda")
        functions.create_function(
            FunctionName="f",
            Runtime="python3.13",
            Handler="app.handler",
            Role=role,
            Code={"ZipFile": buffer.getvalue()},
        )
        answer = functions.invoke(FunctionName="f")
        assert json.load(answer["Payload"]) == "done"
        assert len(in_session(process.pid)) > 1

        os.killpg(process.pid, signal.SIGINT)  # as a terminal's Ctrl-C, to all of them
        process.communicate(timeout=20)

    assert process.returncode == 0
    deadline = time.monotonic() + 5
    while in_session(process.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert in_session(process.pid) == []


def test_taken_port_is_one_line_and_exit_2(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run(["up", "--port", str(port)], variables(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"trailctl: port {port} of 127.0.0.1 can't be used (Address already in use): "
        "give another with --port N, or --port 0 for any free one\n"
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--port", "99999"], "99999 is no port"),
        (["--port", "x"], "x is no port"),
        (["--account", "12"], "twelve digits"),
        (["--region", "moon"], "moon is no Region"),
    ],
)
def test_up_refuses_in_words(tmp_path: Path, arguments: list[str], words: str) -> None:
    done = run(["up", *arguments], variables(tmp_path))
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


# --- exec


def test_exec_without_a_server_runs_nothing(tmp_path: Path) -> None:
    proof = tmp_path / "ran"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    done = run(["exec", "--port", port, "--", "touch", str(proof)], variables(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"trailctl: no local AWS answers on port {port}: start it with "
        f"`trailctl local up --port {port}`\n"
    )
    assert not proof.exists()


@pytest.mark.parametrize(
    ("argv", "words"), [([], "give the command to run"), (["no-such-command"], "no such command")]
)
def test_exec_needs_a_command(own: OwnAws, argv: list[str], words: str) -> None:
    done = run(["exec", "--port", own.port, "--", *argv], own.variables)
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("code", [0, 1, 3, 255])
def test_exec_passes_the_exit_code(own: OwnAws, code: int) -> None:
    done = run(["exec", "--port", own.port, "--", "sh", "-c", f"exit {code}"], own.variables)
    assert done.returncode == code


def test_exec_says_which_signal_ended_its_command(own: OwnAws) -> None:
    done = run(["exec", "--port", own.port, "--", "sh", "-c", "kill -TERM $$"], own.variables)
    assert done.returncode == 128 + signal.SIGTERM


def test_exec_leads_terraform_to_the_provider_that_is_here(own: OwnAws, tmp_path: Path) -> None:
    """A newcomer's `terraform init`, where the registry is out of reach."""
    (tmp_path / "main.tf").write_text(
        'terraform {\n  required_providers {\n    aws = {\n      source = "hashicorp/aws"\n'
        "    }\n  }\n}\n"
    )
    init = ["exec", "--port", own.port, "--", "terraform", f"-chdir={tmp_path}", "init"]
    unreachable = {"HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    done = run(init, own.variables | unreachable)
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.glob(".terraform/providers/*/hashicorp/aws/*/*"))


def test_exec_gives_its_environment_and_none_of_the_caller_s(own: OwnAws) -> None:
    caller = {
        "AWS_PROFILE": "production",
        "AWS_SESSION_TOKEN": "secret",
        "AWS_ENDPOINT_URL_S3": "https://s3.example.com",
        "AWS_CA_BUNDLE": "/etc/bundle.pem",
        "AWS_ACCESS_KEY_ID": "AKIAREAL",
        "OTHER": "kept",
    }
    script = "import json, os, sys; print(json.dumps(dict(os.environ)))"
    where = ["--port", own.port, "--account", "444455556666", "--region", "eu-west-1"]
    done = run(["exec", *where, "--", sys.executable, "-c", script], own.variables | caller)
    seen = json.loads(done.stdout)
    aws = {name: value for name, value in seen.items() if name.startswith("AWS_")}
    token = own.aws.environment[TOKEN]
    wanted = environment(int(own.port), "444455556666", "eu-west-1", token)
    config = {"AWS_CONFIG_FILE": seen["AWS_CONFIG_FILE"]}  # what it says: test_local_exec
    assert {**aws, TOKEN: seen[TOKEN]} == {**wanted, **config}
    assert seen["OTHER"] == "kept"


# --- reset


def test_reset_says_what_is_gone(own: OwnAws) -> None:
    own.client("sqs").create_queue(QueueName="q")
    done = run(["reset", "--port", own.port], own.variables)
    assert (done.returncode, done.stderr) == (0, "")
    assert "all that was made" in done.stdout
    assert own.client("sqs").list_queues().get("QueueUrls", []) == []


# --- tail


@contextmanager
def tailing(own: OwnAws, *options: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*LOCAL, "tail", "--port", own.port, *options],
        env=own.variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(10)
        process.stdout.close()
        process.stderr.close()


def launches(own: OwnAws) -> None:
    own.trail()
    own.rule("created", own.queue("seen"), {"detail": {"eventName": ["CreateTopic"]}})
    own.client("sns").create_topic(Name="news")
    assert own.aws.drain()


def test_tail_shows_calls_matches_and_deliveries_in_lines(own: OwnAws) -> None:
    launches(own)
    with tailing(own, "--all") as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line.split(maxsplit=3))
            if "delivered" in line:
                break
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=10)

    assert process.returncode == 0
    assert errors == ""
    assert all(line[1:3] == [ACCOUNT, "us-east-1"] for line in lines)
    said = [line[3].rstrip("\n") for line in lines]
    assert "call       sns:CreateTopic  by root" in said
    assert "match      created  matched" in said
    assert said[-1] == "delivery   created -> sqs seen  delivered"
    assert "\x1b" not in rest + "".join(said)


def test_tail_follows_from_now_on_in_lines_of_json(own: OwnAws) -> None:
    own.client("sqs").create_queue(QueueName="before")
    assert own.aws.drain()
    with tailing(own, "--json") as process:
        assert process.stdout is not None
        deadline = time.monotonic() + 20
        steps: list[dict[str, object]] = []
        os.set_blocking(process.stdout.fileno(), False)
        while not steps and time.monotonic() < deadline:
            # Until it watches, nothing it prints: make calls until one shows.
            own.client("sqs").create_queue(QueueName="after")
            time.sleep(0.1)
            steps = [json.loads(line) for line in process.stdout.readlines()]
        process.send_signal(signal.SIGINT)
        process.wait(10)
    assert steps
    assert {step["what"] for step in steps} == {"sqs:CreateQueue"}
    names = {step["extra"]["record"]["requestParameters"]["queueName"] for step in steps}  # type: ignore[index]
    assert names == {"after"}


def test_tail_has_colour_on_a_terminal(own: OwnAws) -> None:
    launches(own)
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [*LOCAL, "tail", "--port", own.port, "--all"],
        env=own.variables | {"TERM": "xterm"},
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    seen = b""
    try:
        while b"delivered" not in seen:
            seen += os.read(master, 4096)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(10)
        os.close(master)
    assert b"\x1b[32m" in seen


def test_tail_ends_with_the_server(tmp_path: Path) -> None:
    env = variables(tmp_path)
    with up(env) as (process, exports):
        watched = subprocess.Popen(
            [*LOCAL, "tail", "--all", "--port", port_of(exports)],
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert watched.stdout is not None
        first = threading.Thread(target=watched.stdout.readline, daemon=True)
        first.start()
        identity = RunningAws(exports).client("sts")
        while first.is_alive():  # it watches once it shows a call
            identity.get_caller_identity()
            first.join(0.5)
        process.send_signal(signal.SIGINT)
        _, errors = watched.communicate(timeout=20)
        _, said = process.communicate(timeout=20)
    assert (watched.returncode, errors) == (0, "trailctl: the local AWS has stopped\n")
    assert said.count("\n") == 1, "it ends without a word"


def test_until_eof_it_ends_with_its_standard_input(tmp_path: Path) -> None:
    """A parent that is killed closes it: nobody else would stop the server then."""
    process = subprocess.Popen(
        [*LOCAL, "up", "--port", "0", "--until-eof"],
        env=variables(tmp_path),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdout, process:
        assert process.stdout.readline().startswith(b"export ")
        process.stdin.close()
        assert process.wait(20) == 0


@pytest.mark.parametrize("command", [["tail"], ["clock"], ["clock", "+1h"], ["fault"], ["reset"]])
def test_commands_without_a_server_are_one_line_and_exit_2(
    tmp_path: Path, command: list[str]
) -> None:
    done = run([*command, "--port", "1"], variables(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("trailctl: no local AWS answers on port 1: start it with")
    assert done.stderr.count("\n") == 1


def test_state_is_lost_on_stop(tmp_path: Path) -> None:
    env = variables(tmp_path)
    with running(env, tmp_path / "log") as aws:
        aws.client("sqs").create_queue(QueueName="q")
    with running(env, tmp_path / "log") as aws:
        assert aws.client("sqs").list_queues().get("QueueUrls", []) == []
