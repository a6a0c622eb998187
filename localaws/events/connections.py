"""Connections: what they authorize with, which no answer of EventBridge's shows again.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-target-connection-auth.html
"""

from __future__ import annotations

from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.parts import Json


class Connections(dict[tuple[str, str, str], Json]):
    """AuthParameters by account, Region and the connection's name."""


@gap.learns("events", "CreateConnection", "UpdateConnection")
def _made(call: Call) -> None:
    given = call.parameters.get("AuthParameters")
    if given:
        call.kept(Connections)[_place(call)] = given


@gap.learns("events", "DeauthorizeConnection", "DeleteConnection")
def _gone(call: Call) -> None:
    call.kept(Connections).pop(_place(call), None)


def _place(call: Call) -> tuple[str, str, str]:
    return call.account, call.region, str(call.parameters.get("Name"))
