"""The demo's calls and the claims that must hold afterwards: launches by two principals.

The event of the last launch is lost; hours later the log is proven, and reconciliation finds it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from localaws.client.process import RunningAws

INBOX = "demo-inbox"
_PREFIX = "reactor:"
_IMAGE = "ami-0abcdef1234567890"
_WAIT_SECONDS = 120.0
# A rule owes nothing of its first five minutes (reactor.reconcile.rules).
_RULE_SETTLES = timedelta(minutes=5)
# Digest validation runs at ten past, reconciliation at twenty to: a step sets off one of them. The
# digest of the launch ends within 65 minutes, is proven within 75 more, and then compared.
_STEP = timedelta(minutes=30)
_STEPS = 8


@dataclass(frozen=True)
class Act:
    """One act of somebody."""

    title: str
    play: Callable[[], None]


@dataclass(frozen=True)
class Line:
    """A line of the timeline: `kind` is call, lost, rule, schedule, target, topic, function, change
    or alert. `what` is its subject; an alert has its text in `detail`.
    """

    time: datetime
    kind: str
    what: str
    detail: str


@dataclass(frozen=True)
class Claim:
    """A claim that must hold, what was found, and whether it holds."""

    text: str
    holds: bool
    found: str = ""


class Scenario:
    """The demo's principals and calls, on an applied `examples/ec2-launch-monitor`.

    `outputs` are those of the example. `prepare` makes the principals, and a queue that subscribes
    to the alert topic. Play the `acts` in their order; `steps` returns what happened since the last
    call of it.
    """

    def __init__(self, aws: RunningAws, outputs: dict[str, Any]) -> None:
        self._aws = aws
        self._outputs = outputs
        self._seen = 0  # the last step of the local AWS that was shown
        self._told = 0  # how many of the messages were shown
        self._messages: list[str] = []
        self._forwarded: list[dict[str, Any]] = []
        self._small: list[str] = []  # ids of instances
        self._large: list[str] = []
        self._unseen: list[str] = []
        self._lost_event = ""  # its eventID
        self._unnoticed = False
        self._refused = ""
        self._before_failure: set[str] = set()
        self._after_failure: set[str] = set()

    def prepare(self) -> None:
        iam, sts = self._aws.client("iam"), self._aws.client("sts")
        account = self._aws.environment["AWS_ACCESS_KEY_ID"]
        iam.create_user(UserName="ana")
        iam.put_user_policy(
            UserName="ana",
            PolicyName="launch",
            PolicyDocument=_allow("ec2:RunInstances", "sts:AssumeRole"),
        )
        role = iam.create_role(
            RoleName="deploy",
            AssumeRolePolicyDocument=json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": {
                        "Effect": "Allow",
                        "Principal": {"AWS": f"arn:aws:iam::{account}:user/ana"},
                        "Action": "sts:AssumeRole",
                    },
                }
            ),
        )["Role"]
        iam.put_role_policy(
            RoleName="deploy", PolicyName="launch", PolicyDocument=_allow("ec2:RunInstances")
        )
        key = iam.create_access_key(UserName="ana")["AccessKey"]
        self._ana = self._aws.client("ec2", key["AccessKeyId"], key["SecretAccessKey"])
        sts = self._aws.client("sts", key["AccessKeyId"], key["SecretAccessKey"])
        session = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="release-42")["Credentials"]
        self._deploy = self._aws.client(
            "ec2", session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"]
        )
        self._listen(account)
        self._aws.drain()
        self._seen = self._last_number()

    def _listen(self, account: str) -> None:
        region = self._aws.environment["AWS_REGION"]
        queue_arn = f"arn:aws:sqs:{region}:{account}:{INBOX}"
        topic = self._outputs["alert_topic_arn"]
        policy = {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue_arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
            },
        }
        self._inbox = self._aws.client("sqs").create_queue(
            QueueName=INBOX, Attributes={"Policy": json.dumps(policy)}
        )["QueueUrl"]
        self._aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn)

    # The acts

    def acts(self) -> Iterator[Act]:
        yield Act("The user ana launches three small instances in one call", self._launch_small)
        yield Act("The role deploy, as release-42, launches one large instance", self._launch_large)
        yield Act("ana's next launch fails: it must change nothing", self._failing)
        yield Act("release-42 launches again, and the event is lost on its way", self._lose)
        yield Act("Hours later: the log is proven, and the event is found in it", self._find)

    def _launch_small(self) -> None:
        self._small = self._launch(self._ana, "t3.micro", 3)

    def _launch_large(self) -> None:
        self._large = self._launch(self._deploy, "p4d.24xlarge", 1)

    def _launch(self, ec2: Any, instance_type: str, count: int) -> list[str]:
        answer = ec2.run_instances(
            ImageId=_IMAGE, InstanceType=instance_type, MinCount=count, MaxCount=count
        )
        self._settle()
        return [instance["InstanceId"] for instance in answer["Instances"]]

    def _failing(self) -> None:
        self._before_failure = self._instances()
        try:
            self._ana.run_instances(ImageId=_IMAGE, InstanceType="t3.micro", MinCount=3, MaxCount=1)
        except ClientError as error:
            self._refused = error.response["Error"]["Code"]
        self._settle()
        self._after_failure = self._instances()

    def _lose(self) -> None:
        self._aws.advance(_RULE_SETTLES.total_seconds())
        self._wait(self._idle)
        self._seen = self._last_number()
        heard = len(self._messages) + len(self._forwarded)
        self._aws.fault(lose=1, sources=["aws.ec2"])
        self._unseen = self._launch(self._deploy, "p4d.24xlarge", 1)
        self._aws.fault()
        self._unnoticed = heard == len(self._messages) + len(self._forwarded) and self._tags(
            self._unseen
        ) == [{}]
        calls = [s for s in self._aws.activity(self._seen) if s["what"] == "ec2:RunInstances"]
        self._lost_event = str(calls[0]["extra"]["record"]["eventID"])

    def _find(self) -> None:
        for _ in range(_STEPS):
            self._seen = self._last_number()  # only the last step is shown
            self._aws.advance(_STEP.total_seconds())
            self._wait(self._idle)
            self._settle()  # what the work has led to
            if self._missed():
                break
        self._wait(lambda: bool(self._late()))

    def _idle(self) -> bool:
        """Whether no function has work that another one has given it."""
        urls = self._aws.client("sqs").list_queues()["QueueUrls"]
        return self._empty([url for url in urls if url.endswith("-work")])

    def _wait(self, done: Callable[[], bool]) -> None:
        """Until something is done; where it never is, the claims will tell."""
        deadline = time.monotonic() + _WAIT_SECONDS
        while True:
            self._settle()
            if done() or time.monotonic() > deadline:
                return
            time.sleep(0.1)

    def _settle(self) -> None:
        self._aws.drain(_WAIT_SECONDS)
        self._collect()

    def _collect(self) -> None:
        sqs = self._aws.client("sqs")
        deadline = time.monotonic() + 1.0
        for url, keep in (
            (self._inbox, self._hear),
            (self._outputs["downstream_queue_url"], self._take),
        ):
            while time.monotonic() < deadline:
                found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages")
                if not found:
                    break
                for message in found:
                    keep(json.loads(message["Body"]))
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    def _hear(self, body: dict[str, Any]) -> None:
        subject = body.get("Subject")
        text = str(body["Message"])
        self._messages.append(f"{subject}\n{text}" if subject else text)

    def _take(self, body: dict[str, Any]) -> None:
        self._forwarded.append(body)

    # The timeline

    def steps(self) -> list[Line]:
        """The lines since this was last called: calls, rules, targets, changes, messages."""
        found = self._aws.activity(self._seen)
        self._seen = max([self._seen, *(s["number"] for s in found)])
        steps = [line for s in found if (line := _line(s)) is not None]
        told, self._told = self._messages[self._told :], len(self._messages)
        last = steps[-1].time if steps else datetime.now(UTC)
        return steps + [Line(last, "alert", "", text) for text in told]

    def _last_number(self) -> int:
        return max((s["number"] for s in self._aws.activity(0)), default=0)

    # The claims

    def claims(self) -> Iterator[Claim]:
        session = "release-42"
        yield self._tagged(
            self._small, "ana", "ana's three instances carry her name, the source and the time"
        )
        yield self._tagged(self._large, session, "the role's instance carries its session's name")
        alerts = [m for m in self._messages if "p4d.24xlarge" in m and session in m]
        yield Claim("a person was told of the large instance, and by whom", bool(alerts))
        same = self._before_failure == self._after_failure
        yield Claim(
            f"the failed launch ({self._refused}) changed nothing",
            bool(self._refused) and same,
        )
        yield Claim("the launch whose event was lost was noticed by nobody", self._unnoticed)
        lost = self._lost_event
        (missed, late) = ("\n".join(texts) for texts in (self._missed(), self._late()))
        yield Claim(
            "hours later a person was told what was missed, and what was done about it",
            lost != "" and lost in missed and "redelivered to guard" in missed,
            missed,
        )
        yield self._tagged(self._unseen, session, "its instance carries its session's name, too")
        yield Claim(
            "the guard's mail on it says how late it comes", lost != "" and lost in late, late
        )
        mails = [m.partition("\n")[0] for m in self._messages if " launched " in m]
        told = sorted(mail.partition("]")[0] for mail in mails)
        yield Claim(
            "each launch made one mail, of the small ones just for information",
            told == ["[info", "[medium", "[medium"],
            str(mails),
        )
        events = [(e["detail"]["eventID"], "redelivered" in e) for e in self._forwarded]
        yield Claim(
            "the queue downstream has each launch once, the lost one as redelivered",
            len(dict(events)) == len(events) == 3 and [i for i, late in events if late] == [lost],
            str(events),
        )
        urls = [self._outputs[name]["url"] for name in ("dead_letter_queue", "failure_queue")]
        yield Claim("nothing waits in the dead-letter or the failure queue", self._empty(urls))

    def _missed(self) -> list[str]:
        return [m for m in self._messages if " missed in " in m.partition("\n")[0]]

    def _late(self) -> list[str]:
        return [m for m in self._messages if " late: EventBridge did not deliver it" in m]

    def _tagged(self, ids: list[str], who: str, text: str) -> Claim:
        wanted = {f"{_PREFIX}owner", f"{_PREFIX}launch-source", f"{_PREFIX}launched-at"}
        found = self._tags(ids)
        holds = len(found) == len(ids) > 0 and all(
            wanted <= tags.keys() and who in tags[f"{_PREFIX}owner"] for tags in found
        )
        return Claim(text, holds, str(found))

    def _tags(self, ids: list[str]) -> list[dict[str, str]]:
        """The tags of each of these instances."""
        reservations = self._aws.client("ec2").describe_instances(InstanceIds=ids)["Reservations"]
        instances = [i for r in reservations for i in r["Instances"]]
        return [{t["Key"]: t["Value"] for t in i.get("Tags", ())} for i in instances]

    def _instances(self) -> set[str]:
        reservations = self._aws.client("ec2").describe_instances()["Reservations"]
        return {i["InstanceId"] for r in reservations for i in r["Instances"]}

    def _empty(self, urls: list[str]) -> bool:
        """Whether nothing waits in these queues, or is being worked on."""
        sqs = self._aws.client("sqs")
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        return all(
            {*sqs.get_queue_attributes(QueueUrl=u, AttributeNames=names)["Attributes"].values()}
            == {"0"}
            for u in urls
        )


def _allow(*actions: str) -> str:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _line(step: dict[str, Any]) -> Line | None:
    """A step of the local AWS as a line of the timeline; None for the demo's own calls."""
    when = datetime.fromisoformat(step["time"])
    extra = step["extra"]
    if step["kind"] == "call":
        actor = _short(extra["actor"])
        record = extra["record"]
        if extra["read_only"] or record["userIdentity"]["type"] == "Root":
            return None
        kind = "change" if record["eventName"] == "CreateTags" else "call"
        return Line(when, kind, step["what"], f"{actor}: {_about(record)}")
    if step["kind"] == "router":
        if step["step"] == "matched":
            return Line(when, "rule", step["what"], "matches")
        return Line(when, "target", f"{extra['target_kind']} {extra['target']}", step["step"])
    # What a topic says is shown whole, as the alert that came of it.
    if step["kind"] == "authorize" or step["step"] == "published":
        return None
    kind = step["step"] if step["kind"] == "fault" else step["kind"]
    said = "" if step["kind"] == "fault" else step["step"]
    return Line(when, kind, step["what"], f"{said} {step['detail']}".strip())


def _short(arn: str | None) -> str:
    return (arn or "").rpartition("/")[2] or ("root" if (arn or "").endswith(":root") else "?")


def _about(record: dict[str, Any]) -> str:
    if "errorCode" in record:
        return f"{record['errorCode']}"
    parameters = record.get("requestParameters") or {}
    if record["eventName"] == "RunInstances":
        items = record["responseElements"]["instancesSet"]["items"]
        ids = ", ".join(i["instanceId"] for i in items)
        return f"{len(items)} x {items[0]['instanceType']} ({ids})"
    tags = (parameters.get("tagSet") or {}).get("items", ())
    resources = (parameters.get("resourcesSet") or {}).get("items", ())
    if tags:
        what = ", ".join(f"{t['key']}={t['value']}" for t in tags)
        return f"{what} on {len(resources)} resources"
    return ""
