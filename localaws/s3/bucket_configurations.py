"""Bucket configurations by id: analytics, intelligent tiering, inventory and metrics.

The emulator does not know these sub-resources: a PUT would make the bucket, a DELETE remove it. So
nothing of them reaches it; the layer authorizes the call itself.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketMetricsConfiguration.html
"""

from __future__ import annotations

from collections.abc import Mapping

from localaws.s3.buckets import own_bucket
from localaws.wire.call import Answer, Incoming, Json, Key, answered_on_a_thread, need
from localaws.wire.codec import RefusedError
from localaws.wire.http import Response

_KINDS: Mapping[str, str] = {
    "Analytics": "AnalyticsConfiguration",
    "IntelligentTiering": "IntelligentTieringConfiguration",
    "Inventory": "InventoryConfiguration",
    "Metrics": "MetricsConfiguration",
}
_CONFIGURATIONS_A_BUCKET = 1000


def _answers(kind: str, member: str) -> dict[Key, Answer]:
    def kept(call: Incoming) -> dict[str, Json]:
        return call.front.kept.bucket_configurations.setdefault((own_bucket(call), kind), {})

    def missing() -> RefusedError:
        return RefusedError(
            "NoSuchConfiguration", "The specified configuration does not exist.", 404
        )

    @answered_on_a_thread
    def put(call: Incoming) -> Response:
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

    @answered_on_a_thread
    def get(call: Incoming) -> Json:
        configuration = kept(call).get(str(call.parameters["Id"]))
        if configuration is None:
            raise missing()
        return {member: configuration}

    @answered_on_a_thread
    def delete(call: Incoming) -> Response:
        if kept(call).pop(str(call.parameters["Id"]), None) is None:
            raise missing()
        return Response(204)

    @answered_on_a_thread
    def listed(call: Incoming) -> Json:
        configurations = kept(call)
        return {
            f"{member}List": [configurations[key] for key in sorted(configurations)],
            "IsTruncated": False,
        }

    return {
        ("s3", f"PutBucket{kind}Configuration"): put,
        ("s3", f"GetBucket{kind}Configuration"): get,
        ("s3", f"DeleteBucket{kind}Configuration"): delete,
        ("s3", f"ListBucket{kind}Configurations"): listed,
    }


ANSWERS: Mapping[Key, Answer] = {
    key: answer for kind, member in _KINDS.items() for key, answer in _answers(kind, member).items()
}
