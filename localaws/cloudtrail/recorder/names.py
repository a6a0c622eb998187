"""What CloudTrail calls a call: event source and name, read or write, data or management, Region.

Names: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
Data events: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html
Global services: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html
"""

from __future__ import annotations

import re
from functools import cache
from typing import Literal

from botocore.model import OperationModel

from localaws.cloudtrail.recorder import tables
from localaws.wire.call import Call

Category = Literal["Management", "Data"]

_URI_DATE = re.compile(r"^/(\d{4})-(\d{2})-(\d{2})/")
_LAMBDA_LAST_DATED = "2018-12-31"


def event_source(model: OperationModel) -> str:
    """The host-like name of a service in `eventSource`, e.g. `monitoring.amazonaws.com`.

    It is the name a service signs its requests with, which CloudTrail shares with IAM, except
    where `tables.EVENT_SOURCES` says otherwise.
    """
    service = str(model.service_model.service_name)
    prefix = tables.EVENT_SOURCES.get(service)
    if prefix is None:
        prefix = str(model.service_model.signing_name).lower()
    return f"{prefix}.amazonaws.com"


def event_name(model: OperationModel) -> str:
    """The `eventName` of an operation, which differs from the API's name for some services.

    Lambda puts the date of the API's path behind the name of its older operations
    (https://docs.aws.amazon.com/lambda/latest/dg/logging-using-cloudtrail.html), CloudFront the
    version of its API (https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/logging_using_cloudtrail.html),
    S3 has names of its own
    (https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html).
    """
    service, operation = str(model.service_model.service_name), str(model.name)
    renamed = tables.EVENT_NAMES.get((service, operation))
    if renamed is not None:
        return renamed
    if service == "lambda":
        return _lambda_name(model, operation)
    if service == "cloudfront":
        return operation + str(model.service_model.api_version).replace("-", "_")
    return operation


def _lambda_name(model: OperationModel, operation: str) -> str:
    dated = _URI_DATE.match(str(model.http.get("requestUri", "")))
    if dated is None or "-".join(dated.groups()) > _LAMBDA_LAST_DATED:
        return operation
    version = "v2" if operation in tables.LAMBDA_SECOND_VERSION else ""
    return operation + "".join(dated.groups()) + version


@cache
def is_read_only(service: str, operation: str) -> bool:
    """Whether CloudTrail records an operation as `readOnly` (a read of the account's state).

    >>> is_read_only("iam", "ListUsers"), is_read_only("sts", "AssumeRole")
    (True, True)
    >>> is_read_only("ec2", "RunInstances"), is_read_only("sts", "GetFederationToken")
    (False, False)
    """
    exception = tables.READ_ONLY.get((service, operation))
    if exception is not None:
        return exception
    return operation.startswith(tables.READ_VERBS)


def event_category(call: Call) -> Category:
    """`Data` for operations on or inside a resource, `Management` for everything else."""
    return category(call.service, call.operation)


def category(service: str, operation: str) -> Category:
    """The same by botocore's service and operation name."""
    return "Data" if operation in tables.DATA_EVENTS.get(service, ()) else "Management"


def event_bridge_region(call: Call) -> str:
    """The Region a call's record says it happened in, on whose default bus its event appears.

    That is the Region of the endpoint called, but for global services (IAM, Organizations,
    CloudFront, Route 53, STS through its global endpoint) the one Region of the partition that
    records them: us-east-1, cn-north-1 in China, us-gov-west-1 in GovCloud.
    """
    homes = tables.GLOBAL_SERVICES.get(call.service)
    if call.service == "sts" and call.host.split(":")[0] == "sts.amazonaws.com":
        homes = tables.GLOBAL_HOMES
    if homes is None:
        return "us-east-1" if call.region in ("", "aws-global") else call.region
    return homes.get(partition(call.region), call.region)


def partition(region: str) -> str:
    """The partition of a Region, the second field of its ARNs."""
    for prefix, name in tables.PARTITIONS.items():
        if region.startswith(prefix):
            return name
    return "aws"


def dns_suffix(region: str) -> str:
    """What the host names of a Region's endpoints end in."""
    return "amazonaws.com.cn" if partition(region) == "aws-cn" else "amazonaws.com"


def endpoint_host(call: Call) -> str:
    """The host a client of real AWS would have called.

    A call that came over loopback is given the host of the Region's endpoint, so that a record
    looks the same wherever it was made.
    """
    host = call.host.split(":")[0]
    if host.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        return host
    suffix = dns_suffix(call.region)
    homes = tables.GLOBAL_SERVICES.get(call.service)
    prefix = str(call.model.service_model.endpoint_prefix)
    if homes is not None or call.region in ("", "aws-global"):
        return f"{prefix}.{suffix}"
    return f"{prefix}.{call.region}.{suffix}"
