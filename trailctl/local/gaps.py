"""What the emulator lacks or gets wrong, closed in front of it: a table of answers, one of checks.

`ANSWERS` maps (service, operation) to a coroutine that answers in the emulator's place, `CHECKS` to
coroutines that refuse what AWS refuses and the emulator accepts. Where an operation is authorized,
the emulator is asked first, so that a caller without permission is denied as ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from trailctl.local.codec import Operation, RefusedError, decode_answer
from trailctl.local.http import Response
from trailctl.local.model import Identity
from trailctl.local.runtime import powertools_layer

if TYPE_CHECKING:
    from trailctl.local.front import Front

POWERTOOLS_ACCOUNT = "017000801446"
_POWERTOOLS_PARAMETERS = "/aws/service/powertools/"
# On AWS the layer version differs by runtime and release; the parameter here names the first.
_POWERTOOLS_LAYER_VERSION = 1


@dataclass(frozen=True, slots=True)
class Incoming:
    """A recognised call with its caller, before it is answered."""

    front: Front
    operation: Operation
    identity: Identity
    region: str

    @property
    def account(self) -> str:
        return self.identity.account

    async def forward(self) -> Response:
        return await self.front.upstream.send(self.operation.request)

    def client(self, service: str) -> Any:
        """A blocking client of the caller's account and Region; use it in a thread."""
        return self.front.aws.client(service, self.account, self.region)


Answer = Callable[[Incoming], Awaitable[Response | Mapping[str, Any]]]
Check = Callable[[Incoming], Awaitable[None]]


def _denied(response: Response) -> bool:
    return response.status in (401, 403)


async def _cloudtrail(call: Incoming) -> Response | Mapping[str, Any]:
    """The layer keeps the trails; the emulator decides only whether the caller may."""
    asked = await call.forward()
    if _denied(asked):
        _, error = decode_answer(call.operation, asked)
        if error is not None and error.code != "MaximumNumberOfTrailsExceededException":
            return asked
    if call.operation.name == "LookupEvents":
        await asyncio.to_thread(call.front.settle_records, 10.0)
    return call.front.cloudtrail.handle(
        call.operation.name, call.account, call.region, call.operation.parameters
    )


async def _get_parameter(call: Incoming) -> Response | Mapping[str, Any]:
    """Powertools' public parameters, which name its layer in the caller's Region."""
    asked = await call.forward()
    name = str(call.operation.parameters.get("Name", ""))
    if not name.startswith(_POWERTOOLS_PARAMETERS) or _denied(asked):
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


async def _powertools_layer(call: Incoming) -> None:
    """Publish Powertools' public layer in its own account before a function attaches it."""
    for arn in call.operation.parameters.get("Layers") or ():
        parts = str(arn).split(":")
        if len(parts) == 8 and parts[4] == POWERTOOLS_ACCOUNT:
            await asyncio.to_thread(_publish_layer, call.front, parts[3], parts[6], int(parts[7]))


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


async def _at_most_five_targets(call: Incoming) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html"""
    parameters = call.operation.parameters
    rule, bus = parameters.get("Rule"), parameters.get("EventBusName") or "default"
    new = {t.get("Id") for t in parameters.get("Targets") or ()}

    def present() -> set[str]:
        try:
            answer = call.client("events").list_targets_by_rule(Rule=rule, EventBusName=bus)
        except ClientError:
            return set()
        return {t["Id"] for t in answer["Targets"]}

    if len(await asyncio.to_thread(present) | new) > 5:
        raise RefusedError(
            "LimitExceededException", "The requested resource exceeds the maximum number allowed."
        )


async def _dry_run(call: Incoming) -> None:
    """EC2's DryRun: the caller may, so the answer is the error that says so."""
    if call.operation.parameters.get("DryRun"):
        raise RefusedError(
            "DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412
        )


ANSWERS: Mapping[tuple[str, str], Answer] = {
    ("cloudtrail", "*"): _cloudtrail,
    ("ssm", "GetParameter"): _get_parameter,
}

CHECKS: Mapping[tuple[str, str], tuple[Check, ...]] = {
    ("ec2", "RunInstances"): (_dry_run,),
    ("events", "PutTargets"): (_at_most_five_targets,),
    ("lambda", "CreateFunction"): (_powertools_layer,),
    ("lambda", "UpdateFunctionConfiguration"): (_powertools_layer,),
}
