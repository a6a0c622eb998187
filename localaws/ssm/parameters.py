"""Parameters: Powertools' public ones, and what reading parameters needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from localaws.functions.layers import POWERTOOLS_ACCOUNT
from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.gap import Need
from localaws.wire.http import Response

_POWERTOOLS_PARAMETERS = "/aws/service/powertools/"
# On AWS the layer version differs by runtime and release; the parameter here names the first.
_POWERTOOLS_LAYER_VERSION = 1


@gap.answers("ssm", "GetParameter")
def _get_parameter(call: Call) -> Response | Mapping[str, Any]:
    """Powertools' public parameters, which name its layer in the caller's Region."""
    asked = call.forward()
    name = str(call.parameters.get("Name", ""))
    if not name.startswith(_POWERTOOLS_PARAMETERS) or asked.status in (401, 403):
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


@gap.needs("ssm", "GetParameters", "GetParametersByPath")
def _parameters(call: Call) -> Iterator[Need]:
    """GetParameters: each by its name; GetParametersByPath: the path."""
    p = call.parameters
    for name in p.get("Names") or [p.get("Path")]:
        yield Need(f"ssm:{call.operation}", _parameter(call, str(name)))


def _parameter(call: Call, name: str) -> str:
    if name.startswith("arn:"):
        return name
    # The last part may carry a version or label; public parameters belong to no account.
    bare = name.partition(":")[0].strip("/")
    account = "" if name.startswith("/aws/") else call.account
    return f"arn:aws:ssm:{call.region}:{account}:parameter/{bare}"
