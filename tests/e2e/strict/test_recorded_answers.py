"""What public recordings say that AWS answers, and the emulator does not: refusals and acceptances.

Each row names where AWS's answer was read: validated tests of LocalStack and moto (Apache-2.0), the
AWS provider's acceptance tests, or the API's own page. The rows are written afresh.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.e2e.strict.support import Account, allow, package, policy, refused, trusts
from tests.harness.local_aws import Credentials

pytestmark = pytest.mark.e2e

Call = Callable[[Account], Any]
EVENT = {"Source": "shop", "DetailType": "order", "Detail": '{"n": 1}'}


def queue(account: Account, name: str, region: str = "us-east-1", **admit: Any) -> str:
    arn = account.arn("sqs", name, region)
    statement = allow(
        "sqs:SendMessage", arn, Principal={"Service": "events.amazonaws.com"}, **admit
    )
    account.client("sqs", region=region).create_queue(
        QueueName=name, Attributes={"Policy": policy(statement)}
    )
    return arn


def received(account: Account, name: str, region: str = "us-east-1") -> list[dict[str, Any]]:
    assert account.aws.drain()
    sqs = account.client("sqs", region=region)
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(message["Body"]) for message in found]


# --- PutEvents: LocalStack, test_events.py, test_put_events_without_*, *_malformed_detail ---------


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ({"DetailType": "d", "Detail": "{}"}, "InvalidArgument"),
        ({"Source": "", "DetailType": "d", "Detail": "{}"}, "InvalidArgument"),
        ({"Source": "s", "Detail": "{}"}, "InvalidArgument"),
        ({"Source": "s", "DetailType": "", "Detail": "{}"}, "InvalidArgument"),
        ({"Source": "s", "DetailType": "d"}, "InvalidArgument"),
        ({"Source": "s", "DetailType": "d", "Detail": "[]"}, "MalformedDetail"),
        ({"Source": "s", "DetailType": "d", "Detail": '"s"'}, "MalformedDetail"),
        ({"Source": "s", "DetailType": "d", "Detail": "1"}, "MalformedDetail"),
        ({"Source": "s", "DetailType": "d", "Detail": "no JSON"}, "MalformedDetail"),
        (EVENT | {"Source": "aws.ec2"}, "NotAuthorizedForSourceException"),
    ],
)
def test_an_entry_that_is_no_event_fails_alone(
    account: Account, entry: dict[str, str], code: str
) -> None:
    events = account.client("events")
    arn = queue(account, "all")
    events.put_rule(Name="all", EventPattern=json.dumps({"account": [account.number]}))
    events.put_targets(Rule="all", Targets=[{"Id": "q", "Arn": arn}])
    answer = events.put_events(Entries=[entry, EVENT])
    assert answer["FailedEntryCount"] == 1
    assert [e.get("ErrorCode") for e in answer["Entries"]] == [code, None]
    (event,) = received(account, "all")
    assert (event["id"], event["detail"]) == (answer["Entries"][1]["EventId"], {"n": 1})


def test_an_entry_may_say_its_time_and_resources(account: Account) -> None:
    events = account.client("events")
    events.put_rule(Name="all", EventPattern='{"source": ["shop"]}')
    events.put_targets(Rule="all", Targets=[{"Id": "q", "Arn": queue(account, "all")}])
    when = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    events.put_events(Entries=[EVENT | {"Time": when, "Resources": ["arn:aws:s3:::b"]}])
    (event,) = received(account, "all")
    assert (event["time"], event["resources"]) == ("2026-01-02T03:04:05Z", ["arn:aws:s3:::b"])


def test_so_many_entries_and_no_more(account: Account) -> None:
    events = account.client("events")
    assert events.put_events(Entries=[EVENT] * 10)["FailedEntryCount"] == 0
    with refused("ValidationException"):
        events.put_events(Entries=[EVENT] * 11)
    big = EVENT | {"Detail": json.dumps({"x": "y" * (1 << 20)})}
    with refused(
        "ValidationException", "Total size of the entries in the request is over the limit."
    ):
        events.put_events(Entries=[big])  # fmt: skip


def test_who_may_put_which_events(account: Account) -> None:
    """Service authorization reference, EventBridge: PutEvents, events:source."""
    bus = account.arn("events", "event-bus/default")
    condition = {"StringEquals": {"events:source": "shop"}}
    may = account.user("ana", allow("events:PutEvents", bus, Condition=condition))
    events = account.client("events", may)
    assert events.put_events(Entries=[EVENT])["FailedEntryCount"] == 0
    with refused("AccessDeniedException"):
        events.put_events(Entries=[EVENT | {"Source": "bank"}])


def test_another_accounts_bus_takes_events_where_its_policy_admits(
    account: Account, other: Account
) -> None:
    events = other.client("events")
    bus = other.arn("events", "event-bus/default")
    entry = EVENT | {"EventBusName": bus}
    with refused("AccessDeniedException"):
        account.client("events").put_events(Entries=[entry])
    events.put_permission(StatementId="in", Action="events:PutEvents", Principal=account.number)
    events.put_rule(Name="all", EventPattern='{"source": ["shop"]}')
    events.put_targets(Rule="all", Targets=[{"Id": "q", "Arn": queue(other, "all")}])
    account.client("events").put_events(Entries=[entry])
    (event,) = received(other, "all")
    assert event["account"] == account.number


# --- rules and buses -----------------------------------------------------------------------------


def test_a_rule_goes_after_its_targets(account: Account) -> None:
    """LocalStack, test_events.py, test_delete_rule_with_targets."""
    events = account.client("events")
    events.put_rule(Name="r", EventPattern='{"source": ["shop"]}')
    events.put_targets(Rule="r", Targets=[{"Id": "q", "Arn": queue(account, "q")}])
    with refused("ValidationException", "Rule can't be deleted since it has targets."):
        events.delete_rule(Name="r")
    events.remove_targets(Rule="r", Ids=["q"])
    events.delete_rule(Name="r")
    events.delete_rule(Name="r")  # once more is no error


def test_a_bus_may_be_named_by_its_arn(account: Account) -> None:
    """The provider's rule_test.go; the API's EventBusName is "the name or ARN"."""
    events = account.client("events")
    bus = events.create_event_bus(Name="own")["EventBusArn"]
    arn = events.put_rule(Name="r", EventBusName=bus, EventPattern='{"source": ["shop"]}')[
        "RuleArn"
    ]
    assert arn == account.arn("events", "rule/own/r")
    target = queue(account, "q")
    events.put_targets(Rule="r", EventBusName=bus, Targets=[{"Id": "q", "Arn": target}])
    assert events.describe_rule(Name="r", EventBusName=bus)["EventBusName"] == "own"
    assert len(events.list_targets_by_rule(Rule="r", EventBusName=bus)["Targets"]) == 1
    assert events.list_rule_names_by_target(TargetArn=target, EventBusName=bus)["RuleNames"] == [
        "r"
    ]
    events.put_events(Entries=[EVENT | {"EventBusName": bus}])
    assert len(received(account, "q")) == 1
    events.disable_rule(Name="r", EventBusName=bus)
    events.remove_targets(Rule="r", EventBusName=bus, Ids=["q"])
    events.delete_rule(Name="r", EventBusName=bus)
    assert events.list_rules(EventBusName=bus)["Rules"] == []


def test_thirty_rules_with_wildcards_and_no_more(account: Account) -> None:
    """EventBridge's quotas: event patterns with wildcards, 30 a bus, fixed."""
    events = account.client("events")
    for n in range(30):
        events.put_rule(Name=f"w{n}", EventPattern=f'{{"source": [{{"wildcard": "a*{n}"}}]}}')
    with refused("LimitExceededException"):
        events.put_rule(Name="w30", EventPattern='{"source": [{"wildcard": "a*b"}]}')
    events.put_rule(Name="w29", EventPattern='{"source": [{"wildcard": "b*c"}]}')
    events.put_rule(Name="plain", EventPattern='{"source": ["shop"]}')


COMPLEX = "*:*:*:*:*:event-bus/*"


@pytest.mark.parametrize(
    "call",
    [
        lambda a: a.client("events").put_rule(Name="w", EventPattern=wildcard(COMPLEX)),
        lambda a: a.client("events").test_event_pattern(
            EventPattern=wildcard(COMPLEX), Event=json.dumps(WHOLE)
        ),
        lambda a: a.client("events").create_archive(
            ArchiveName="w",
            EventSourceArn=a.arn("events", "event-bus/default"),
            EventPattern=wildcard(COMPLEX),
        ),
    ],
    ids=["PutRule", "TestEventPattern", "CreateArchive"],
)
def test_a_pattern_that_is_too_complex(account: Account, call: Call) -> None:
    """LocalStack, event_pattern_templates/content_wildcard_complex_EXC."""
    with refused("InvalidEventPatternException"):
        call(account)


def test_repetition_behind_a_wildcard_is_not_too_complex(account: Account) -> None:
    """LocalStack, event_pattern_templates/content_wildcard_repeating."""
    repeating = wildcard("/Users/*/dir/dir/dir/dir/dir/doc.txt")
    account.client("events").put_rule(Name="w", EventPattern=repeating)


def wildcard(text: str) -> str:
    return json.dumps({"source": [{"wildcard": text}]})


WHOLE: dict[str, Any] = {
    "id": "1",
    "source": "s",
    "detail-type": "d",
    "account": "123456789012",
    "region": "us-east-2",
    "time": "2022-07-13T13:48:01Z",
}


@pytest.mark.parametrize(
    ("detail", "pattern", "matches"),
    [
        ({"state.status": "running"}, {"state": {"status": ["running"]}}, True),
        ({"state": {"status": "running"}}, {"state.status": ["running"]}, True),
        ('{"k": "v"}', {"k": ["v"]}, False),
        ({"items": [{"a": 1, "b": 2}, {"a": 3, "b": 4}]}, {"items": {"a": [1], "b": [4]}}, False),
    ],
)
def test_a_pattern_is_tested_by_the_engine_that_routes(
    account: Account, detail: Any, pattern: dict[str, Any], matches: bool
) -> None:
    """LocalStack, test_events_patterns.py: dot_joining_event, nested_json_NEG, list_of_maps."""
    answer = account.client("events").test_event_pattern(
        Event=json.dumps(WHOLE | {"detail": detail}), EventPattern=json.dumps({"detail": pattern})
    )
    assert answer["Result"] is matches


@pytest.mark.parametrize("missing", sorted(WHOLE))
def test_an_event_to_test_is_a_whole_one(account: Account, missing: str) -> None:
    event = {name: value for name, value in WHOLE.items() if name != missing}
    with refused("ValidationException"):
        account.client("events").test_event_pattern(
            Event=json.dumps(event), EventPattern='{"source": ["s"]}'
        )


def test_an_event_gets_a_new_id_in_another_region_only(account: Account) -> None:
    """LocalStack, test_event_bus_to_event_bus_cross_account_region."""
    role = account.role(
        "forward", {"Service": "events.amazonaws.com"}, allow("events:PutEvents")
    )  # fmt: skip
    for region in ("us-east-1", "eu-west-1"):
        events = account.client("events", region=region)
        events.create_event_bus(Name="own")
        events.put_rule(Name="r", EventBusName="own", EventPattern='{"source": ["shop"]}')
        target = {"Id": "q", "Arn": queue(account, "q", region)}
        events.put_targets(Rule="r", EventBusName="own", Targets=[target])
    events = account.client("events")
    events.create_event_bus(Name="first")
    events.put_rule(Name="f", EventBusName="first", EventPattern='{"source": ["shop"]}')
    buses = [account.arn("events", "event-bus/own", r) for r in ("us-east-1", "eu-west-1")]
    targets = [{"Id": bus[15:19], "Arn": bus, "RoleArn": role} for bus in buses]
    events.put_targets(Rule="f", EventBusName="first", Targets=targets)
    put = events.put_events(Entries=[EVENT | {"EventBusName": "first"}])["Entries"][0]["EventId"]
    (same,), (far,) = received(account, "q"), received(account, "q", "eu-west-1")
    assert same["id"] == put
    assert far["id"] != put
    assert far["region"] == "us-east-1"


def test_another_accounts_queue_is_reached_with_a_role_alone(
    account: Account, other: Account
) -> None:
    """EventBridge's user guide, "Sending events to targets in other accounts"."""
    arn = other.arn("sqs", "inbox")
    role = account.role("send", {"Service": "events.amazonaws.com"}, allow("sqs:SendMessage", arn))
    admits = [
        allow("sqs:SendMessage", arn, Principal={"Service": "events.amazonaws.com"}),
        allow("sqs:SendMessage", arn, Principal={"AWS": role}),
    ]
    other.client("sqs").create_queue(QueueName="inbox", Attributes={"Policy": policy(*admits)})
    events = account.client("events")
    for name, more in (("bare", {}), ("with-role", {"RoleArn": role})):
        events.put_rule(Name=name, EventPattern=json.dumps({"detail": {"to": [name]}}))
        events.put_targets(Rule=name, Targets=[{"Id": "q", "Arn": arn, **more}])
        detail = json.dumps({"to": name})
        events.put_events(Entries=[EVENT | {"Detail": detail}])
    assert [e["detail"]["to"] for e in received(other, "inbox")] == ["with-role"]


# --- archives: LocalStack, test_archive_and_replay.py --------------------------------------------


def test_archives_and_replays_of_what_is_not_there(account: Account) -> None:
    events = account.client("events")
    bus = account.arn("events", "event-bus/default")
    none = account.arn("events", "event-bus/none")
    span = {
        "EventStartTime": datetime.now(UTC) - timedelta(days=1),
        "EventEndTime": datetime.now(UTC),
    }
    with refused("ResourceNotFoundException"):
        events.create_archive(ArchiveName="a", EventSourceArn=none)
    with refused("ResourceNotFoundException"):
        events.list_archives(EventSourceArn=none)
    archive = events.create_archive(ArchiveName="a", EventSourceArn=bus)["ArchiveArn"]
    with refused("ValidationException"):
        events.update_archive(ArchiveName="a")
    events.update_archive(ArchiveName="a", Description="all")
    with refused("ValidationException"):
        events.start_replay(
            ReplayName="r", EventSourceArn=f"{archive}-gone", Destination={"Arn": bus}, **span
        )
    with refused("ResourceNotFoundException"):
        events.start_replay(
            ReplayName="r", EventSourceArn=archive, Destination={"Arn": none}, **span
        )
    events.create_event_bus(Name="own")
    own = account.arn("events", "event-bus/own")
    with refused("ValidationException"):
        events.start_replay(
            ReplayName="r", EventSourceArn=archive, Destination={"Arn": own}, **span
        )
    events.start_replay(ReplayName="r", EventSourceArn=archive, Destination={"Arn": bus}, **span)


# --- IAM: moto, test_iam_policies.py -------------------------------------------------------------

ALLOWS = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::b"}


def document(statement: Any = None, **top: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statement or ALLOWS, **top})


TRUSTS = {
    "Effect": "Allow",
    "Principal": {"Service": "ec2.amazonaws.com"},
    "Action": "sts:AssumeRole",
}
MALFORMED: dict[str, str] = {
    "no JSON": "{",
    "no version": json.dumps({"Statement": ALLOWS}),
    "a version of old": document(Version="2008-10-17"),
    "a version that is none": document(Version="2013-10-17"),
    "an unknown element": document(ALLOWS | {"Extra": "x"}),
    "an unknown top element": document(Extra="x"),
    "an effect that is none": document(ALLOWS | {"Effect": "allow"}),
    "an action without a service": document(ALLOWS | {"Action": "ListBucket"}),
    "two colons in an action": document(ALLOWS | {"Action": "s3:List:Bucket"}),
    "no actions": document(ALLOWS | {"Action": []}),
    "neither action nor NotAction": document({"Effect": "Allow", "Resource": "*"}),
    "action and NotAction": document(ALLOWS | {"NotAction": "s3:Get*"}),
    "a resource that is no ARN": document(ALLOWS | {"Resource": "bucket"}),
    "a resource of another partition": document(ALLOWS | {"Resource": "arn:moon:s3:::b"}),
    "no resources": document(ALLOWS | {"Resource": []}),
    "neither resource nor NotResource": document({"Effect": "Allow", "Action": "s3:*"}),
    "a bucket in a Region": document(ALLOWS | {"Resource": "arn:aws:s3:us-east-1::b"}),
    "a role in a Region": document(ALLOWS | {"Resource": "arn:aws:iam:us-east-1:1:role/r"}),
    "an IAM resource of no kind": document(ALLOWS | {"Resource": "arn:aws:iam::1:thing/r"}),
    "a condition that is a list": document(ALLOWS | {"Condition": []}),
    "an unknown operator": document(ALLOWS | {"Condition": {"Equals": {"aws:username": "a"}}}),
    "the same Sid twice": document([ALLOWS | {"Sid": "A"}, ALLOWS | {"Sid": "A"}]),
    "a principal": document(ALLOWS | {"Principal": "*"}),
}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED)
def test_a_policy_that_iam_does_not_take(account: Account, text: str) -> None:
    iam = account.client("iam")
    with refused("MalformedPolicyDocument"):
        iam.create_policy(PolicyName="p", PolicyDocument=text)
    iam.create_user(UserName="ana")
    with refused("MalformedPolicyDocument"):
        iam.put_user_policy(UserName="ana", PolicyName="p", PolicyDocument=text)


@pytest.mark.parametrize(
    "statement",
    [
        ALLOWS,
        ALLOWS | {"Sid": "One"},
        {"Effect": "Deny", "NotAction": ["iam:*", "sts:*"], "Resource": "*"},
        {"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::b/*"},
        ALLOWS | {"Resource": "arn:aws:s3:::home-${aws:username}/*"},
        ALLOWS | {"Resource": ["arn:aws-cn:s3:::b", "arn:aws-us-gov:s3:::b", "arn:*:s3:::b"]},
        ALLOWS | {"Condition": {"ForAnyValue:StringLikeIfExists": {"aws:TagKeys": ["a", "b"]}}},
        ALLOWS | {"Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/r"}}},
        ALLOWS | {"Condition": {"Bool": {"aws:SecureTransport": False}}},
        ALLOWS | {"Condition": {"DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}}},
        {"Effect": "Allow", "Action": ["ec2:RunInstances"], "Resource": "arn:aws:ec2:*::image/*"},
    ],
)
def test_a_policy_that_iam_takes(account: Account, statement: dict[str, Any]) -> None:
    account.client("iam").create_policy(PolicyName="p", PolicyDocument=document(statement))


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Allow", "Action": "sts:AssumeRole"},
        TRUSTS | {"Action": "s3:GetObject"},
        TRUSTS | {"Resource": "*"},
    ],
)
def test_a_trust_policy_that_iam_does_not_take(account: Account, statement: dict[str, Any]) -> None:
    with refused("MalformedPolicyDocument"):
        account.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=policy(statement))


@pytest.mark.parametrize(
    ("path", "taken"),
    [("/", True), ("/a/", True), ("/a/b/", True), ("a/", False), ("/a", False), ("a", False)],
)
def test_a_path_begins_and_ends_with_a_slash(account: Account, path: str, taken: bool) -> None:
    """IAM's API, CreateRole, Path; CreateUser and the others alike."""
    iam, trust = account.client("iam"), trusts({"Service": "ec2.amazonaws.com"})
    for operation, members in (
        ("create_role", {"RoleName": "r", "AssumeRolePolicyDocument": trust}),
        ("create_user", {"UserName": "u"}),
        ("create_policy", {"PolicyName": "p", "PolicyDocument": document()}),
    ):
        with nullcontext() if taken else refused("ValidationError"):
            getattr(iam, operation)(Path=path, **members)


def test_a_key_that_is_gone_is_nobodys(account: Account) -> None:
    everything = allow("*")
    keys = account.user("ana", everything)
    trails = account.client("cloudtrail", keys)
    trails.describe_trails()
    iam = account.client("iam")
    named = {"UserName": "ana", "AccessKeyId": keys.access_key_id}
    iam.update_access_key(Status="Inactive", **named)
    assert not _answers(trails)
    iam.update_access_key(Status="Active", **named)
    assert _answers(trails)
    iam.delete_access_key(**named)
    assert not _answers(trails)


def _answers(trails: Any) -> bool:
    try:
        trails.describe_trails()
    except ClientError:
        return False
    return True


def test_a_trail_is_authorized_by_its_arn(account: Account) -> None:
    """Service authorization reference, CloudTrail."""
    arn = account.arn("cloudtrail", "trail/one")
    keys: Credentials = account.user("ana", allow("cloudtrail:StopLogging", arn))
    trails = account.client("cloudtrail", keys)
    with refused("TrailNotFoundException"):
        trails.stop_logging(Name="one")
    with refused("TrailNotFoundException"):
        trails.stop_logging(Name=arn)
    for name in ("two", account.arn("cloudtrail", "trail/two")):
        with refused("AccessDeniedException"):
            trails.stop_logging(Name=name)


def test_a_resource_that_is_named_by_its_arn(account: Account) -> None:
    """Service authorization reference, DynamoDB: ListTagsOfResource is asked of the table."""
    account.client("dynamodb").create_table(
        TableName="orders",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
    )
    table = account.arn("dynamodb", "table/orders")
    may = account.user("ana", allow("dynamodb:ListTagsOfResource", f"{table[:-1]}*"))
    may_not = account.user("ben", allow("dynamodb:ListTagsOfResource", f"{table}-other"))
    account.client("dynamodb", may).list_tags_of_resource(ResourceArn=table)
    with refused("AccessDeniedException", status=403):
        account.client("dynamodb", may_not).list_tags_of_resource(ResourceArn=table)


# --- Lambda: LocalStack, test_lambda_api.py ------------------------------------------------------


@pytest.fixture
def function(account: Account) -> str:
    role = account.role("runs", {"Service": "lambda.amazonaws.com"})
    arn: str = account.client("lambda").create_function(
        FunctionName="f",
        Runtime="python3.13",
        Role=role,
        Handler="m.h",
        Code={"ZipFile": package()},
    )["FunctionArn"]
    return arn


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({}, "InvalidParameterValueException"),
        ({"MaximumRetryAttempts": 3}, "ValidationException"),
        ({"MaximumEventAgeInSeconds": 21_601}, "ValidationException"),
        ({"to": "{function}"}, "InvalidParameterValueException"),
        ({"to": "{function}-gone"}, "InvalidParameterValueException"),
        ({"to": "arn:aws:sqs:us-east-1:{account}:gone"}, "InvalidParameterValueException"),
        ({"to": "arn:aws:ec2:us-east-1:{account}:instance/i-1"}, "InvalidParameterValueException"),
        ({"to": "no-arn"}, "InvalidParameterValueException"),
    ],
)
def test_settings_of_invocations(
    account: Account, function: str, settings: dict[str, Any], code: str
) -> None:
    given = dict(settings)
    if "to" in given:
        to = given.pop("to").format(function=function, account=account.number)
        given["DestinationConfig"] = {"OnFailure": {"Destination": to}}
    functions = account.client("lambda")
    with refused(code):
        functions.put_function_event_invoke_config(FunctionName="f", **given)


@pytest.mark.usefixtures("function")
def test_settings_of_invocations_that_are_taken(account: Account) -> None:
    destination = {"OnFailure": {"Destination": queue(account, "failed")}}
    functions = account.client("lambda")
    functions.put_function_event_invoke_config(FunctionName="f", MaximumRetryAttempts=0)
    functions.update_function_event_invoke_config(FunctionName="f", DestinationConfig=destination)
    kept = functions.get_function_event_invoke_config(FunctionName="f")
    assert kept["MaximumRetryAttempts"] == 0
    assert kept["DestinationConfig"]["OnFailure"] == destination["OnFailure"]


@pytest.mark.usefixtures("function")
@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"StatementId": "example.com"}, "ValidationException"),
        ({"Action": "sqs:SendMessage"}, "ValidationException"),
        ({"Qualifier": "$LATEST"}, "InvalidParameterValueException"),
    ],
)
def test_a_permission_that_lambda_does_not_take(
    account: Account, more: dict[str, str], code: str
) -> None:
    given = {
        "FunctionName": "f",
        "StatementId": "s",
        "Action": "lambda:InvokeFunction",
        "Principal": "events.amazonaws.com",
    }
    with refused(code):
        account.client("lambda").add_permission(**given | more)


# --- SQS: LocalStack, test_sqs.py; the quotas of policies ----------------------------------------


@pytest.mark.parametrize("attributes", [{"Bogus": "x"}, {"FifoQueue": "false"},
                                        {"ContentBasedDeduplication": "true"}])  # fmt: skip
def test_attributes_that_a_standard_queue_has_not(
    account: Account, attributes: dict[str, str]
) -> None:
    sqs = account.client("sqs")
    with refused("InvalidAttributeName"):
        sqs.create_queue(QueueName="q", Attributes=attributes)
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    with refused("InvalidAttributeName"):
        sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes)
    sqs.create_queue(QueueName="q.fifo", Attributes={"FifoQueue": "true"})


def test_an_empty_attribute_of_a_message(account: Account) -> None:
    sqs = account.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    empty = {"a": {"DataType": "String", "StringValue": ""}}
    with refused("InvalidParameterValue"):
        sqs.send_message(QueueUrl=url, MessageBody="x", MessageAttributes=empty)
    with refused("InvalidParameterValue"):
        entry = {"Id": "1", "MessageBody": "x", "MessageAttributes": empty}
        sqs.send_message_batch(QueueUrl=url, Entries=[entry])


@pytest.mark.parametrize(
    ("statements", "taken"),
    [
        (20, True),
        (21, False),
    ],
)
def test_statements_of_a_queues_policy(account: Account, statements: int, taken: bool) -> None:
    who = {"Service": "events.amazonaws.com"}
    many = [
        allow("sqs:SendMessage", account.arn("sqs", "q"), Principal=who, Sid=f"S{n}")
        for n in range(statements)
    ]
    _queue_with(account, policy(*many), taken=taken)


@pytest.mark.parametrize(("actions", "taken"), [(7, True), (8, False)])
def test_actions_of_a_queues_policy(account: Account, actions: int, taken: bool) -> None:
    names = ("SendMessage", "ReceiveMessage", "DeleteMessage", "GetQueueUrl", "GetQueueAttributes",
             "PurgeQueue", "ChangeMessageVisibility", "ListQueueTags")  # fmt: skip
    listed = [f"sqs:{name}" for name in names[:actions]]
    statement = allow(listed, account.arn("sqs", "q"), Principal={"AWS": account.number})
    _queue_with(account, policy(statement), taken=taken)


@pytest.mark.parametrize(("conditions", "taken"), [(10, True), (11, False)])
def test_conditions_of_a_queues_policy(account: Account, conditions: int, taken: bool) -> None:
    who = {"Service": "events.amazonaws.com"}
    many = [
        allow(
            "sqs:SendMessage",
            account.arn("sqs", "q"),
            Principal=who,
            Condition={"ArnEquals": {"aws:SourceArn": account.arn("events", f"rule/r{n}")}},
        )
        for n in range(conditions)
    ]
    _queue_with(account, policy(*many), taken=taken)


def _queue_with(account: Account, text: str, *, taken: bool) -> None:
    sqs = account.client("sqs")
    if taken:
        sqs.create_queue(QueueName="q", Attributes={"Policy": text})
        return
    with refused("OverLimit", status=403):
        sqs.create_queue(QueueName="q", Attributes={"Policy": text})


# --- S3: LocalStack, test_s3.py; the provider's bucket_versioning_test.go -------------------------


def test_mfa_delete_that_is_off_is_switched_off_without_a_token(account: Account) -> None:
    s3, bucket = account.client("s3"), account.bucket()
    off = {"Status": "Enabled", "MFADelete": "Disabled"}
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=off)
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"


RULE = {"ID": "a", "Status": "Enabled", "Filter": {"Prefix": ""}}
IA = {"StorageClass": "STANDARD_IA"}
DEFAULT = "ApplyServerSideEncryptionByDefault"


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ([RULE | {"Expiration": {"Date": "2030-01-01T05:00:00Z"}}], "InvalidArgument"),
        ([RULE | {"Expiration": {"Days": 0}}], "InvalidArgument"),
        ([RULE | {"Expiration": {"Days": n}} for n in (1, 2)], "InvalidArgument"),
        ([RULE | {"ID": "x" * 256, "Expiration": {"Days": 1}}], "InvalidArgument"),
        ([RULE], "InvalidRequest"),
        ([RULE | {"Status": "enabled", "Expiration": {"Days": 1}}], "MalformedXML"),
        ([RULE | {"Prefix": "", "Expiration": {"Days": 1}}], "MalformedXML"),
        ([RULE | {"Transitions": [{"Days": 29} | IA]}], "InvalidArgument"),
        (
            [RULE | {"Transitions": [{"Days": 30} | IA], "Expiration": {"Days": 30}}],
            "InvalidArgument",
        ),
    ],
)
def test_a_lifecycle_that_s3_does_not_take(
    account: Account, rules: list[dict[str, Any]], code: str
) -> None:
    s3, bucket = account.client("s3"), account.bucket()
    with refused(code):
        s3.put_bucket_lifecycle_configuration(
            Bucket=bucket, LifecycleConfiguration={"Rules": rules}
        )


def test_a_lifecycle_that_s3_takes(account: Account) -> None:
    s3, bucket = account.client("s3"), account.bucket()
    rules = [
        RULE | {"Transitions": [{"Days": 30} | IA], "Expiration": {"Days": 31}},
        RULE | {"ID": "b", "Expiration": {"Date": "2030-01-01T00:00:00Z"}},
        RULE | {"ID": "c", "NoncurrentVersionExpiration": {"NoncurrentDays": 1}},
        RULE | {"ID": "d", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}},
        RULE | {"ID": "e", "Transitions": [{"Days": 0, "StorageClass": "DEEP_ARCHIVE"}]},
    ]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ([], "MalformedXML"),
        ([{DEFAULT: {"SSEAlgorithm": "rot13"}}], "MalformedXML"),
        ([{DEFAULT: {"SSEAlgorithm": "AES256", "KMSMasterKeyID": "k"}}], "InvalidArgument"),
    ],
)
def test_an_encryption_that_s3_does_not_take(
    account: Account, rules: list[dict[str, Any]], code: str
) -> None:
    s3, bucket = account.client("s3"), account.bucket()
    with refused(code):
        s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": rules})
