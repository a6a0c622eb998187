"""Powertools' public layers, which AWS has in every account and Region."""

from __future__ import annotations

from botocore.exceptions import ClientError

from localaws.emulator.runtime import powertools_layer
from localaws.wire import gap
from localaws.wire.call import Call

POWERTOOLS_ACCOUNT = "017000801446"


@gap.refuses("lambda", "CreateFunction", "UpdateFunctionConfiguration")
def _layer_is_there(call: Call) -> None:
    """Refuses nothing: publishes the layer in its own account before a function attaches it."""
    for arn in call.parameters.get("Layers") or ():
        parts = str(arn).split(":")
        if len(parts) == 8 and parts[4] == POWERTOOLS_ACCOUNT:
            _publish_layer(call, parts[3], parts[6], int(parts[7]))


def _publish_layer(call: Call, region: str, name: str, version: int) -> None:
    layers = call.client("lambda", POWERTOOLS_ACCOUNT, region)
    try:
        layers.get_layer_version(LayerName=name, VersionNumber=version)
    except ClientError:
        published = 0
        while published < version:
            answer = layers.publish_layer_version(
                LayerName=name, Content={"ZipFile": powertools_layer()}
            )
            published = answer["Version"]
            layers.add_layer_version_permission(
                LayerName=name,
                VersionNumber=published,
                StatementId="public",
                Action="lambda:GetLayerVersion",
                Principal="*",
            )
