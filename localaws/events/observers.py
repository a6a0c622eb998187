"""Any call may change what router, archives and schedules have read: they are told of each."""

from __future__ import annotations

from localaws.events.archives import Archives
from localaws.events.router import Router
from localaws.events.schedules import Schedules
from localaws.wire import gap
from localaws.wire.call import Call


@gap.learns("*", "*")
def _observe(call: Call) -> None:
    seen = (call.service, call.operation, call.account, call.region)
    call.of(Router).observe(*seen)
    call.of(Archives).observe(*seen)
    call.of(Schedules).observe(*seen, call.parameters)
