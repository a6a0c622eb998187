"""ARNs on their way into an emulator that knows one partition, and out of it."""

from __future__ import annotations

import io
import json
import struct
from typing import Any

import pytest
from botocore.parsers import BaseCBORParser

from localaws.emulator.partitions import Crossing
from localaws.wire.http import Request, Response
from localaws.wire.partition import home_region, partition, swapped_text

pytestmark = pytest.mark.unit


def request(
    service: str, region: str, path: bytes = b"/", body: bytes = b"", **more: Any
) -> Request:
    scope = f"AWS4-HMAC-SHA256 Credential=111122223333/20261128/{region}/{service}/aws4_request"
    headers = [(b"authorization", scope.encode()), *more.pop("headers", ())]
    return Request("POST", path, more.pop("query", b""), headers, body)


def inside(given: Request) -> Request:
    return Crossing(given).inward(given)


def test_partitions_by_region() -> None:
    regions = {
        "us-east-1": "aws",
        "eu-central-2": "aws",
        "cn-northwest-1": "aws-cn",
        "us-gov-east-1": "aws-us-gov",
        "us-iso-west-1": "aws-iso",
        "us-isob-east-1": "aws-iso-b",
        "eusc-de-east-1": "aws-eusc",
    }
    assert {region: partition(region) for region in regions} == regions
    assert all(partition(home_region(name)) == name for name in regions.values())


def test_swapping_twice_gives_it_back() -> None:
    text = "arn:aws-cn:s3:::b arn:aws:s3:::b arn:aws-us-gov:s3:::b arn%3Aaws-cn%3Asns aws-cn"
    there = swapped_text(text, "aws-cn")
    assert there == "arn:aws:s3:::b arn:aws-cn:s3:::b arn:aws-us-gov:s3:::b arn%3Aaws%3Asns aws-cn"
    assert swapped_text(there, "aws-cn") == text
    assert swapped_text(text, "aws") == text


def test_in_its_own_partition_nothing_is_touched() -> None:
    given = request("sns", "us-east-1", body=b'{"A":"arn:aws-cn:sns"}')
    assert inside(given) is given
    answer = Response(200, [], b"arn:aws-cn:sns")
    assert Crossing(given).outward(answer) is answer


def test_path_query_headers_and_body() -> None:
    given = request(
        "lambda",
        "cn-north-1",
        b"/functions/arn%3Aaws-cn%3Alambda%3Acn-north-1",
        b"TopicArn=arn%3Aaws-cn%3Asns",
        query=b"Resource=arn:aws-cn:x:",
        headers=[
            (b"x-key", b"arn:aws-cn:kms:"),
            (b"content-length", b"27"),
            (b"content-md5", b"x"),
        ],
    )
    there = inside(given)
    assert there.raw_path == b"/functions/arn%3Aaws%3Alambda%3Acn-north-1"
    assert there.query_string == b"Resource=arn:aws:x:"
    assert there.body == b"TopicArn=arn%3Aaws%3Asns"
    fields = there.fields
    assert (fields["x-key"], fields["content-length"]) == ("arn:aws:kms:", "24")
    assert "content-md5" not in fields
    assert fields["authorization"] == given.fields["authorization"]


@pytest.mark.parametrize(
    ("service", "path", "members", "there"),
    [
        (
            "lambda",
            b"/2015-03-31/functions",
            {"Role": "arn:aws-cn:iam:", "Environment": {"Variables": {"A": "arn:aws-cn:sns:"}}},
            {"Role": "arn:aws:iam:", "Environment": {"Variables": {"A": "arn:aws-cn:sns:"}}},
        ),
        (
            "sqs",
            b"/",
            {"MessageBody": "arn:aws-cn:x:", "Policy": '{"Resource":"arn:aws-cn:sqs:"}'},
            {"MessageBody": "arn:aws-cn:x:", "Policy": '{"Resource":"arn:aws:sqs:"}'},
        ),
        ("lambda", b"/f/invocations", {"a": "arn:aws-cn:x:"}, {"a": "arn:aws-cn:x:"}),
        ("s3", b"/bucket/key", {"a": "arn:aws-cn:x:"}, {"a": "arn:aws-cn:x:"}),
        ("s3", b"/bucket", {"a": "arn:aws-cn:x:"}, {"a": "arn:aws:x:"}),
    ],
)
def test_what_is_not_the_emulator_s_passes_as_it_is(
    service: str, path: bytes, members: Any, there: Any
) -> None:
    given = request(service, "cn-north-1", path, json.dumps(members).encode())
    assert json.loads(inside(given).body) == there
    back = Crossing(given).outward(Response(200, [(b"Content-Length", b"1")], inside(given).body))
    assert json.loads(back.body) == members
    assert back.fields["content-length"] == str(len(back.body))


def cbor(value: Any) -> bytes:
    """https://www.rfc-editor.org/rfc/rfc8949#section-3"""

    def head(major: int, count: int) -> bytes:
        if count < 24:
            return bytes([major << 5 | count])
        if count < 256:
            return bytes([major << 5 | 24, count])
        return bytes([major << 5 | 25]) + struct.pack(">H", count)

    match value:
        case bool():
            return b"\xf5" if value else b"\xf4"
        case int():
            return head(0, value)
        case float():
            return b"\xfb" + struct.pack(">d", value)
        case str():
            return head(3, len(value)) + value.encode()
        case bytes():
            return head(2, len(value)) + value
        case list():
            return head(4, len(value)) + b"".join(map(cbor, value))
    return head(5, len(value)) + b"".join(cbor(k) + cbor(v) for k, v in value.items())


def read(body: bytes) -> Any:
    return BaseCBORParser().parse_data_item(io.BufferedReader(io.BytesIO(body)))


def test_cbor() -> None:
    topic = f"arn:aws-us-gov:sns:us-gov-west-1:111122223333:{'t' * 20}"
    value: dict[str, Any] = {
        "AlarmActions": [topic, "x" * 300],
        "Threshold": 1.5,
        "Period": 60_000,
        "ActionsEnabled": True,
        "bytes": b"arn:aws-us-gov:",
    }
    assert read(cbor(value)) == value
    given = request("monitoring", "us-gov-west-1", body=cbor(value))
    actions = [topic.replace("aws-us-gov", "aws"), "x" * 300]
    assert read(inside(given).body) == {**value, "AlarmActions": actions}
    back = Crossing(given).outward(Response(200, [], inside(given).body))
    assert read(back.body) == value
