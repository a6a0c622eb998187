"""An applied reaction: its stack, a user of its account, an ear at its topic, its log."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.harness.applies import Stack
from tests.harness.local_aws import REGION, Credentials
from tests.harness.mail import Listener, bodies

USERS = ("ana", "trusted")
# What the kill switch says is believed for a second.
SWITCH_SECONDS = 1.2
Event = dict[str, Any]


def allow(*actions: str) -> str:
    """A policy document that allows the actions on everything."""
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


# What the users may: everything that the cases do, and nothing is left to the root user.
ALL = allow("cloudtrail:*", "ec2:*", "iam:*", "s3:*", "ssm:*", "sts:AssumeRole")


def anew(event: Event) -> Event:
    """The event as if the same call had been made once more."""
    id_ = str(uuid.uuid4())
    return {**event, "id": id_, "detail": {**event["detail"], "eventID": id_}}


@dataclass
class World:
    """`outputs` are those of the examples: topic, function, log group, failure queue."""

    stack: Stack
    outputs: dict[str, Any]
    listener: Listener
    keys: dict[str, Credentials]

    @classmethod
    def of(cls, stack: Stack, name: str) -> World:
        """`name` is the reaction's, for a stack that has several."""
        outputs = stack.outputs
        outputs = outputs.get(name, outputs)
        iam = stack.client("iam")
        keys = {}
        known = {user["UserName"] for user in iam.list_users()["Users"]}
        for user in USERS:
            if user not in known:
                iam.create_user(UserName=user)
                iam.put_user_policy(UserName=user, PolicyName="all", PolicyDocument=ALL)
            keys[user] = Credentials.of(iam.create_access_key(UserName=user))
        topic = outputs["alert_topic_arn"]
        listener = Listener(stack.client("sqs"), stack.client("sns"), topic, f"{name}-listener")
        return cls(stack, outputs, listener, keys)

    # ---- who calls

    def client(self, service: str, user: str = "ana") -> Any:
        return self.stack.client(service, self.keys[user])

    def root(self, service: str) -> Any:
        return self.stack.client(service)

    # ---- what came of it

    def settled(self) -> None:
        assert self.stack.aws.drain()

    def quiet(self) -> None:
        """Wait for what is under way, and forget what was told of it."""
        self.settled()
        self.listener.heard()
        self.failures()

    def alerts(self) -> list[tuple[str, str]]:
        return [(s or "", t) for s, t in self.listener.heard()]

    def failures(self, seconds: float = 0) -> list[dict[str, Any]]:
        """What Lambda gave up, out of the failure queue; waits so long for the first."""
        end = time.monotonic() + seconds
        while True:
            found = bodies(self.root("sqs"), self.outputs["failure_queue"]["url"])
            if found or time.monotonic() >= end:
                return found
            time.sleep(0.1)

    def lines(self) -> list[str]:
        group = self.outputs["log_group_name"]
        pages = self.root("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
        return [event["message"] for page in pages for event in page["events"]]

    def logged(self, text: str) -> list[dict[str, Any]]:
        """The log's records that hold the text."""
        found = [line for line in self.lines() if text in line and "{" in line]
        return [json.loads(line[line.index("{") :]) for line in found]

    def audited(self, status: str, resource: str = "") -> list[dict[str, Any]]:
        """The audit records of a status, of one resource or all, in their order."""
        return [
            line["action"]
            for line in self.logged(f"action {status}")
            if resource in json.dumps(line["action"]["resources"])
        ]

    def runs(self) -> int:
        """How often the function was started."""
        return sum(line.startswith("START RequestId") for line in self.lines())

    # ---- events by hand

    @contextmanager
    def deaf(self) -> Iterator[None]:
        """Nothing that is done meanwhile reaches the function."""
        events = self.root("events")
        arn = f"arn:aws:lambda:{REGION}:{self.stack.account}:function:{self.function}"
        names = events.list_rule_names_by_target(TargetArn=arn)["RuleNames"]
        assert names
        self.settled()
        for name in names:
            events.disable_rule(Name=name)
        try:
            yield
            self.settled()
        finally:
            for name in names:
                events.enable_rule(Name=name)

    @property
    def function(self) -> str:
        return str(self.outputs["function_name"])

    def event(self, name: str, number: int = 0) -> Event:
        """A user's last call of that name as EventBridge would hand it over; 1: the one before."""
        found = self.root("cloudtrail").lookup_events(
            LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": name}]
        )["Events"]
        records = [json.loads(each["CloudTrailEvent"]) for each in found]
        record = [r for r in records if r["userIdentity"]["type"] == "IAMUser"][number]
        return {
            "version": "0",
            "id": record["eventID"],
            "detail-type": "AWS API Call via CloudTrail",
            "source": "aws." + record["eventSource"].partition(".")[0],
            "account": record["recipientAccountId"],
            "time": record["eventTime"],
            "region": record["awsRegion"],
            "resources": [],
            "detail": record,
        }

    def invoke(self, event: Event) -> dict[str, Any]:
        """What the function answers to an event; its error, where it raised one."""
        answer = self.root("lambda").invoke(
            FunctionName=self.function, Payload=json.dumps(event).encode()
        )
        body = json.loads(answer["Payload"].read())
        return {"error": body} if "FunctionError" in answer else body

    # ---- what the function may

    @property
    def role(self) -> str:
        configuration = self.root("lambda").get_function_configuration(FunctionName=self.function)
        return str(configuration["Role"].rpartition("/")[2])

    def policies(self) -> dict[str, dict[str, Any]]:
        """The documents of its role, by name."""
        iam, role = self.root("iam"), self.role
        assert not iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        return {
            name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
        }

    def permissions(self) -> set[str]:
        return {
            action
            for document in self.policies().values()
            for statement in document["Statement"]
            if statement["Effect"] == "Allow"
            for action in statement["Action"]
        }

    @contextmanager
    def without(self, action: str) -> Iterator[None]:
        """The function's role has lost one permission."""
        iam, role, whole = self.root("iam"), self.role, self.policies()

        def put(documents: dict[str, dict[str, Any]]) -> None:
            for name, document in documents.items():
                iam.put_role_policy(
                    RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document)
                )

        reduced = json.loads(json.dumps(whole))
        for document in reduced.values():
            for statement in document["Statement"]:
                if statement["Effect"] == "Allow":
                    kept = [each for each in statement["Action"] if each != action]
                    statement["Action"] = kept or ["iam:Nothing"]
        assert reduced != whole, f"{action} is not among them"
        put(reduced)
        if action == "ssm:GetParameter":
            time.sleep(SWITCH_SECONDS)
        try:
            yield
        finally:
            put(whole)
            if action == "ssm:GetParameter":
                time.sleep(SWITCH_SECONDS)
