"""What all commands have in common. They are found in the parser: a new one is judged, too."""

from __future__ import annotations

import argparse
import io
import os
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from reactor.digest.verdicts import Cover, Finding, Interval, Kind, Report, Verdict

from tests.harness.local_aws import REPOSITORY
from tests.unit.local.test_tail import DEAD, Terminal, step
from tests.unit.test_aws_errors import TRAIL, nobody
from trailctl import cli, completion, session, terminal
from trailctl.demo.show import Screen
from trailctl.local.tail import Lines
from trailctl.replay.catalogue import load_catalogue
from trailctl.validate import output

__all__ = ["nobody"]
pytestmark = pytest.mark.unit

# These ask no AWS, or the one on this machine.
OFFLINE = {"local", "coverage", "detections", "test-event-pattern", "demo", "completion"}
SAMPLES = {"QUEUE": "failures", "FILE|ID": "e-1", "ARN": TRAIL, "TIME": "2026-01-01T00:00:00Z"}
# What makes a command ask AWS, in each way that it has; nothing more for others.
WAYS = {
    "undo": ["--log-group /aws/lambda/guard"],
    "replay": [
        "--lookup-events",
        "s3://logs/AWSLogs/",
        "--athena db.logs --from 2026-01-01 --to 2026-01-02",
    ],
    "validate-logs": ["", "--s3-bucket logs"],
}


def leaves(parser: argparse.ArgumentParser, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every command that does something, with its parser."""
    groups = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    for group in groups:
        for word, inner in group.choices.items():
            yield from leaves(inner, f"{name} {word}".strip())
    if not groups:
        yield name, parser


COMMANDS = dict(leaves(cli.command_line()))
ASKING = {name: parser for name, parser in COMMANDS.items() if name.split()[0] not in OFFLINE}
every = pytest.mark.parametrize("name", COMMANDS)


def least(parser: argparse.ArgumentParser) -> list[str]:
    """The fewest arguments that a command takes."""
    given = []
    for action in parser._actions:
        if action.option_strings and action.required:
            given.append(action.option_strings[0])
        elif action.option_strings or action.nargs in ("*", "?", argparse.REMAINDER):
            continue
        if action.nargs == 0:
            continue
        sample = next(iter(action.choices)) if action.choices else "x"
        given.append(SAMPLES.get(str(action.metavar), sample))
    return given


def calls() -> list[str]:
    """Command lines that ask AWS."""
    return [
        " ".join([name, *least(parser), way]).strip()
        for name, parser in ASKING.items()
        for way in WAYS.get(name, [""])
    ]


def fits(text: str, width: int = 80) -> list[str]:
    """Lines that are too long, but for those of one name that nobody could break."""
    lines = (line for line in text.splitlines() if len(line) > width)
    return [line for line in lines if len(line.split()) > 1]


@pytest.fixture
def columns(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("COLUMNS", "80")
    return 80


# ---- help and flags


@every
def test_help_fits_and_says_what_each_option_is(name: str, columns: int) -> None:
    parser = dict(leaves(cli.command_line()))[name]
    assert fits(parser.format_help(), columns) == []
    silent = [
        action.option_strings or action.dest
        for action in parser._actions
        if not action.help and not (action.choices and not action.option_strings)
    ]
    assert silent == []


def test_help_of_groups_fits(columns: int, capsys: pytest.CaptureFixture[str]) -> None:
    groups = {" ".join(name.split()[:-1]) for name in COMMANDS}
    for group in sorted(groups):
        with pytest.raises(SystemExit):
            cli.main([*group.split(), "--help"])
        assert fits(capsys.readouterr().out, columns) == []


@pytest.mark.parametrize("name", ASKING)
def test_profile_and_region_are_in_one_place_and_mean_one_thing(name: str) -> None:
    """A command of its own says which AWS it asks: session.add_arguments(parser), last of all."""
    groups = [group for group in ASKING[name]._action_groups if group._group_actions]
    assert groups[-1].title == "AWS"
    told = {action.option_strings[0]: action.help for action in groups[-1]._group_actions}
    assert list(told) == ["--profile", "--region"]
    assert told["--profile"] == session.PROFILE
    assert str(told["--region"]).removesuffix("; may repeat") == session.REGION


@pytest.mark.parametrize(
    ("flag", "settings", "region"),
    [
        ("eu-west-1", {"AWS_REGION": "us-east-1"}, "eu-west-1"),
        (None, {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-west-2"}, "us-east-1"),
        (None, {"AWS_DEFAULT_REGION": "us-west-2"}, "us-west-2"),
        (None, {"AWS_PROFILE": "other"}, "ap-south-1"),
        (None, {}, None),
    ],
)
def test_the_region_is_the_flags_the_environments_the_profiles(
    nobody: pytest.MonkeyPatch,
    tmp_path: Path,
    flag: str | None,
    settings: dict[str, str],
    region: str | None,
) -> None:
    (tmp_path / "config").write_text("[profile other]\nregion = ap-south-1\n")
    for key, value in settings.items():
        nobody.setenv(key, value)
    assert session.aws_session(None, flag).get_config_variable("region") == region


# ---- colour


@pytest.mark.parametrize(
    ("stream", "settings", "coloured"),
    [
        (Terminal, {}, True),
        (Terminal, {"NO_COLOR": ""}, True),
        (Terminal, {"NO_COLOR": "1"}, False),
        (Terminal, {"NO_COLOR": "0"}, False),
        (Terminal, {"TERM": "dumb"}, False),
        (io.StringIO, {}, False),
    ],
)
def test_colour_is_for_terminals_that_want_it(
    monkeypatch: pytest.MonkeyPatch, stream: Any, settings: dict[str, str], coloured: bool
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for key, value in settings.items():
        monkeypatch.setenv(key, value)
    assert terminal.colours(stream()) is coloured
    out = stream()
    Screen(out).title("A title")
    Lines(out).write(step(step="failed", detail="no"))
    assert ("\x1b[" in out.getvalue()) is coloured


def test_one_place_makes_colour() -> None:
    makes = re.compile(r"\\x1b\[[^K2]|\\033\[|NO_COLOR")
    found = {
        path.name
        for path in (REPOSITORY / "trailctl").rglob("*.py")
        if makes.search(path.read_text(encoding="utf-8"))
    }
    assert found == {"terminal.py"}


# ---- lines

LONG = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/10/" + "x" * 60


def validated() -> None:
    begin = datetime(2026, 1, 10, tzinfo=UTC)
    end = begin + timedelta(hours=9)
    finding = Finding(Kind.LOG, "logs", LONG, Verdict.MISSING, "the digest names it " * 3)
    report = Report("111122223333", "us-east-1", begin, end)
    report.add(finding)
    report.intervals.append(Interval(begin, end, Cover.GAP, "1 digest is missing " * 4))
    watcher = output.Watcher(verbose=True, lines=True, progress=False)
    watcher(finding)
    watcher.close()
    output.print_text(
        [report], ["account 111122223333, us-east-1: it can't be read " * 2], begin, end
    )


def tailed() -> None:
    lines = Lines(sys.stdout)
    for kind in ("call", "router", "authorize"):
        for each in (DEAD, step()["extra"]):
            if kind == "router" and each is not DEAD:
                continue
            extra = {**DEAD, "actor": f"arn:aws:sts::111122223333:assumed-role/{'r' * 40}/s"}
            told = step(kind=kind, step="failed", detail="some words of AWS " * 6, extra=extra)
            lines.write(told)


PRINTS: dict[str, Callable[[], Any]] = {
    "coverage": lambda: cli.main(["coverage"]),
    "detections test": lambda: cli.main(
        ["detections", "test", str(REPOSITORY / "lambda_src/reactor/detections/catalogue")]
    ),
    "an unknown detection": lambda: cli.main(["coverage", "--id", "x"]),
    "validate-logs": validated,
    "local tail": tailed,
}


@pytest.mark.parametrize("what", PRINTS)
def test_lines_fit(what: str, columns: int, capsys: pytest.CaptureFixture[str]) -> None:
    PRINTS[what]()
    said = capsys.readouterr()
    assert said.out or said.err
    assert fits(said.out + said.err, columns) == []


def test_a_record_is_one_line_for_a_pipe(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    tailed()
    assert len(capsys.readouterr().out.splitlines()) == 5


def test_a_command_to_copy_is_one_for_a_shell(
    columns: int, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["aws", "ec2", "modify", "--x", "it's a long one " * 3, *("--name value" * 6).split()]
    terminal.say_command("undo:", " ".join(map(shlex.quote, words)))
    said = capsys.readouterr().out
    assert said.startswith("undo: aws ec2")
    shell = ["sh", "-c", f"printf '%s\\n' {said.removeprefix('undo: aws')}"]
    assert subprocess.check_output(shell, text=True).splitlines() == words[1:]


# ---- errors


class Refusing(BaseHTTPRequestHandler):
    """Answers every call in its protocol with one error."""

    error: ClassVar[tuple[int, str, str]]

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        status, code, s3 = self.error
        if "x-amz-target" in self.headers:
            body = f'{{"__type": "{code}", "message": "words of AWS"}}'
        elif self.command == "POST":
            told = f"<Error><Code>{code}</Code><Message>words of AWS</Message></Error>"
            body = f"<ErrorResponse>{told}</ErrorResponse>"
        else:
            body = f"<Error><Code>{s3}</Code><Message>words of AWS</Message></Error>"
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    do_GET = do_POST = do_HEAD = answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


# The answer's status, code, and S3's code; and what is told.
ANSWERS = {
    "expired": (400, "ExpiredTokenException", "ExpiredToken", "expired"),
    "throttled": (400, "ThrottlingException", "SlowDown", "throttl|slow|again|rate"),
    "refused": (403, "AccessDeniedException", "AccessDenied", "refuse|denied|not allowed"),
    "missing": (404, "ResourceNotFoundException", "NoSuchBucket", "no |not |words of AWS"),
}


@pytest.fixture
def refusing(request: pytest.FixtureRequest) -> Iterator[str]:
    handler = type("Answering", (Refusing,), {"error": request.param})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def one_line(said: str, command: str) -> str:
    assert "Traceback" not in said
    lines = [line for line in said.splitlines() if line.startswith("trailctl:")]
    assert len(lines) == 1, (command, said)
    assert "should not happen" not in lines[0], (command, said)
    return lines[0]


@pytest.mark.parametrize(
    ("refusing", "words"),
    [(answer[:3], answer[3]) for answer in ANSWERS.values()],
    indirect=["refusing"],
    ids=ANSWERS,
)
def test_what_aws_refuses_is_one_line_that_says_why(
    nobody: pytest.MonkeyPatch,
    refusing: str,
    words: str,
    capsys: pytest.CaptureFixture[str],
    sleeping: Callable[[Callable[[float], None]], None],
) -> None:
    for key, value in {
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_ENDPOINT_URL": refusing,
    }.items():
        nobody.setenv(key, value)
    slept: list[float] = []
    sleeping(slept.append)
    for command in calls():
        slept.clear()
        assert cli.main(command.split()) in (1, 2), command
        line = one_line(capsys.readouterr().err, command)
        assert re.search(words, line, re.IGNORECASE), (command, line)
        assert sum(slept) < 30, command


def test_a_session_of_sso_that_has_ended_says_how_to_sign_in(
    nobody: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config").write_text(
        "[profile sso]\nregion = eu-west-1\nsso_session = s\nsso_account_id = 111122223333\n"
        "sso_role_name = r\n[sso-session s]\nsso_region = eu-west-1\n"
        "sso_start_url = https://example.awsapps.com/start\n"
    )
    for command in calls():
        assert cli.main([*command.split(), "--profile", "sso"]) == 2, command
        line = one_line(capsys.readouterr().err, command)
        assert re.search("sso", line, re.IGNORECASE), (command, line)
        assert "sign in again" in line or "aws sso login" in line, (command, line)


def test_a_profile_that_is_not_there_is_named(
    nobody: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in calls():
        assert cli.main([*command.split(), "--profile", "nobody"]) == 2, command
        line = one_line(capsys.readouterr().err, command)
        assert "there is no AWS profile nobody" in line, (command, line)
        assert "--profile" in line, (command, line)


def test_a_wrong_name_is_answered_with_those_near_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    (tmp_path / "config").write_text("[profile security]\n[profile sandbox]\n")
    for line, told in (
        ("coverge", "there is no COMMAND coverge (did you mean coverage?): use completion, "),
        ("local rest", "there is no COMMAND rest (did you mean reset?)"),
        ("detections schema sample", "did you mean samples?): use entry, exclusions, samples"),
        (
            "undo x --log-groop y",
            "arguments: --log-groop y (did you mean --log-group?)",
        ),
        ("redrive q --profile secruity", "no AWS profile secruity (did you mean security?)"),
        ("coverage --id rot-login", "(did you mean root-login, "),
    ):
        try:
            code = cli.main(line.split())
        except SystemExit as ending:
            code = int(ending.code or 0)
        said = " ".join(capsys.readouterr().err.split())
        assert code == 2, line
        assert told in said, (line, said)


def test_the_catalogue_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["detections", "list"]) == 0
    out = capsys.readouterr().out
    assert {line.split()[0] for line in out.splitlines()[2:] if line[:1].strip()} == set(
        load_catalogue()
    )


def files() -> Iterator[list[str]]:
    """A command line for each argument that names a file to read, without the name."""
    for name, parser in COMMANDS.items():
        for action in parser._actions:
            if action.metavar not in ("FILE", "PATH", "FILE|ID") or action.dest == "output":
                continue
            others = [a for a in parser._actions if a.required and a is not action]
            given = []
            for other in others if action.option_strings else []:
                given += [*other.option_strings[:1], SAMPLES.get(str(other.metavar), "x")]
            yield [*name.split(), *given, *action.option_strings[:1]]


@pytest.fixture(params=["missing", "a folder", "no text", "no JSON", "below a file", "odd JSON"])
def unfit(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "given.json"
    contents = {"no text": b"\xff\xfe\x00{", "no JSON": b'{"Records":[', "odd JSON": b"[[1,null]]"}
    if request.param == "a folder":
        path.mkdir()
    elif request.param == "below a file":
        path.write_bytes(b"")
        path /= "inner"
    elif request.param in contents:
        path.write_bytes(contents[request.param])
    return path


def test_an_unfit_file_is_told_in_words(unfit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tried = list(files())
    assert len(tried) >= 10
    for command in tried:
        try:
            code = cli.main([*command, str(unfit)])
        except SystemExit as error:  # argparse
            code = int(error.code or 0)
        said = "".join(capsys.readouterr())
        assert code in (1, 2), (command, said)
        assert said.strip(), command
        assert "Traceback" not in said, (command, said)
        assert "should not happen" not in said, (command, said)


@pytest.mark.parametrize("command", ["--help", "coverage", "replay --help", "completion bash"])
def test_a_reader_that_has_gone_is_no_fault(command: str) -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as closed:
        done = subprocess.run(
            [sys.executable, "-m", "trailctl", *command.split()],
            cwd=REPOSITORY,
            stdout=closed,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, "")


def test_control_c_is_no_fault(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: Any) -> int:
        raise KeyboardInterrupt

    for name, parser in leaves(cli.command_line()):
        given = [*name.split(), *least(parser)]
        parse = argparse.ArgumentParser.parse_args

        def parsed(self: Any, arguments: Any, options: Any, parse: Any = parse) -> Any:
            found = parse(self, arguments, options)
            found.command = interrupted
            return found

        with monkeypatch.context() as patch:
            patch.setattr(argparse.ArgumentParser, "parse_args", parsed)
            assert cli.main(given) == 130, name
        assert capsys.readouterr().err == "", name


# ---- completion


def completions(line: str) -> Sequence[str]:
    """What a shell gets for a line, from a process of its own, as bash asks."""
    asked = {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_IFS": "\n",
        "_ARGCOMPLETE_STDOUT_FILENAME": "/dev/stdout",
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
        "PATH": os.environ["PATH"],
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",  # whoever asks AWS gets nothing
    }
    done = subprocess.run(
        [sys.executable, "-m", "trailctl"],
        cwd=REPOSITORY, env=asked, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return [word.strip() for word in done.stdout.split("\n") if word.strip()]


@pytest.mark.parametrize(
    ("line", "some"),
    [
        ("trailctl ", {name.split()[0] for name in COMMANDS}),
        ("trailctl local ", {"up", "exec", "tail"}),
        ("trailctl undo --", {"--log-group", "--profile", "--region"}),
        ("trailctl coverage --id root-a", {"root-access-key", "root-activity"}),
        ("trailctl replay --min-severity ", {"high", "critical"}),
        ("trailctl redrive --region eu-c", {"eu-central-1", "eu-central-2"}),
    ],
)
def test_a_shell_completes(line: str, some: set[str]) -> None:
    assert some <= {*completions(line)}


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_a_shell_gets_a_script_for_trailctl(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["completion", shell]) == 0
    said = capsys.readouterr().out
    assert "trailctl" in said
    assert "_ARGCOMPLETE" in said
