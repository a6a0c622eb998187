"""CloudTrail's API, answered by the layer alone."""

from __future__ import annotations

from collections.abc import Iterator

from localaws.cloudtrail.admission import SERVICE, admit
from localaws.cloudtrail.keeper import CloudTrail
from localaws.cloudtrail.recording import Recording
from localaws.iam.needs import passing, request_tags
from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.parts import Json

_WITHOUT_TRAIL = frozenset({"DescribeTrails", "ListPublicKeys", "ListTrails", "LookupEvents"})


@gap.answers("cloudtrail", "*", alone=True)
def _cloudtrail(call: Call) -> Json:
    name, parameters = call.operation, call.parameters
    if name == "LookupEvents":
        call.of(Recording).settle(10.0)
    keeper = call.of(CloudTrail)
    if name in ("CreateTrail", "UpdateTrail"):
        trail = keeper.proposed(name, call.account, call.region, parameters)
        admit(call, trail)
        if parameters.get("KmsKeyId"):
            # An alias is given, a key is kept.
            parameters = {**parameters, "KmsKeyId": trail.settings["KmsKeyId"]}
    return keeper.handle(name, call.account, call.region, parameters)


@gap.needs("cloudtrail", "*")
def _needs(call: Call) -> Iterator[gap.Need]:
    """One trail, by its ARN, with the tags of the request.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudtrail.html
    """
    p = call.parameters
    named = p.get("Name") or p.get("TrailName") or p.get("ResourceId")
    names = [named] if named else list(p.get("ResourceIdList") or ())
    if call.operation in _WITHOUT_TRAIL or not names:
        names = ["*"]
    context = request_tags(p.get("TagsList") or ())
    place = f"arn:aws:cloudtrail:{call.region}:{call.account}:trail/"
    for name in map(str, names):
        arn = name if name == "*" or name.startswith("arn:") else f"{place}{name}"
        yield gap.Need(f"cloudtrail:{call.operation}", arn, context)
    if p.get("CloudWatchLogsRoleArn"):
        yield passing(str(p["CloudWatchLogsRoleArn"]), SERVICE)
