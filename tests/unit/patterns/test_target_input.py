"""What a target is sent, to the letter."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reactor.patterns.target_input import InputError, direct_call, target_input

pytestmark = pytest.mark.unit

RULE = "arn:aws:events:us-east-2:123456789012:rule/stopped"
INGESTED = datetime(2026, 3, 1, 12, 0, 7, 250_000, tzinfo=UTC)
EVENT: dict[str, Any] = {
    "version": "0",
    "id": "e-1",
    "detail-type": "EC2 Instance State-change Notification",
    "source": "aws.ec2",
    "account": "123456789012",
    "time": "2026-03-01T12:00:00Z",
    "region": "us-east-2",
    "resources": ["arn:aws:ec2:us-east-2:123456789012:instance/i-1"],
    "detail": {
        "instance-id": "i-1",
        "state": "stopped",
        "cores": 8,
        "load": 0.5,
        "spot": False,
        "count": 0,
        "reason": None,
        "who_did": 'Ana "the admin"',
        "tags": [{"key": "team", "value": "ops"}, {"key": "env", "value": "é"}],
        "names": ["a", "b"],
        "owner": {"id": 7, "path": "x/y"},
        "app/name": "shop",
    },
}
PATHS = {
    "instance": "$.detail.instance-id",
    "state": "$.detail.state",
    "cores": "$.detail.cores",
    "load": "$.detail.load",
    "spot": "$.detail.spot",
    "count": "$.detail.count",
    "reason": "$.detail.reason",
    "who": "$.detail.who_did",
    "tags": "$.detail.tags",
    "first": "$.detail.tags[0].value",
    "keys": "$.detail.tags[*].key",
    "names": "$.detail.names",
    "owner": "$.detail.owner",
    "timestamp": "$.time",
    "gone": "$.detail.no.such",
}


def sent(**settings: Any) -> str:
    return target_input(settings, EVENT, RULE, INGESTED)


def filled(template: str, paths: dict[str, str] = PATHS) -> str:
    return sent(InputTransformer={"InputPathsMap": paths, "InputTemplate": template})


def test_the_whole_event_without_spaces() -> None:
    assert sent() == json.dumps(EVENT, separators=(",", ":"), ensure_ascii=False)


def test_a_constant_is_sent_as_written() -> None:
    assert sent(Input='{ "static" : [1, 2] }') == '{ "static" : [1, 2] }'


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("$", None),
        ("$.detail.owner", '{"id":7,"path":"x/y"}'),
        ("$.detail.state", '"stopped"'),
        ("$.detail.cores", "8"),
        ("$.detail.names[1]", '"b"'),
        ("$.detail.tags[*].value", '["ops","é"]'),
        ("$.detail.owner.*", '[7,"x/y"]'),
        ("$.detail-type", '"EC2 Instance State-change Notification"'),
        ("$.detail.app/name", '"shop"'),
        ("$.detail.reason", "null"),
        ("$.resources", '["arn:aws:ec2:us-east-2:123456789012:instance/i-1"]'),
    ],
)
def test_input_path(path: str, text: str | None) -> None:
    assert sent(InputPath=path) == (text if text is not None else sent())


@pytest.mark.parametrize(
    "path",
    [
        "$.detail.no",
        "$.detail.names[2]",
        "$..state",
        "$['detail']",
        "detail.state",
        "$.detail.names[-1]",
    ],
)
def test_a_path_that_finds_nothing_or_is_not_supported(path: str) -> None:
    with pytest.raises(InputError, match="finds nothing") as failure:
        sent(InputPath=path)
    assert failure.value.code == "INVALID_PARAMETER"


@pytest.mark.parametrize(
    ("template", "text"),
    [
        # A string keeps its quotes, and what is escaped in it stays so.
        ('"instance <instance> is <state>"', '"instance i-1 is stopped"'),
        ('"instance \\"<instance>\\" is <state>"', '"instance \\"i-1\\" is stopped"'),
        ('"a\\nb <state>"', '"a\\nb stopped"'),
        # Several strings, one a line: a mail with line breaks.
        ('"<instance>"\n"is <state>."', '"i-1"\n"is stopped."'),
        ('"{[/<state>"', '"{[/stopped"'),
        # Not text: numbers and booleans as JSON, objects and arrays lose their quotes.
        ('"<cores> <load> <spot> <count>"', '"8 0.5 false 0"'),
        ('"<names> and <owner>"', '"[a,b] and {id:7,path:x/y}"'),
        ('"<tags>"', '"[{key:team,value:ops},{key:env,value:é}]"'),
        ('"<gone> and <reason> are empty"', '" and  are empty"'),
        # Values are not escaped.
        ('"by <who>"', '"by Ana "the admin""'),
        ('"<state>/<state>"', '"stopped/stopped"'),
        ('"1 < 2 > 0"', '"1 < 2 > 0"'),
    ],
)
def test_text_template(template: str, text: str) -> None:
    assert filled(template) == text


@pytest.mark.parametrize(
    ("template", "text"),
    [
        (
            '{\n  "instance" : <instance>,\n  "state": <state>\n}',
            '{"instance":"i-1","state":"stopped"}',
        ),
        (
            '{"instance": <instance>, "state": "<state>", "said": "\\"<instance>\\" is <state>"}',
            '{"instance":"i-1","state":"stopped","said":"\\"i-1\\" is stopped"}',
        ),
        ('{"list": [9, <state>, true]}', '{"list":[9,"stopped",true]}'),
        ('{"n": <cores>, "l": <load>, "s": <spot>}', '{"n":8,"l":0.5,"s":false}'),
        ('{"n": "<cores>", "s": "<spot>"}', '{"n":"8","s":"false"}'),
        ('{"o": <owner>, "a": <names>}', '{"o":{"id":7,"path":"x/y"},"a":["a","b"]}'),
        ('{"first": <first>, "keys": <keys>}', '{"first":"ops","keys":["team","env"]}'),
        ('{"gone": <gone>, "in": "<gone>", "null": <reason>}', '{"gone":"","in":"","null":""}'),
        # Outside quotes text is made a JSON string, and so escaped.
        ('{"who": <who>}', '{"who":"Ana \\"the admin\\""}'),
        # Spaces inside strings stay, others go; numbers are not rewritten.
        ('{ "a b" : "c  d" , "n" : 1.50 }', '{"a b":"c  d","n":1.50}'),
        ('["<state>", <cores>]', '["stopped",8]'),
        ("<owner>", '{"id":7,"path":"x/y"}'),
        ("<state>", '"stopped"'),
    ],
)
def test_json_template(template: str, text: str) -> None:
    assert filled(template) == text


@pytest.mark.parametrize(
    "template",
    [
        '{"o": "<owner>"}',
        '{"a": "<names>"}',
        '{"p": "users/<owner>"}',
        '{"who": "<who>"}',
        "{<state>}",
    ],
)
def test_a_template_that_is_no_json_once_filled_is_not_delivered(template: str) -> None:
    with pytest.raises(InputError, match="not valid JSON") as failure:
        filled(template)
    assert failure.value.code == "INVALID_JSON"


def test_reserved_variables_need_no_path() -> None:
    template = (
        '{"arn": <aws.events.rule-arn>, "name": <aws.events.rule-name>,'
        ' "at": <aws.events.event.ingestion-time>, "event": <aws.events.event>,'
        ' "json": <aws.events.event.json>}'
    )
    made = json.loads(filled(template, {}))
    short = {key: value for key, value in EVENT.items() if key not in ("detail", "detail-type")}
    assert made == {
        "arn": RULE,
        "name": "stopped",
        "at": "2026-03-01T12:00:07Z",
        # Without detail, and with one name spelt otherwise.
        "event": short | {"detailType": EVENT["detail-type"]},
        "json": EVENT,
    }
    text = '"<aws.events.rule-name> (<aws.events.rule-arn>) <aws.events.event.ingestion-time>"'
    assert filled(text, {}) == f'"stopped ({RULE}) 2026-03-01T12:00:07Z"'


def test_a_reserved_name_cannot_be_taken() -> None:
    assert filled('"<aws.events.rule-name>"', {"aws.events.rule-name": "$.id"}) == '"stopped"'


def test_a_variable_without_a_path_is_an_error() -> None:
    with pytest.raises(InputError, match="no path for <instanc>"):
        filled('"<instanc>"')


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(alphabet=st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(JSON)
def test_any_value_stands_in_a_json_template_as_it_is(value: Any) -> None:
    transformer = {
        "InputPathsMap": {"v": "$.detail.v", "all": "$.detail"},
        "InputTemplate": '{ "v" : <v>, "all": [ <all> ], "s": "a b" }',
    }
    settings = {"InputTransformer": transformer}
    text = target_input(settings, {"detail": {"v": value}}, RULE, INGESTED)
    assert json.loads(text) == {
        "v": "" if value is None else value,
        "all": [{"v": value}],
        "s": "a b",
    }
    assert text.startswith('{"v":')


@pytest.mark.parametrize(
    ("arn", "settings", "call"),
    [
        (
            "arn:aws:lambda:eu-west-1:123456789012:function:guard",
            {},
            (
                "lambda",
                "invoke",
                {
                    "FunctionName": "arn:aws:lambda:eu-west-1:123456789012:function:guard",
                    "InvocationType": "Event",
                    "Payload": b"{}",
                },
            ),
        ),
        (
            "arn:aws:sns:eu-west-1:123456789012:alerts",
            {},
            (
                "sns",
                "publish",
                {"TopicArn": "arn:aws:sns:eu-west-1:123456789012:alerts", "Message": "{}"},
            ),
        ),
        (
            "arn:aws:sqs:eu-west-1:123456789012:work",
            {"SqsParameters": None},
            ("sqs", "send_message", {"MessageBody": "{}"}),
        ),
        (
            "arn:aws:sqs:eu-west-1:123456789012:work.fifo",
            {"SqsParameters": {"MessageGroupId": "all"}},
            ("sqs", "send_message", {"MessageBody": "{}", "MessageGroupId": "all"}),
        ),
        ("arn:aws:states:eu-west-1:123456789012:stateMachine:x", {}, None),
        ("guard", {}, None),
    ],
)
def test_the_call_that_stands_for_a_delivery(arn: str, settings: Any, call: Any) -> None:
    assert direct_call(arn, settings, "{}") == call
