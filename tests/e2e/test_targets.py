"""examples/targets: one apply, an event to each kind of target, to none once rights are gone."""

from __future__ import annotations

import io
import json
import ssl
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from localaws.client.control import Control
from tests.e2e.logged import trail
from tests.harness.applies import Applier, Stack
from tests.harness.local_aws import REGION, LocalAws
from tests.harness.mail import bodies, take

pytestmark = pytest.mark.e2e

SECURITY = "299999999901"
IMAGE = "ami-0abcdef1234567890"


class Tickets:
    """An HTTPS endpoint that keeps what it is asked."""

    def __init__(self, folder: Path) -> None:
        asked: list[tuple[str, dict[str, str], Any]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                asked.append((self.path, headers, json.loads(body)))
                self.send_response(201)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.asked = asked
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate(folder))
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"https://127.0.0.1:{self.server.server_port}/api/tickets"


def certificate(folder: Path) -> Path:
    """A key and a certificate that it signs itself, in one file."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    plain = (
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = folder / "tickets.pem"
    path.write_bytes(key.private_bytes(*plain) + signed.public_bytes(serialization.Encoding.PEM))
    return path


@dataclass
class World:
    stack: Stack
    tickets: Tickets
    outputs: dict[str, Any]
    count: int = 0

    def client(self, service: str) -> Any:
        return self.stack.client(service)

    def security(self, service: str) -> Any:
        return self.stack.aws.client(service, SECURITY, REGION)

    def happen(self, *what: str) -> tuple[set[str], dict[str, str]]:
        """Let these calls be made; what was delivered, and the error codes of what was not.

        By the rule's key and the target's.
        """
        control = Control(self.stack.aws.port)
        last = control.get("health")["last"]
        self.count += 1
        if "bucket-changed" in what:
            self.client("s3").create_bucket(Bucket=f"made-{self.count}-{self.stack.account}")
        if "instance-launched" in what:
            self.client("ec2").run_instances(
                ImageId=IMAGE, InstanceType="t3.micro", MinCount=1, MaxCount=1
            )
        if "trail-tampered" in what:
            everything = [{"ReadWriteType": "All", "IncludeManagementEvents": True}]
            trails = self.client("cloudtrail")
            trails.put_event_selectors(TrailName="existing", EventSelectors=everything)
        assert self.stack.aws.drain()
        steps = [
            step
            for step in control.get(f"activity?since={last}")
            if step["kind"] == "router" and step["account"] == self.stack.account
        ]
        arns = {step["extra"]["target_arn"]: _name(step) for step in steps}
        letters = take(self.client("sqs"), self.outputs["dead_letter_queue"]["url"])
        values = [
            {n: v["StringValue"] for n, v in one["MessageAttributes"].items()} for one in letters
        ]
        return (
            {_name(step) for step in steps if step["step"] == "delivered"},
            {arns[one["TARGET_ARN"]]: one["ERROR_CODE"] for one in values},
        )


def _name(step: dict[str, Any]) -> str:
    return f"{step['what'].removeprefix('targets-')}/{step['extra']['target']}"


BUCKET_CHANGED = {f"bucket-changed/{target}" for target in ("lake", "review", "stream", "ticket")}
LAUNCHED = {f"instance-launched/{target}" for target in ("inventory", "scan", "tag")}
TAMPERED = {f"trail-tampered/{target}" for target in ("code", "people", "work")}


@pytest.fixture(scope="module")
def world(
    apply: Applier, local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    tickets = Tickets(tmp_path_factory.mktemp("tickets"))
    account = apply.account()
    bucket = f"lake-{account}"
    local_aws.client("s3", account, REGION).create_bucket(Bucket=bucket)
    ec2 = local_aws.client("ec2", account, REGION)
    trail(local_aws, account, REGION)
    security = {
        "function_arn": f"arn:aws:lambda:{REGION}:{SECURITY}:function:code",
        "queue_arn": f"arn:aws:sqs:{REGION}:{SECURITY}:work",
        "topic_arn": f"arn:aws:sns:{REGION}:{SECURITY}:people",
    }
    variables = {
        "api_key": "a-key-of-the-tickets",
        "bucket_name": bucket,
        "endpoint_url": tickets.url,
        "security": security,
        "subnet_ids": [ec2.describe_subnets()["Subnets"][0]["SubnetId"]],
    }
    stack = apply(Path("examples/targets"), variables, account=account)
    made = World(stack, tickets, stack.outputs)
    _build_security(made)
    yield made
    tickets.server.shutdown()
    tickets.server.server_close()


def _build_security(world: World) -> None:
    """The security account's queue, topic and function, which admit nobody yet."""
    world.security("sqs").create_queue(QueueName="work")
    world.security("sns").create_topic(Name="people")
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    role = world.security("iam").create_role(
        RoleName="code", AssumeRolePolicyDocument=_policy(trust)
    )["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("code.py", "def handler(event, context): return event['id']")
    world.security("lambda").create_function(
        FunctionName="code",
        Role=role,
        Runtime="python3.13",
        Handler="code.handler",
        Code={"ZipFile": code.getvalue()},
    )


def _policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def test_a_second_plan_is_empty(world: World) -> None:
    assert world.stack.changes() == {}


def test_each_kind_gets_its_event(world: World) -> None:
    delivered, letters = world.happen("bucket-changed", "instance-launched")
    assert letters == {}
    assert delivered == {"bucket-changed/log"} | BUCKET_CHANGED | LAUNCHED
    account = world.stack.account

    (entry,) = world.client("logs").filter_log_events(logGroupName="/aws/events/targets")["events"]
    event = json.loads(entry["message"])
    assert event["detail"]["eventName"] == "CreateBucket"

    kinesis = world.client("kinesis")
    (record,) = [
        record
        for shard in kinesis.list_shards(StreamName="targets")["Shards"]
        for record in kinesis.get_records(
            ShardIterator=kinesis.get_shard_iterator(
                StreamName="targets",
                ShardId=shard["ShardId"],
                ShardIteratorType="TRIM_HORIZON",
            )["ShardIterator"]
        )["Records"]
    ]
    assert (json.loads(record["Data"]), record["PartitionKey"]) == (event, account)

    ((path, headers, body),) = world.tickets.asked
    assert path == "/api/tickets"
    assert (headers["x-api-key"], headers["x-rule"]) == ("a-key-of-the-tickets", "bucket-changed")
    assert body == {"title": f"arn:aws:iam::{account}:root called CreateBucket"}

    machine = world.stack.resources["aws_sfn_state_machine.review"]["values"]["arn"]
    states = world.client("stepfunctions")
    (execution,) = states.list_executions(stateMachineArn=machine)["executions"]
    started = states.describe_execution(executionArn=execution["executionArn"])
    assert json.loads(started["input"]) == event

    s3 = world.client("s3")
    (file,) = s3.list_objects_v2(Bucket=f"lake-{account}", Prefix="events/")["Contents"]
    kept = s3.get_object(Bucket=f"lake-{account}", Key=file["Key"])["Body"].read()
    assert json.loads(kept) == event  # the emulator compresses nothing


def test_what_a_launch_sets_in_motion(world: World) -> None:
    (instance,) = [
        instance["InstanceId"]
        for reservation in world.client("ec2").describe_instances()["Reservations"]
        for instance in reservation["Instances"]
    ]
    ssm = world.client("ssm")
    (started,) = ssm.describe_automation_executions()["AutomationExecutionMetadataList"]
    automation = ssm.get_automation_execution(
        AutomationExecutionId=started["AutomationExecutionId"]
    )["AutomationExecution"]
    assert automation["DocumentName"] == "targets-tag"
    assert automation["Parameters"]["InstanceId"] == [instance]
    assert automation["Parameters"]["LaunchedBy"] == [f"arn:aws:iam::{world.stack.account}:root"]

    (command,) = ssm.list_commands()["Commands"]
    assert command["StatusDetails"] == "NoInstancesInTag"
    assert command["Parameters"] == {"commands": ["/usr/local/bin/refresh-inventory"]}

    ecs = world.client("ecs")
    (task,) = ecs.describe_tasks(
        cluster="targets", tasks=ecs.list_tasks(cluster="targets")["taskArns"]
    )["tasks"]
    (container,) = task["overrides"]["containerOverrides"]
    assert container["environment"] == [{"name": "INSTANCE", "value": instance}]
    assert task["startedBy"] == "events-rule/targets-instance-launched"


def test_another_account_admits_the_rules_role_first(world: World) -> None:
    assert world.happen("trail-tampered") == (
        set(),
        dict.fromkeys(sorted(TAMPERED), "NO_PERMISSIONS"),
    )
    statements = {n: json.loads(s) for n, s in world.outputs["security_statements"].items()}
    sqs, sns = world.security("sqs"), world.security("sns")
    url = sqs.get_queue_url(QueueName="work")["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": _policy(statements["work"])})
    sns.set_topic_attributes(
        TopicArn=statements["people"]["Resource"],
        AttributeName="Policy",
        AttributeValue=_policy(statements["people"]),
    )
    world.security("lambda").add_permission(
        FunctionName="code",
        StatementId=statements["code"]["Sid"],
        Action=statements["code"]["Action"],
        Principal=statements["code"]["Principal"]["AWS"],
    )
    assert world.happen("trail-tampered") == (TAMPERED, {})
    (event,) = bodies(sqs, url)
    assert event["detail"]["eventName"] == "PutEventSelectors"


def test_without_its_rights_a_role_reaches_nothing(world: World) -> None:
    iam = world.client("iam")
    for role in world.outputs["roles"].values():
        iam.delete_role_policy(RoleName=role["name"], PolicyName="targets")
    logs = world.client("logs")
    (policy,) = logs.describe_resource_policies()["resourcePolicies"]
    logs.delete_resource_policy(policyName=policy["policyName"])
    everything = {"bucket-changed/log"} | BUCKET_CHANGED | LAUNCHED | TAMPERED
    assert world.happen("bucket-changed", "instance-launched", "trail-tampered") == (
        set(),
        dict.fromkeys(sorted(everything), "NO_PERMISSIONS"),
    )
