"""Calls for gaps of the emulator: made by hand, put to what `localaws.front.gaps` registers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from botocore.loaders import Loader
from botocore.model import ServiceModel

import localaws.front.gaps  # noqa: F401 (registers every gap)
from localaws.clock import MovableClock
from localaws.wire import gap
from localaws.wire.call import Call, Scope
from localaws.wire.clients import InProcessClients
from localaws.wire.http import Request
from localaws.wire.identity import Identity
from localaws.wire.parts import Json, Parts

ACCOUNT, REGION = "111122223333", "us-east-1"
_loader = Loader()


def parts(client: Callable[[str, str, str], Any]) -> Parts:
    """What gaps share, over `client(service, account, region)`."""
    made = Parts()
    made.clock = MovableClock()
    made.report = lambda activity: None

    class Clients:
        def client(self, service: str, account: str, region: str) -> Any:
            return client(service, account, region)

    made.aws = cast(InProcessClients, Clients())
    return made


def call(
    shared: Parts, service: str, operation: str, parameters: Mapping[str, Any],
    region: str = REGION, account: str = ACCOUNT,
) -> Call:  # fmt: skip
    """A call of the account's root user."""
    model = ServiceModel(_loader.load_service_model(service, "service-2"), service)
    made = Call(
        request=Request("POST", b"/", b"", [], b""),
        parts=shared,
        scope=Scope(account, region, model.signing_name),
        service=service,
        model=model.operation_model(operation),
        protocol=str(model.metadata["protocol"]),
        identity=Identity(type="Root", account=account, arn=f"arn:aws:iam::{account}:root"),
    )
    made.__dict__["parameters"] = dict(parameters)
    return made


def answer(made: Call) -> Json:
    """What the layer refuses (raises RefusalError) or answers in the emulator's place."""
    for refuse in gap.refusals_of(made):
        refuse(made)
    answering = gap.answer_of(made)
    assert answering is not None, f"{made.service}:{made.operation} is not the layer's"
    answered = answering.answer(made)
    assert isinstance(answered, Mapping)
    return dict(answered)
