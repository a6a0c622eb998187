"""Powertools' public parameters and layers, which AWS has in every account and Region."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from localaws.emulator.runtime import powertools_layer
from localaws.wire.call import Answer, Check, Incoming, Key, blocking, denied
from localaws.wire.http import Response

if TYPE_CHECKING:
    from localaws.front.front import Front

POWERTOOLS_ACCOUNT = "017000801446"
_POWERTOOLS_PARAMETERS = "/aws/service/powertools/"
# On AWS the layer version differs by runtime and release; the parameter here names the first.
_POWERTOOLS_LAYER_VERSION = 1


async def _get_parameter(call: Incoming) -> Response | Mapping[str, Any]:
    """Powertools' public parameters, which name its layer in the caller's Region."""
    asked = await call.forward()
    name = str(call.parameters.get("Name", ""))
    if not name.startswith(_POWERTOOLS_PARAMETERS) or denied(asked):
        return asked
    # .../python/<architecture>/<runtime>/<version>
    parts = name.removeprefix(_POWERTOOLS_PARAMETERS).split("/")
    if len(parts) != 4 or parts[0] != "python":
        return asked
    _, architecture, runtime, _ = parts
    layer = f"AWSLambdaPowertoolsPythonV3-{runtime.replace('.', '')}-{architecture}"
    arn = f"arn:aws:lambda:{call.region}:{POWERTOOLS_ACCOUNT}:layer:{layer}"
    return {
        "Parameter": {
            "ARN": f"arn:aws:ssm:{call.region}::parameter{name}",
            "DataType": "text",
            "LastModifiedDate": datetime(2026, 1, 1, tzinfo=UTC),
            "Name": name,
            "Type": "String",
            "Value": f"{arn}:{_POWERTOOLS_LAYER_VERSION}",
            "Version": 1,
        }
    }


@blocking
def powertools_layer_is_there(call: Incoming) -> None:
    """Publish Powertools' public layer in its own account before a function attaches it."""
    for arn in call.parameters.get("Layers") or ():
        parts = str(arn).split(":")
        if len(parts) == 8 and parts[4] == POWERTOOLS_ACCOUNT:
            _publish_layer(call.front, parts[3], parts[6], int(parts[7]))


def _publish_layer(front: Front, region: str, name: str, version: int) -> None:
    layers = front.aws.client("lambda", POWERTOOLS_ACCOUNT, region)
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


ANSWERS: Mapping[Key, Answer] = {("ssm", "GetParameter"): _get_parameter}

CHECKS: Mapping[Key, tuple[Check, ...]] = {
    ("lambda", "CreateFunction"): (powertools_layer_is_there,),
    ("lambda", "UpdateFunctionConfiguration"): (powertools_layer_is_there,),
}
