"""A page in a browser, a function, and other programs against the local AWS that runs."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import os
import shutil
import signal
import subprocess
import threading
import urllib.error
import urllib.request
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import boto3
import pytest
from botocore.config import Config

from localaws.client.control import Control
from localaws.client.environment import TOKEN, TOKEN_HEADER
from localaws.client.process import RunningAws, running
from localaws.emulator import confinement
from localaws.errors import LocalAwsError
from tests.harness.local_aws import LocalAws
from trailctl.terraform import clean_environment

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("attacked-local-aws")]

ACCOUNT = "100000000666"
PAGE = Path(__file__).with_name("page.html")
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


def request(aws: LocalAws, method: str, path: str, headers: dict[str, str]) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", aws.port, timeout=20)
    connection.putrequest(method, path, skip_host="Host" in headers)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    try:
        return connection.getresponse().status
    finally:
        connection.close()


def presigned(aws: LocalAws, service: str, operation: str, **parameters: Any) -> str:
    """An address that makes a call: anybody can sign as root, whose secret is known."""
    client = aws.client(service, ACCOUNT)
    return str(client.generate_presigned_url(operation, parameters, HttpMethod="GET"))


def users(aws: LocalAws) -> list[str]:
    return [user["UserName"] for user in aws.client("iam", ACCOUNT).list_users()["Users"]]


def test_the_door_stands_in_front_of_the_running_one(local_aws: LocalAws) -> None:
    address = presigned(local_aws, "iam", "create_user", UserName="mallory")
    path = address.removeprefix(local_aws.url)
    for headers in (
        {"Host": "evil.test"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "none"},
    ):
        assert request(local_aws, "GET", path, headers) == 403, headers
    assert request(local_aws, "GET", "/?Action=CreateUser&UserName=mallory", {}) == 403
    for inner in ("/_ministack/reset", "/%5fministack/reset", "/_local/reset", "/%5flocal/reset"):
        assert request(local_aws, "POST", inner, {"Content-Length": "0"}) == 403, inner
    # h11 takes the whole address as a target, too.
    for target in (f"{local_aws.url}/_ministack/reset", f"{local_aws.url}/_local/reset"):
        assert request(local_aws, "POST", target, {"Content-Length": "0"}) in (400, 403, 404, 405)
    assert users(local_aws) == []
    assert request(local_aws, "GET", path, {}) == 200  # the same address, asked for by a program
    assert users(local_aws) == ["mallory"]


def test_what_was_refused_is_told(local_aws: LocalAws) -> None:
    assert request(local_aws, "GET", "/told", {"Origin": "https://evil.test"}) == 403
    steps = Control(local_aws.port).get("activity?since=0&wait=0")
    assert any(step["kind"] == "door" and step["what"] == "GET /told" for step in steps)


def test_virtual_hosts_of_buckets_still_work(local_aws: LocalAws) -> None:
    """As SDKs address buckets where the endpoint is a name: `bucket.s3.localhost`."""
    bucket = f"door-{uuid.uuid4()}"
    s3 = local_aws.client("s3", ACCOUNT)
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="key", Body=b"there")
    named = boto3.client(
        "s3",
        endpoint_url=f"http://s3.localhost:{local_aws.port}",
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key="test",
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "virtual"}),
    )
    url = named.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "key"})
    host, _, path = url.removeprefix("http://").partition("/")
    assert host == f"{bucket}.s3.localhost:{local_aws.port}"
    connection = http.client.HTTPConnection("127.0.0.1", local_aws.port, timeout=20)
    with contextlib.closing(connection):
        connection.request("GET", f"/{path}", headers={"Host": host})
        assert connection.getresponse().read() == b"there"


def test_anonymous_sign_in_and_links_of_messages_reach_aws(local_aws: LocalAws) -> None:
    """They come past the door: who answers is STS and SNS."""
    for query in (
        {"Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15"},
        {"Action": "ConfirmSubscription", "Version": "2010-03-31", "TopicArn": "x", "Token": "y"},
    ):
        url = f"{local_aws.url}/?{urlencode(query)}"
        try:
            with urllib.request.urlopen(url, timeout=20) as answer:
                said = answer.read()
        except urllib.error.HTTPError as error:
            said = error.read()
        assert b"MissingAuthenticationToken" not in said
        assert b"local AWS" not in said


def test_a_wrong_token_is_told_so(local_aws: LocalAws) -> None:
    with pytest.raises(LocalAwsError, match=f"wants the token .* in {TOKEN_HEADER}"):
        Control(local_aws.port, "wrong").get("health")


# --- a page in a browser


class Site(ThreadingHTTPServer):
    """A site of somebody's: one page, and what the page tells it."""

    daemon_threads = True

    def __init__(self, at: dict[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.page = PAGE.read_text().replace("AT", json.dumps(at), 1).encode()
        self.told: list[str] = []
        self.heard = threading.Event()


class _Handler(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(self.server.page)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.told += json.loads(body)
        self.send_response(204)
        self.end_headers()
        self.server.heard.set()

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def serving(at: dict[str, str]) -> Iterator[Site]:
    site = Site(at)
    thread = threading.Thread(target=site.serve_forever, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        site.shutdown()
        site.server_close()
        thread.join(10)


def chromium() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    pytest.skip("no Chromium here: Debian's package chromium brings it")


def test_a_page_in_a_browser_changes_and_reads_nothing(local_aws: LocalAws, tmp_path: Path) -> None:
    browser = chromium()
    account = "100000000667"
    iam = local_aws.client("iam", account)
    bait = f"bait-{uuid.uuid4()}"
    local_aws.client("s3", account).create_bucket(Bucket=bait)
    sign = local_aws.client("iam", account).generate_presigned_url
    address = sign("create_user", {"UserName": "page"}, HttpMethod="GET")
    port = local_aws.port
    at = {
        "call": address,
        "address": f"http://127.0.0.1:{port}/?Action=CreateUser&UserName=page",
        "name": f"http://localhost:{port}/{bait}",
        "local": f"http://127.0.0.1:{port}/_local/activity?since=0&wait=0",
        "reset": f"http://127.0.0.1:{port}/_local/reset",
        "inner": f"http://127.0.0.1:{port}/_ministack/reset",
        "invoke": f"http://127.0.0.1:{port}/2015-03-31/functions/guard/invocations",
        # Its own name, which points to 127.0.0.1 by now: of one origin with the page itself but for
        # the port; and the same with a signature, which anybody can make.
        "rebound": f"http://evil.test:{port}/_local/activity?since=0&wait=0",
        "rebound-call": address.replace("127.0.0.1", "evil.test"),
    }
    before = Control(port).get("health")["last"]
    with serving(at) as site:
        command = [
            browser,
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-dev-shm-usage",
            # The worst browser: it asks nobody before a page reaches the local network.
            "--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests",
            "--host-resolver-rules=MAP evil.test 127.0.0.1",
            "--no-proxy-server",
            f"--user-data-dir={tmp_path / 'profile'}",
            f"http://evil.test:{site.server_port}/",
        ]
        process = subprocess.Popen(
            command,
            env={**clean_environment(home=tmp_path)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            assert site.heard.wait(150), "the page did not end"
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(20)
        told = dict(line.split(": ", 1) for line in site.told)
    assert len(told) == 9 * 11
    read = {name: what for name, what in told.items() if name.endswith(("/read", "/frame"))}
    # Nothing but a refusal was read, and that only under the page's own name.
    assert [what for what in read.values() if "pid" in what or "number" in what] == []
    assert [name for name, what in told.items() if what == "OPEN"] == []
    # Nothing was done, though the door was knocked at a hundred times.
    assert iam.list_users()["Users"] == []
    assert [b["Name"] for b in local_aws.client("s3", account).list_buckets()["Buckets"]] == [bait]
    steps = Control(port).get(f"activity?since={before}&wait=0")
    knocked = [step for step in steps if step["kind"] == "door"]
    assert len(knocked) > 40
    assert any("evil.test" in step["detail"] for step in knocked)


# --- a function

HANDLER = """
import json, os, pathlib, subprocess, sys

def read(path):
    try:
        return pathlib.Path(path).read_bytes().decode("latin-1")[:4000]
    except OSError as error:
        return f"OSError {error.errno}"

def handler(event, context):
    parents, pid = [], os.getppid()
    while pid > 1 and len(parents) < 8:
        parents.append(pid)
        status = read(f"/proc/{pid}/stat")
        pid = int(status.rpartition(")")[2].split()[1]) if ")" in status else 0
    pathlib.Path("/tmp/function-was-here").write_text("x")
    adds = [sys.executable, "-S", "-c", "print(1 + 1)"]
    spawned = subprocess.run(adds, capture_output=True, text=True)
    try:
        import boto3
        found = boto3.session.Session(profile_name="production").get_credentials()
        profile = found.secret_key
    except Exception as error:
        profile = type(error).__name__
    return {
        "environment": dict(os.environ),
        "home": sorted(os.listdir(os.path.expanduser("~"))),
        "files": {path: read(path) for path in event["files"]},
        "parents": {str(pid): read(f"/proc/{pid}/environ") for pid in parents},
        "profile": profile,
        "spawned": spawned.stdout.strip(),
    }
"""
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
SET_BY_LAMBDA = {"HOME", "LANG", "PATH", "TZ", "LC_CTYPE", "PWD", "OLDPWD", "_", "SHLVL"}
OF_THE_WORKER = {"PYTHONPATH", "PYTHONDONTWRITEBYTECODE"}


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A home with credentials in it, where functions have no business."""
    folder = Path("/dev/shm") if Path("/dev/shm").is_dir() else Path.home()
    path = folder / f"localaws-attack-{os.getpid()}"
    (path / ".aws").mkdir(parents=True)
    text = f"[production]\naws_access_key_id = AKIAREAL\naws_secret_access_key = {SECRET}\n"
    (path / ".aws" / "credentials").write_text(text)
    try:
        yield path
    finally:
        shutil.rmtree(path)


@pytest.fixture(scope="module")
def own(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAws]:
    """A local AWS whose caller has much to lose in his environment."""
    lose = {
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_PROFILE": "production",
        "GITHUB_TOKEN": SECRET,
        "DATABASE_URL": f"postgres://root:{SECRET}@db",
        "LD_LIBRARY_PATH": "/nowhere",
        "LOG_LEVEL": "ERROR",
    }
    variables = {**clean_environment(home=home), **lose}
    with running(variables, tmp_path_factory.mktemp("own") / "log") as aws:
        yield aws


NODE = """
const fs = require("fs");
const read = path => {
  try { return fs.readFileSync(path, "latin1"); } catch (e) { return e.code; }
};
exports.handler = async event => ({
  environment: process.env,
  files: Object.fromEntries(event.files.map(path => [path, read(path)])),
  parent: read(`/proc/${process.ppid}/environ`),
});
"""


def invoked(own: RunningAws, home: Path, runtime: str, file: str, code: str) -> dict[str, Any]:
    """What a function of some runtime answers."""
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole",
             "Principal": {"Service": "lambda.amazonaws.com"}}  # fmt: skip
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    name = runtime.replace(".", "-")
    role = own.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(file, code)
    functions = own.client("lambda")
    functions.create_function(
        FunctionName=name,
        Role=role["Role"]["Arn"],
        Runtime=runtime,
        Handler="f.handler",
        Timeout=60,
        Code={"ZipFile": packed.getvalue()},
        Environment={"Variables": {"OF_THE_DEPLOYMENT": "yes", "LOG_LEVEL": "DEBUG"}},
    )
    files = [
        str(home / ".aws" / "credentials"),
        str(home / ".local" / "state" / "localaws" / f"{own.url.rpartition(':')[2]}.token"),
    ]
    answer = functions.invoke(FunctionName=name, Payload=json.dumps({"files": files}).encode())
    said = json.load(answer["Payload"])
    assert "FunctionError" not in answer, said
    return dict(said)


@pytest.fixture(scope="module")
def seen(own: RunningAws, home: Path) -> dict[str, Any]:
    """What a function sees of it all."""
    return invoked(own, home, "python3.13", "f.py", HANDLER)


def test_a_function_has_the_environment_that_lambda_and_its_deployment_say(
    seen: dict[str, Any],
) -> None:
    environment = seen["environment"]
    others = {
        name
        for name in environment
        if not name.startswith(
            ("AWS_", "LAMBDA_", "_LAMBDA_", "_HANDLER", "_X_AMZN", "_MINISTACK_")
        )
    }
    assert others - SET_BY_LAMBDA - OF_THE_WORKER == {"OF_THE_DEPLOYMENT", "LOG_LEVEL"}
    assert environment["LOG_LEVEL"] == "DEBUG"
    assert environment["TZ"] == ":UTC"
    assert SECRET not in json.dumps(environment)
    assert TOKEN not in environment


def test_a_function_s_home_is_empty(seen: dict[str, Any]) -> None:
    assert seen["home"] == []
    assert seen["profile"] == "ProfileNotFound"


def test_a_function_finds_no_secret_in_what_its_parents_were_started_with(
    own: RunningAws, seen: dict[str, Any]
) -> None:
    """The server itself, by whoever reads it: it was started anew without them."""
    server = Control(int(own.url.rpartition(":")[2]), own.environment[TOKEN]).get("health")["pid"]
    assert str(server) in seen["parents"]
    assert SECRET not in seen["parents"][str(server)]
    with contextlib.suppress(FileNotFoundError, PermissionError):  # hidden, or no Linux
        assert SECRET not in Path(f"/proc/{server}/environ").read_bytes().decode("latin-1")


@pytest.mark.skipif(not confinement.available(), reason="the system has no Landlock")
def test_a_confined_function_reads_nothing_of_its_user_s(seen: dict[str, Any]) -> None:
    assert set(seen["files"].values()) == {"OSError 13"}
    # And looks into no other process, not even as root.
    assert set(seen["parents"].values()) == {"OSError 13"}
    # It still starts programs, and writes to /tmp.
    assert seen["spawned"] == "2"
    Path("/tmp/function-was-here").unlink()


@pytest.mark.skipif(shutil.which("node") is None, reason="no Node.js here")
def test_a_function_of_another_runtime_sees_no_more(own: RunningAws, home: Path) -> None:
    saw = invoked(own, home, "nodejs22.x", "f.js", NODE)
    assert SECRET not in json.dumps(saw["environment"])
    assert saw["environment"]["OF_THE_DEPLOYMENT"] == "yes"
    assert not {"DATABASE_URL", "GITHUB_TOKEN", "LD_LIBRARY_PATH", TOKEN} & {*saw["environment"]}
    if confinement.available():
        assert [*saw["files"].values(), saw["parent"]] == ["EACCES"] * 3


def test_the_token_is_its_user_s_alone(own: RunningAws, home: Path) -> None:
    (file,) = (home / ".local" / "state" / "localaws").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text() == own.environment[TOKEN]
    assert file.name == f"{own.url.rpartition(':')[2]}.token"
