"""Which call a request is, in every protocol, and what answers and refusals look like."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import boto3
import botocore.parsers
import botocore.session
import pytest
from botocore.config import Config
from botocore.serialize import create_serializer

from localaws.wire import codec
from localaws.wire.call import Call, Scope
from localaws.wire.errors import RefusalError
from localaws.wire.http import Request, Response
from localaws.wire.parts import Parts
from localaws.wire.recognise import recognise, signature

pytestmark = pytest.mark.unit

ACCOUNT = "111122223333"
URL = "http://127.0.0.1:9"


class _CapturedError(Exception):
    def __init__(self, request: Request) -> None:
        super().__init__()
        self.request = request


def capture(service: str, operation: str, **parameters: Any) -> Request:
    """The request that boto3 would send."""
    client: Any = boto3.session.Session(
        aws_access_key_id=ACCOUNT, aws_secret_access_key="test", region_name="eu-west-1"
    ).client(
        service,  # type: ignore[call-overload]
        endpoint_url=URL,
        config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
    )

    def send(request: Any, **_: Any) -> None:
        raise _CapturedError(_request(request))

    client.meta.events.register("before-send", send)
    with pytest.raises(_CapturedError) as caught:
        getattr(client, operation)(**parameters)
    return caught.value.request


def _request(sent: Any) -> Request:
    url = urlsplit(sent.url)
    body = sent.body or b""
    body = body.read() if hasattr(body, "read") else body
    headers = [
        (k.lower().encode(), v if isinstance(v, bytes) else str(v).encode())
        for k, v in sent.headers.items()
    ]
    return Request(
        sent.method,
        url.path.encode() or b"/",
        url.query.encode(),
        headers,
        body.encode() if isinstance(body, str) else bytes(body),
    )


def recognised(request: Request) -> Call:
    call = recognise(request, Parts())
    assert call is not None
    return call


def signed(
    service: str,
    method: str = "POST",
    path: str = "/",
    query: str = "",
    body: bytes = b"",
    **headers: str,
) -> Request:
    """A request as any SDK might write it."""
    credential = f"Credential={ACCOUNT}/20261122/us-east-1/{service}/aws4_request"
    fields = {"authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=00"}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(
        method,
        path.encode(),
        query.encode(),
        [(k.encode(), v.encode()) for k, v in fields.items()],
        body,
    )


# --- signatures ---------------------------------------------------------------------------------


def test_the_scope_of_a_signature() -> None:
    scope = signature(capture("cloudwatch", "describe_alarms"))
    assert scope == Scope(ACCOUNT, "eu-west-1", "monitoring")


def test_the_scope_of_a_presigned_url() -> None:
    credential = f"{ACCOUNT}/20261122/us-east-1/s3/aws4_request"
    query = urlencode({"X-Amz-Credential": credential, "X-Amz-Signature": "00"})
    scope = signature(Request("GET", b"/bucket/key", query.encode(), [], b""))
    assert scope == Scope(ACCOUNT, "us-east-1", "s3")


@pytest.mark.parametrize("authorization", ["", "Bearer abc", "AWS4-HMAC-SHA256 Credential=x"])
def test_a_request_without_signature(authorization: str) -> None:
    headers = [(b"authorization", authorization.encode())]
    assert signature(Request("GET", b"/", b"", headers, b"")) is None


# --- which operation, as boto3 writes it ----------------------------------------------------------

CALLS: list[tuple[str, str, dict[str, Any], str, str, dict[str, Any]]] = [
    ("ec2", "stop_instances", {"InstanceIds": ["i-1", "i-2"]}, "StopInstances", "ec2", {}),
    (
        "ec2",
        "create_tags",
        {"Resources": ["i-1"], "Tags": [{"Key": "k", "Value": "v w"}]},
        "CreateTags",
        "ec2",
        {},
    ),
    ("iam", "get_role", {"RoleName": "r"}, "GetRole", "query", {}),
    ("sns", "publish", {"TopicArn": "arn:t", "Message": "é & <x>"}, "Publish", "query", {}),
    ("sts", "get_caller_identity", {}, "GetCallerIdentity", "query", {}),
    (
        "cloudtrail",
        "create_trail",
        {"Name": "n", "S3BucketName": "b"},
        "CreateTrail",
        "json",
        {},
    ),
    ("events", "put_rule", {"Name": "r", "EventPattern": "{}"}, "PutRule", "json", {}),
    ("dynamodb", "get_item", {"TableName": "t", "Key": {"id": {"S": "a"}}}, "GetItem", "json", {}),
    ("logs", "create_log_group", {"logGroupName": "g"}, "CreateLogGroup", "json", {}),
    ("lambda", "get_function", {"FunctionName": "f"}, "GetFunction", "rest-json", {}),
    (
        "lambda",
        "add_permission",
        {"FunctionName": "f", "StatementId": "s", "Action": "a", "Principal": "p"},
        "AddPermission",
        "rest-json",
        {},
    ),
    ("lambda", "list_tags", {"Resource": "arn:aws:lambda:x"}, "ListTags", "rest-json", {}),
    ("scheduler", "create_schedule_group", {"Name": "g"}, "CreateScheduleGroup", "rest-json", {}),
    ("s3", "create_bucket", {"Bucket": "b"}, "CreateBucket", "rest-xml", {}),
    ("s3", "delete_bucket", {"Bucket": "b"}, "DeleteBucket", "rest-xml", {}),
    ("s3", "list_buckets", {}, "ListBuckets", "rest-xml", {}),
    ("s3", "get_object", {"Bucket": "b", "Key": "a/b c"}, "GetObject", "rest-xml", {}),
    ("s3", "head_object", {"Bucket": "b", "Key": "k"}, "HeadObject", "rest-xml", {}),
    ("s3", "delete_object", {"Bucket": "b", "Key": "k", "VersionId": "v"}, "DeleteObject",
     "rest-xml", {}),
    ("s3", "get_bucket_policy", {"Bucket": "b"}, "GetBucketPolicy", "rest-xml", {}),
    ("s3", "get_bucket_versioning", {"Bucket": "b"}, "GetBucketVersioning", "rest-xml", {}),
    (
        "s3",
        "put_bucket_versioning",
        {"Bucket": "b", "VersioningConfiguration": {"Status": "Enabled", "MFADelete": "Enabled"}},
        "PutBucketVersioning",
        "rest-xml",
        {},
    ),
    ("s3", "delete_public_access_block", {"Bucket": "b"}, "DeletePublicAccessBlock", "rest-xml",
     {}),
    ("s3", "get_bucket_metrics_configuration", {"Bucket": "b", "Id": "i"},
     "GetBucketMetricsConfiguration", "rest-xml", {}),
    ("s3", "list_bucket_metrics_configurations", {"Bucket": "b"},
     "ListBucketMetricsConfigurations", "rest-xml", {}),
    ("s3", "upload_part",
     {"Bucket": "b", "Key": "k", "PartNumber": 1, "UploadId": "u", "Body": b""}, "UploadPart",
     "rest-xml", {"Body": None}),
    ("s3", "copy_object", {"Bucket": "b", "Key": "k", "CopySource": "x/y"}, "CopyObject",
     "rest-xml", {}),
    ("s3control", "get_public_access_block", {"AccountId": ACCOUNT}, "GetPublicAccessBlock",
     "rest-xml", {}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("service", "method", "parameters", "operation", "protocol", "decoded"),
    CALLS,
    ids=[f"{service}.{operation}" for service, _, _, operation, _, _ in CALLS],
)
def test_calls_of_boto3(
    service: str,
    method: str,
    parameters: dict[str, Any],
    operation: str,
    protocol: str,
    decoded: dict[str, Any],
) -> None:
    found = recognised(capture(service, method, **parameters))
    assert (found.service, found.operation, found.protocol) == (service, operation, protocol)
    expected = {k: v for k, v in {**parameters, **decoded}.items() if v is not None}
    assert {k: v for k, v in found.parameters.items() if k in expected} == expected


def test_an_upload_is_decoded_without_its_content() -> None:
    request = capture("s3", "put_object", Bucket="b", Key="k", Body=b"x")
    framed = Request(
        request.method,
        request.raw_path,
        b"",
        [
            (k, b"STREAMING-UNSIGNED-PAYLOAD-TRAILER" if k == b"x-amz-content-sha256" else v)
            for k, v in request.headers
        ],
        b"1\r\nx\r\n0\r\n\r\n",
    )
    found = recognised(framed)
    assert (found.operation, found.parameters["Key"]) == ("PutObject", "k")
    assert not found.parameters.get("Body")


# --- which operation, as other SDKs write it ------------------------------------------------------


@pytest.mark.parametrize(
    ("service", "target", "operation"),
    [
        # boto3 sends CloudTrail's whole prefix, Go the last part of it.
        (
            "cloudtrail",
            "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.CreateTrail",
            "CreateTrail",
        ),
        ("cloudtrail", "CloudTrail_20131101.CreateTrail", "CreateTrail"),
        ("events", "AWSEvents.PutRule", "PutRule"),
        ("sqs", "AmazonSQS.SendMessage", "SendMessage"),
        ("monitoring", "GraniteServiceVersion20100801.DescribeAlarms", "DescribeAlarms"),
        ("kms", "TrentService.CreateKey", "CreateKey"),
    ],
)
def test_targets(service: str, target: str, operation: str) -> None:
    request = signed(service, body=b"{}", x_amz_target=target)
    assert recognised(request).operation == operation


@pytest.mark.parametrize(
    ("service", "target"),
    [
        ("events", "AWSEvents.NoSuchOperation"),
        ("events", "AWSScheduler.PutRule"),
        ("nosuchservice", "AWSEvents.PutRule"),
    ],
)
def test_targets_of_nothing_known(service: str, target: str) -> None:
    request = signed(service, body=b"{}", x_amz_target=target)
    assert signature(request) is not None
    assert recognise(request, Parts()) is None


def test_a_query_in_the_url() -> None:
    found = recognised(
        signed("sts", "GET", query="Action=GetAccessKeyInfo&Version=2011-06-15&AccessKeyId=AKIA")
    )
    assert (found.operation, found.parameters) == ("GetAccessKeyInfo", {"AccessKeyId": "AKIA"})


def test_a_form_with_a_charset() -> None:
    body = urlencode({"Action": "DescribeAlarms", "Version": "2010-08-01"}).encode()
    content = "application/x-www-form-urlencoded; charset=utf-8"
    found = recognised(signed("monitoring", body=body, content_type=content))
    assert (found.service, found.operation, found.protocol) == (
        "cloudwatch",
        "DescribeAlarms",
        "query",
    )


@pytest.mark.parametrize(("version", "service"), [("2015-12-01", "elbv2"), ("2012-06-01", "elb")])
def test_services_that_share_a_signing_name(version: str, service: str) -> None:
    body = urlencode({"Action": "DescribeLoadBalancers", "Version": version}).encode()
    content = "application/x-www-form-urlencoded"
    found = recognised(signed("elasticloadbalancing", body=body, content_type=content))
    assert found.service == service


def test_an_object_whose_query_looks_like_a_form() -> None:
    found = recognised(signed("s3", "GET", "/bucket/key", "Action=GetObject"))
    assert found.operation == "GetObject"


def test_the_dated_path_of_a_function() -> None:
    found = recognised(signed("lambda", "POST", "/2015-03-31/functions/f/invocations", body=b"{}"))
    assert (found.operation, found.parameters["FunctionName"]) == ("Invoke", "f")


def test_an_arn_in_a_path() -> None:
    arn = "arn%3Aaws%3Alambda%3Aus-east-1%3A111122223333%3Afunction%3Af"
    found = recognised(signed("lambda", "GET", f"/2015-03-31/functions/{arn}/configuration"))
    assert found.parameters["FunctionName"].endswith(":function:f")


def cbor(operation: str, members: dict[str, Any]) -> Request:
    model = botocore.session.get_session().get_service_model("cloudwatch")
    made = create_serializer("smithy-rpc-v2-cbor").serialize_to_request(
        members, model.operation_model(operation)
    )
    return signed(
        "monitoring",
        path=f"/service/GraniteServiceVersion20100801/operation/{operation}",
        body=made["body"],
        smithy_protocol="rpc-v2-cbor",
        content_type="application/cbor",
    )


def test_cbor() -> None:
    found = recognised(cbor("DescribeAlarms", {"AlarmNames": ["a", "b"], "MaxRecords": 5}))
    assert (found.service, found.operation) == ("cloudwatch", "DescribeAlarms")
    assert found.parameters == {"AlarmNames": ["a", "b"], "MaxRecords": 5}


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"\xff"])
def test_a_body_that_cannot_be_read_is_a_call_all_the_same(body: bytes) -> None:
    found = recognised(signed("events", body=body, x_amz_target="AWSEvents.PutRule"))
    assert (found.operation, found.parameters) == ("PutRule", {})


# --- answers and refusals, read back as the client reads them -------------------------------------

PROTOCOLS: dict[str, Request] = {
    "query": capture("sns", "list_topics"),
    "ec2": capture("ec2", "describe_vpcs"),
    "json": capture("events", "list_rules"),
    "rest-json": capture("lambda", "list_functions"),
    "rest-xml": capture("s3", "get_bucket_policy", Bucket="b"),
    "smithy-rpc-v2-cbor": cbor("DescribeAlarms", {}),
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_refusal_is_read_by_the_client(protocol: str) -> None:
    call = recognised(PROTOCOLS[protocol])
    assert call.protocol == protocol
    refusal = RefusalError("AccessDenied", 'Not <you>, "ana" & co.', 403)
    written = codec.encode_refusal(call.protocol, refusal, "request-1")
    assert written.status == 403
    parser: Any = botocore.parsers.create_parser(protocol)
    read = parser.parse(
        {"body": written.body, "headers": _Headers(written), "status_code": 403},
        call.model.output_shape,
    )
    assert read["Error"]["Code"] == "AccessDenied"
    assert read["Error"]["Message"] == 'Not <you>, "ana" & co.'
    _, error = codec.decode_answer(call.model, call.protocol, written)
    assert error is not None
    assert (error.code, error.message, error.status) == (
        "AccessDenied",
        'Not <you>, "ana" & co.',
        403,
    )


class _Headers(dict[str, str]):
    def __init__(self, response: Response) -> None:
        super().__init__(response.fields)

    def __getitem__(self, key: str) -> str:
        return super().__getitem__(key.lower())

    def get(self, key: str, default: Any = None) -> Any:
        return super().get(key.lower(), default)

    def __contains__(self, key: object) -> bool:
        return super().__contains__(str(key).lower())


ANSWERS: list[tuple[Request, dict[str, Any]]] = [
    (capture("events", "describe_rule", Name="r"), {"Name": "r", "State": "ENABLED"}),
    (
        capture("lambda", "get_function_configuration", FunctionName="f"),
        {"FunctionName": "f", "Timeout": 3},
    ),
    (
        capture("s3", "get_bucket_versioning", Bucket="b"),
        {"Status": "Enabled", "MFADelete": "Enabled"},
    ),
    (
        capture("s3", "get_bucket_metrics_configuration", Bucket="b", Id="i"),
        {"MetricsConfiguration": {"Id": "i", "Filter": {"Prefix": "logs/"}}},
    ),
    (
        capture("ssm", "get_parameter", Name="/a"),
        {"Parameter": {"Name": "/a", "LastModifiedDate": datetime(2026, 1, 1, tzinfo=UTC)}},
    ),
    (capture("sns", "list_topics"), {"Topics": [{"TopicArn": "arn:x"}]}),
]


@pytest.mark.parametrize(("request_", "answer"), ANSWERS)
def test_an_answer_is_read_by_the_client(request_: Request, answer: dict[str, Any]) -> None:
    call = recognised(request_)
    written = codec.encode_answer(call.service, call.model, call.protocol, answer, "request-1")
    assert written.status == 200
    assert written.fields["x-amzn-requestid"] == "request-1"
    assert codec.decode_answer(call.model, call.protocol, written) == (answer, None)


def test_an_error_of_s3_without_body() -> None:
    call = recognised(capture("s3", "head_bucket", Bucket="b"))
    result, error = codec.decode_answer(call.model, call.protocol, Response(404))
    assert result is None
    assert error is not None
    assert (error.code, error.status) == ("404", 404)


def test_not_modified_is_no_error() -> None:
    call = recognised(capture("s3", "get_object", Bucket="b", Key="k"))
    assert codec.decode_answer(call.model, call.protocol, Response(304)) == ({}, None)


def test_an_answer_that_cannot_be_read() -> None:
    call = recognised(capture("sns", "list_topics"))
    assert codec.decode_answer(call.model, call.protocol, Response(200, [], b"not xml")) == (
        {},
        None,
    )
    _, error = codec.decode_answer(call.model, call.protocol, Response(500, [], b"not xml"))
    assert error is not None
    assert (error.code, error.status) == ("InternalFailure", 500)


def test_the_content_of_an_object_is_not_decoded() -> None:
    call = recognised(capture("s3", "get_object", Bucket="b", Key="k"))
    body = b"x" * 1000
    result, _ = codec.decode_answer(
        call.model, call.protocol, Response(200, [(b"etag", b'"e"')], body)
    )
    assert result is not None
    assert result["ETag"] == '"e"'
    assert not result.get("Body")


EC2_TOLD = b"<RunInstancesResponse><requestId>ec2-1</requestId><x><requestId>no</requestId></x>"
IAM_TOLD = b"<CreateUserResponse><ResponseMetadata><RequestId>iam-1</RequestId></ResponseMetadata>"
REFUSED = b"<Response><Errors/><RequestID>ec2-2</RequestID></Response>"


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "body", "told"),
    [
        ("ec2", "describe_instances", {}, EC2_TOLD, "ec2-1"),
        ("ec2", "describe_instances", {}, REFUSED, "ec2-2"),
        ("iam", "create_user", {"UserName": "x"}, IAM_TOLD, "iam-1"),
        ("iam", "create_user", {"UserName": "x"}, b"", "header-1"),
        ("events", "list_rules", {}, IAM_TOLD, "header-1"),
    ],
)
def test_the_request_id_is_the_one_the_client_reads(
    service: str, operation: str, parameters: dict[str, Any], body: bytes, told: str
) -> None:
    request = capture(service, operation, **parameters)
    protocol = recognised(request).protocol
    response = Response(200, [(b"x-amzn-requestid", b"header-1")], body)
    assert codec.answered_request_id(protocol, response) == told
