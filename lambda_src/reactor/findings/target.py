"""Where findings go: Security Hub in its own format, a queue or an event bus in OCSF."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reactor.findings.asff import security_finding
from reactor.findings.ocsf import DETAIL_TYPE, detection_finding
from reactor.retry import with_retries

if TYPE_CHECKING:
    from reactor.aws import Aws
    from reactor.findings.model import Finding
    from reactor.retry import Clock

_SOURCE = "cloudtrail-reactor"
_ARN = re.compile(
    r"arn:([a-z-]+):(events|securityhub|sqs):([a-z0-9-]+):([0-9]{12}):"
    r"(?:event-bus/|(hub/default)|)([A-Za-z0-9/._-]*)"
)
_AGAIN = ("InternalException", "LimitExceededException")


class DeliveryError(Exception):
    """The target answered, and did not take the finding."""


@dataclass(frozen=True)
class Target:
    """A target by its ARN: a Security Hub (`hub/default`), a queue or an event bus."""

    arn: str
    partition: str
    service: str
    region: str
    account: str
    name: str

    @classmethod
    def parse(cls, arn: str) -> Target:
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

    def deliver(self, finding: Finding, aws: Aws, clock: Clock) -> None:
        """Sends a finding; raises DeliveryError or what AWS answers."""
        if self.service == "securityhub":
            shaped = security_finding(finding, self.partition, self.region, self.account)
            client = aws.client("securityhub", self.region)
            answer = with_retries(
                lambda: client.batch_import_findings(Findings=[shaped]), clock, _AGAIN
            )
            if answer.get("FailedCount"):
                failed = (answer.get("FailedFindings") or [{}])[0]
                raise DeliveryError(
                    f"Security Hub refused it: {failed.get('ErrorCode')} "
                    f"{failed.get('ErrorMessage')}"
                )
        else:
            self.send(detection_finding(finding), aws, clock)

    def send(self, shaped: Mapping[str, Any], aws: Aws, clock: Clock) -> None:
        """Sends an OCSF event to a queue or bus; raises as `deliver`."""
        body = json.dumps(shaped)
        client = aws.client(self.service, self.region)
        if self.service == "sqs":
            url = f"{client.meta.endpoint_url}/{self.account}/{self.name}"
            with_retries(lambda: client.send_message(QueueUrl=url, MessageBody=body), clock, _AGAIN)
        else:
            entry = {
                "Source": _SOURCE,
                "DetailType": DETAIL_TYPE,
                "EventBusName": self.arn,
                "Detail": body,
            }
            answer = with_retries(lambda: client.put_events(Entries=[entry]), clock, _AGAIN)
            if answer.get("FailedEntryCount"):
                failed = answer["Entries"][0]
                raise DeliveryError(
                    f"{self.name} refused it: {failed.get('ErrorCode')} "
                    f"{failed.get('ErrorMessage')}"
                )
