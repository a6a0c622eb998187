"""Log streams: what writing to one needs."""

from __future__ import annotations

from collections.abc import Iterator

from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.gap import Need


@gap.needs("logs", "CreateLogStream", "PutLogEvents")
def _stream(call: Call) -> Iterator[Need]:
    """Asked of the stream, so that a policy for `log-group:NAME` alone does not reach it."""
    p = call.parameters
    stream = f"{p.get('logGroupName')}:log-stream:{p.get('logStreamName')}"
    arn = f"arn:aws:logs:{call.region}:{call.account}:log-group:{stream}"
    yield Need(f"logs:{call.operation}", arn)
