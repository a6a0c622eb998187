"""Commands for instances with a tag, and automations: taken and shown, not run.

No instance here has an SSM agent, so that a command finds none, as AWS says it then: Success,
NoInstancesInTag. An automation stays Pending. What names instances by their ids is the emulator's.
https://docs.aws.amazon.com/systems-manager/latest/userguide/monitor-commands.html
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_StartAutomationExecution.html
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from localaws.ssm.documents import known
from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.errors import RefusalError
from localaws.wire.http import Response
from localaws.wire.parts import Json

_Place = tuple[str, str, str]


class Commands(dict[_Place, Json]):
    """Commands for tags, by account, Region and id."""


class Automations(dict[_Place, Json]):
    """Automations by account, Region and id."""


@gap.answers("ssm", "SendCommand", inside=True)
def _send(call: Call) -> Response | Json:
    p = call.parameters
    targets = p.get("Targets") or []
    if not targets or any(target["Key"].lower() == "instanceids" for target in targets):
        return call.forward()
    _check(call, str(p["DocumentName"]))
    command = {
        "CommandId": str(uuid.uuid4()),
        "CompletedCount": 0,
        "DocumentName": p["DocumentName"],
        "DocumentVersion": p.get("DocumentVersion") or "$DEFAULT",
        "ErrorCount": 0,
        "InstanceIds": [],
        "Parameters": p.get("Parameters") or {},
        "RequestedDateTime": call.parts.clock.now(),
        "Status": "Pending",
        "StatusDetails": "Pending",
        "TargetCount": 0,
        "Targets": targets,
    }
    ended = {**command, "Status": "Success", "StatusDetails": "NoInstancesInTag"}
    call.kept(Commands)[call.account, call.region, command["CommandId"]] = ended
    return {"Command": command}


@gap.answers("ssm", "ListCommands")
def _list(call: Call) -> Response | Mapping[str, Any]:
    asked = call.forward()
    if asked.status >= 300:
        return asked
    wanted = call.parameters.get("CommandId")
    ours = [
        command
        for (account, region, identity), command in call.kept(Commands).items()
        if (account, region) == (call.account, call.region) and wanted in (None, identity)
    ]
    return {"Commands": [*call.decoded(asked).get("Commands", []), *ours]}


@gap.answers("ssm", "StartAutomationExecution", alone=True, inside=True)
def _start(call: Call) -> Json:
    p = call.parameters
    _check(call, str(p["DocumentName"]), "AutomationDefinitionNotFoundException")
    identity = str(uuid.uuid4())
    call.kept(Automations)[call.account, call.region, identity] = {
        "AutomationExecutionId": identity,
        "AutomationExecutionStatus": "Pending",
        "DocumentName": p["DocumentName"],
        "DocumentVersion": p.get("DocumentVersion") or "$DEFAULT",
        "ExecutionStartTime": call.parts.clock.now(),
        "Parameters": p.get("Parameters") or {},
    }
    return {"AutomationExecutionId": identity}


@gap.answers("ssm", "GetAutomationExecution", alone=True)
def _get(call: Call) -> Json:
    identity = str(call.parameters["AutomationExecutionId"])
    found = call.kept(Automations).get((call.account, call.region, identity))
    if found is None:
        raise RefusalError(
            "AutomationExecutionNotFoundException", f"There is no automation execution {identity}."
        )
    return {"AutomationExecution": found}


@gap.answers("ssm", "DescribeAutomationExecutions", alone=True)
def _describe(call: Call) -> Json:
    shown = ("AutomationExecutionId", "AutomationExecutionStatus", "DocumentName")
    return {
        "AutomationExecutionMetadataList": [
            {name: found[name] for name in shown}
            for place, found in call.kept(Automations).items()
            if place[:2] == (call.account, call.region)
        ]
    }


def _check(call: Call, name: str, code: str = "InvalidDocument") -> None:
    if not known(call, name):
        raise RefusalError(code, f"Document with name {name} does not exist.")
