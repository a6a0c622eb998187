"""The target of findings, by its ARN."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ARN = re.compile(
    r"arn:([a-z-]+):(events|securityhub|sqs):([a-z0-9-]+):([0-9]{12}):"
    r"(?:event-bus/|(hub/default)|)([A-Za-z0-9/._-]*)"
)


@dataclass(frozen=True)
class FindingTarget:
    """A target by its ARN: a Security Hub (`hub/default`), a queue or an event bus."""

    arn: str
    partition: str
    service: str
    region: str
    account: str
    name: str

    @classmethod
    def parse(cls, arn: str) -> FindingTarget:
        """Raises ValueError if the ARN is that of no target."""
        found = _ARN.fullmatch(arn)
        if (
            found is None
            or bool(found[5]) != (found[2] == "securityhub")
            or (not found[5] and not found[6])
        ):
            raise ValueError(
                f"{arn!r} is no target of findings: give the ARN of a Security Hub, an SQS queue, "
                "or an event bus."
            )
        partition, service, region, account, _, name = found.groups()
        return cls(arn, partition, service, region, account, name)
