"""What is done later: schedules that start the function once more and then delete themselves.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-delete.html
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from reactor.retry import error_code, with_retries
from reactor.shapes import mapping

if TYPE_CHECKING:
    from reactor.aws import Aws
    from reactor.settings import Deployment

MARK = "cloudtrail-reactor"


class Later:
    """The reaction's own schedules, in the group of its name; `aws` is the function's own place."""

    def __init__(self, deployment: Deployment, aws: Aws) -> None:
        self._deployment = deployment
        self._aws = aws

    def at(
        self, when: datetime, key: Sequence[str], what: Mapping[str, Any], spread: int = 0
    ) -> None:
        """Starts the function with `what` at that time (UTC), or up to `spread` minutes later.

        The same key and minute make one schedule, however often this is called.
        """
        role = self._deployment.schedule_role
        _, partition, _, _, account, _ = role.split(":", 5)
        function = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")
        region = os.environ.get("AWS_REGION", "")
        target: dict[str, Any] = {
            "Arn": f"arn:{partition}:lambda:{region}:{account}:function:{function}",
            "RoleArn": role,
            "Input": json.dumps({MARK: dict(what)}),
        }
        if self._deployment.failure_queue:
            target["DeadLetterConfig"] = {"Arn": self._deployment.failure_queue}
        text = "\n".join((*key, f"{when:%Y-%m-%dT%H:%M}"))
        window: dict[str, Any] = {"Mode": "OFF"}
        if spread:
            window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": spread}
        call = {
            "Name": hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:48],
            "GroupName": self._deployment.name,
            "ScheduleExpression": f"at({when:%Y-%m-%dT%H:%M:%S})",
            "FlexibleTimeWindow": window,
            "ActionAfterCompletion": "DELETE",
            "Target": target,
        }
        client = self._aws.client("scheduler")
        try:
            with_retries(lambda: client.create_schedule(**call), self._aws.clock)
        except Exception as error:
            if error_code(error) != "ConflictException":  # it is there already
                raise


def opened(envelope: object) -> Mapping[str, Any]:
    """What a schedule started the function with; empty for any other event."""
    return mapping(mapping(envelope).get(MARK))
