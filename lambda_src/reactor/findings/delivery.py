"""Where findings go: Security Hub in its own format, a queue or an event bus in OCSF."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from reactor.findings.asff import security_finding
from reactor.findings.ocsf import DETAIL_TYPE, detection_finding
from reactor.retry import with_retries

if TYPE_CHECKING:
    from reactor.aws import Aws
    from reactor.findings.model import AlertFinding
    from reactor.findings.target import FindingTarget
    from reactor.retry import Clock

_SOURCE = "cloudtrail-reactor"
_AGAIN = ("InternalException", "LimitExceededException")


class FindingError(Exception):
    """The target answered, and did not take the finding."""


def deliver(target: FindingTarget, finding: AlertFinding, aws: Aws, clock: Clock) -> None:
    """Sends a finding; raises FindingError or what AWS answers."""
    if target.service == "securityhub":
        shaped = security_finding(finding, target.partition, target.region, target.account)
        client = aws.client("securityhub", target.region)
        answer = with_retries(
            lambda: client.batch_import_findings(Findings=[shaped]), clock, _AGAIN
        )
        if answer.get("FailedCount"):
            failed = (answer.get("FailedFindings") or [{}])[0]
            raise FindingError(
                f"Security Hub refused it: {failed.get('ErrorCode')} {failed.get('ErrorMessage')}"
            )
    else:
        send(target, detection_finding(finding), aws, clock)


def send(target: FindingTarget, shaped: Mapping[str, Any], aws: Aws, clock: Clock) -> None:
    """Sends an OCSF event to a queue or bus; raises as `deliver`."""
    body = json.dumps(shaped)
    client = aws.client(target.service, target.region)
    if target.service == "sqs":
        url = f"{client.meta.endpoint_url}/{target.account}/{target.name}"
        with_retries(lambda: client.send_message(QueueUrl=url, MessageBody=body), clock, _AGAIN)
    else:
        entry = {
            "Source": _SOURCE,
            "DetailType": DETAIL_TYPE,
            "EventBusName": target.arn,
            "Detail": body,
        }
        answer = with_retries(lambda: client.put_events(Entries=[entry]), clock, _AGAIN)
        if answer.get("FailedEntryCount"):
            failed = answer["Entries"][0]
            raise FindingError(
                f"{target.name} refused it: {failed.get('ErrorCode')} {failed.get('ErrorMessage')}"
            )
