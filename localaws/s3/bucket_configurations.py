"""Bucket configurations by id: analytics, intelligent tiering, inventory and metrics.

The emulator does not know these sub-resources: a PUT would make the bucket, a DELETE remove it. So
nothing of them reaches it.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketMetricsConfiguration.html
"""

from __future__ import annotations

from collections.abc import Mapping

from localaws.s3.buckets import Buckets, own_bucket
from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.errors import RefusalError, need
from localaws.wire.http import Response
from localaws.wire.parts import Json

_KINDS: Mapping[str, str] = {
    "Analytics": "AnalyticsConfiguration",
    "IntelligentTiering": "IntelligentTieringConfiguration",
    "Inventory": "InventoryConfiguration",
    "Metrics": "MetricsConfiguration",
}
_CONFIGURATIONS_A_BUCKET = 1000


def _register(kind: str, member: str) -> None:
    def kept(call: Call) -> dict[str, Json]:
        of_bucket = call.kept(Buckets).configurations.setdefault(own_bucket(call), {})
        return of_bucket.setdefault(kind, {})

    def missing() -> RefusalError:
        return RefusalError(
            "NoSuchConfiguration", "The specified configuration does not exist.", 404
        )

    @gap.answers("s3", f"PutBucket{kind}Configuration", alone=True)
    def put(call: Call) -> Response:
        configurations, identity = kept(call), str(call.parameters["Id"])
        configuration = call.parameters.get(member) or {}
        need(
            configuration.get("Id") == identity,
            "InvalidArgument",
            "The ID in the configuration does not match the ID in the request.",
        )
        need(
            identity in configurations or len(configurations) < _CONFIGURATIONS_A_BUCKET,
            "TooManyConfigurations",
            "You are attempting to create a new configuration but have already reached the "
            f"{_CONFIGURATIONS_A_BUCKET:,}-configuration limit.",
        )
        configurations[identity] = configuration
        return Response(200)

    @gap.answers("s3", f"GetBucket{kind}Configuration", alone=True)
    def get(call: Call) -> Json:
        configuration = kept(call).get(str(call.parameters["Id"]))
        if configuration is None:
            raise missing()
        return {member: configuration}

    @gap.answers("s3", f"DeleteBucket{kind}Configuration", alone=True)
    def delete(call: Call) -> Response:
        if kept(call).pop(str(call.parameters["Id"]), None) is None:
            raise missing()
        return Response(204)

    @gap.answers("s3", f"ListBucket{kind}Configurations", alone=True)
    def listed(call: Call) -> Json:
        configurations = kept(call)
        return {
            f"{member}List": [configurations[key] for key in sorted(configurations)],
            "IsTruncated": False,
        }


for _kind, _member in _KINDS.items():
    _register(_kind, _member)
