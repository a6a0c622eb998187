"""`trailctl local emit`: events that no API call makes, gated and routed as on AWS."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.localaws.conftest import ACCOUNT, REGION, OwnAws

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("own-local-aws")]

SIGN_IN = {"detail-type": [{"prefix": "AWS Console Sign"}]}


def run(
    own: OwnAws, *arguments: str, stdin: Any = None, port: str | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "trailctl", "local", "emit", *arguments, "--port", port or own.port],
        env=own.variables,
        input=None if stdin is None else json.dumps(stdin),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def emit(own: OwnAws, event: Any, *options: str) -> str:
    done = run(own, "-", *options, stdin=event)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def login(kind: str, **identity: Any) -> dict[str, Any]:
    return {
        "eventSource": "signin.amazonaws.com",
        "eventName": "ConsoleLogin",
        "userIdentity": {"type": kind, "accountId": ACCOUNT, **identity},
        "responseElements": {"ConsoleLogin": "Success"},
        "additionalEventData": {"MFAUsed": "No"},
        "sourceIPAddress": "192.0.2.1",
    }


ROOT = login("Root", arn=f"arn:aws:iam::{ACCOUNT}:root", principalId=ACCOUNT)
USER = login("IAMUser", arn=f"arn:aws:iam::{ACCOUNT}:user/alice", userName="alice")
ROLE = login("AssumedRole", arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/admin/bob") | {
    "tlsDetails": {"clientProvidedHostHeader": "eu-west-1.signin.aws.amazon.com"}
}


def insight(state: str, kind: str = "ApiCallRateInsight") -> dict[str, Any]:
    return {
        "eventType": "AwsCloudTrailInsight",
        "insightDetails": {
            "state": state,
            "eventSource": "ec2.amazonaws.com",
            "eventName": "RunInstances",
            "insightType": kind,
            "insightContext": {"statistics": {"baseline": {"average": 0.1}}},
        },
        "sharedEventID": "one",
    }


def test_sign_ins_of_every_identity_reach_the_region_they_belong_to(own: OwnAws) -> None:
    own.trail()
    home, away = own.queue("home"), own.queue("away", region="eu-west-1")
    own.rule("logins", home, SIGN_IN)
    own.rule("logins", away, SIGN_IN, region="eu-west-1")

    printed = emit(own, {"Records": [ROOT, USER, ROLE]})

    assert printed == (
        f"signin:ConsoleLogin  {ACCOUNT} us-east-1  on the bus\n"
        f"signin:ConsoleLogin  {ACCOUNT} us-east-1  on the bus\n"
        f"signin:ConsoleLogin  {ACCOUNT} eu-west-1  on the bus\n"
    )
    at_home = own.received(home)
    assert sorted(e["detail"]["userIdentity"]["type"] for e in at_home) == ["IAMUser", "Root"]
    assert {e["detail-type"] for e in at_home} == {"AWS Console Sign In via CloudTrail"}
    assert {e["source"] for e in at_home} == {"aws.signin"}
    (there,) = own.received(away)
    assert there["detail"]["userIdentity"]["type"] == "AssumedRole"
    assert (there["region"], there["detail"]["awsRegion"]) == ("eu-west-1", "eu-west-1")


def test_the_other_spelling_of_a_sign_in(own: OwnAws) -> None:
    own.trail()
    queue = own.queue("logins")
    own.rule("logins", queue, SIGN_IN)
    emit(own, ROOT, "--sign-in", "Signin")
    assert [e["detail-type"] for e in own.received(queue)] == ["AWS Console Signin via CloudTrail"]


def test_without_a_logging_trail_it_is_history_and_nothing_else(own: OwnAws) -> None:
    queue = own.queue("logins")
    own.rule("logins", queue, SIGN_IN)

    printed = emit(own, ROOT)

    assert printed == (
        f"signin:ConsoleLogin  {ACCOUNT} us-east-1  not on the bus: "
        f"no trail of account {ACCOUNT} logs in us-east-1\n"
    )
    assert own.received(queue) == []
    found = own.client("cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "ConsoleLogin"}]
    )["Events"]
    assert [json.loads(e["CloudTrailEvent"])["userIdentity"]["type"] for e in found] == ["Root"]
    assert found[0]["Username"] == "root"

    own.client("cloudtrail")
    own.trail()
    emit(own, ROOT)
    assert len(own.received(queue)) == 1


def test_insights_need_their_type_among_the_trail_s_selectors(own: OwnAws) -> None:
    name = own.trail()
    queue, trails = own.queue("insights"), own.client("cloudtrail")
    own.rule("insights", queue, {"detail-type": ["AWS Insight via CloudTrail"]})
    both = [insight("Start"), insight("End")]

    assert emit(own, both).count("no trail there has ApiCallRateInsight") == 2
    assert own.received(queue) == []

    trails.put_insight_selectors(
        TrailName=name, InsightSelectors=[{"InsightType": "ApiCallRateInsight"}]
    )
    assert emit(own, both).count("on the bus") == 2
    other = emit(own, insight("Start", "ApiErrorRateInsight"))
    assert "not on the bus" in other
    events = own.received(queue)
    assert sorted(e["detail"]["insightDetails"]["state"] for e in events) == ["End", "Start"]
    assert {e["source"] for e in events} == {"aws.cloudtrail"}


def test_service_event_and_envelope_of_a_service(own: OwnAws) -> None:
    own.trail()
    queue = own.queue("seen")
    own.rule("rotations", queue, {"detail-type": ["AWS Service Event via CloudTrail"]})
    own.rule("states", queue, {"source": ["aws.ec2"], "detail": {"state": ["running"]}})

    emit(
        own,
        [
            {
                "eventSource": "kms.amazonaws.com",
                "eventName": "RotateKey",
                "userIdentity": {"accountId": ACCOUNT, "invokedBy": "AWS Internal"},
                "serviceEventDetails": {"keyId": "1"},
            },
            {
                "detail-type": "EC2 Instance State-change Notification",
                "source": "aws.ec2",
                "detail": {"instance-id": "i-1", "state": "running"},
            },
        ],
    )

    kinds = sorted(e["detail-type"] for e in own.received(queue))
    assert kinds == ["AWS Service Event via CloudTrail", "EC2 Instance State-change Notification"]


def test_gzipped_log_file_can_be_emitted_again_with_new_ids(own: OwnAws, tmp_path: Path) -> None:
    own.trail()
    queue = own.queue("logins")
    own.rule("logins", queue, SIGN_IN)
    old = ROOT | {"eventID": "an-id", "eventTime": "2020-01-01T00:00:00Z"}
    file = tmp_path / "log.json.gz"
    file.write_bytes(gzip.compress(json.dumps({"Records": [old]}).encode()))

    assert run(own, str(file)).returncode == 0
    assert run(own, str(file), "--fresh").returncode == 0

    ids = {e["detail"]["eventID"]: e["time"] for e in own.received(queue)}
    assert len(ids) == 2
    assert ids.pop("an-id") == "2020-01-01T00:00:00Z"
    assert all(time.startswith(own.aws.now().strftime("%Y-%m-%dT")) for time in ids.values())


def test_account_and_region_of_events_that_name_none(own: OwnAws) -> None:
    other = "444455556666"
    own.trail(other)
    queue = own.queue("seen", other, "eu-west-1")
    own.rule("health", queue, {"source": ["aws.health"]}, other, "eu-west-1")
    event = {"detail-type": "AWS Health Event", "source": "aws.health", "detail": {"a": 1}}
    emit(own, event, "--account", other, "--region", "eu-west-1")
    (got,) = own.received(queue)
    assert (got["account"], got["region"]) == (other, "eu-west-1")


def test_one_bad_event_and_nothing_is_emitted(own: OwnAws) -> None:
    own.trail()
    queue = own.queue("logins")
    own.rule("logins", queue, SIGN_IN)

    done = run(own, "-", stdin=[ROOT, {"eventName": "X"}])

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("trailctl: standard input, event 2: a record needs eventSource")
    assert done.stderr.count("\n") == 1
    assert own.received(queue) == []


def test_wrong_use_is_one_line_and_exit_2(own: OwnAws, tmp_path: Path) -> None:
    for done, words in (
        (run(own, str(tmp_path / "none.json")), "can't be read"),
        (run(own, "-", stdin="text"), "an event is a JSON object"),
        (run(own, "-", port="1", stdin=ROOT), "no local AWS answers on port 1"),
        (run(own, "-", "--account", "12", stdin=ROOT), "twelve digits"),
        (run(own, "-", "--region", "moon", stdin=ROOT), "is no Region"),
    ):
        assert done.returncode == 2
        assert words in done.stderr
        assert "Traceback" not in done.stderr


def test_activity_tells_of_it(own: OwnAws) -> None:
    own.trail()
    emit(own, ROOT)
    (step,) = own.steps("emitted")
    assert (step["what"], step["step"], step["region"]) == ("signin:ConsoleLogin", "routed", REGION)
