"""A null-safe reader of everything that CloudTrail sends through EventBridge.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from reactor.actor import Actor, read_actor
from reactor.resources import (
    Instance,
    Resource,
    read_instances,
    read_resources,
    requested_tags,
)
from reactor.shapes import mapping, moment, text, truth

if TYPE_CHECKING:
    from typing import Literal

    EventKind = Literal[
        "api_call",
        "sign_in",
        "console_action",
        "service_event",
        "insight",
        "network_activity",
        "other",
    ]

# Real events have the first spelling of sign-in, the documentation the second.
_KINDS: dict[str, EventKind] = {
    "AWS API Call via CloudTrail": "api_call",
    "AWS Console Sign In via CloudTrail": "sign_in",
    "AWS Console Signin via CloudTrail": "sign_in",
    "AWS Console Action via CloudTrail": "console_action",
    "AWS Service Event via CloudTrail": "service_event",
    "AWS Insight via CloudTrail": "insight",
    "AWS Network Activity Event via CloudTrail": "network_activity",
}
_TOOLS = (
    ("opentofu", "opentofu"),
    ("terraform", "terraform"),
    ("pulumi", "pulumi"),
    ("ansible", "ansible"),
    ("karpenter", "karpenter"),
    ("aws-cli/", "aws-cli"),
    ("boto3/", "boto3"),
    ("botocore/", "boto3"),
    ("aws-sdk-go", "aws-sdk-go"),
    ("aws-sdk-java", "aws-sdk-java"),
    ("aws-sdk-js", "aws-sdk-js"),
    ("aws-sdk-nodejs", "aws-sdk-js"),
    ("aws-sdk-dotnet", "aws-sdk-dotnet"),
    ("aws-sdk-ruby", "aws-sdk-ruby"),
    ("aws-sdk-rust", "aws-sdk-rust"),
    ("aws-sdk-php", "aws-sdk-php"),
    ("aws-sdk-cpp", "aws-sdk-cpp"),
)


@dataclass(frozen=True)
class Event:
    """A CloudTrail event. Texts are empty, mappings empty and times None where nothing was sent.

    `id` is CloudTrail's eventID (the key to deduplicate on), `source` the eventSource such as
    `ec2.amazonaws.com`, `time` that of the call in UTC, `account` and `region` where it happened,
    `error` the errorCode (empty: none was sent). `read_only` is None where CloudTrail does not
    tell. `kind` is read from the envelope's detail-type; `trusted_source` is the envelope's
    source, which nobody but AWS can set to `aws.*`. `detection` is the definition (JSON) of the
    catalogue's entry that the event comes with, None for a bare event. `late_seconds` is how late
    reconciliation handed the event over; 0: EventBridge did.
    """

    kind: EventKind
    id: str
    name: str
    source: str
    trusted_source: str
    time: datetime | None
    account: str
    region: str
    error: str
    error_message: str
    read_only: bool | None
    actor: Actor
    request: Mapping[str, Any]
    response: Mapping[str, Any]
    additional: Mapping[str, Any]
    source_ip: str
    user_agent: str
    request_id: str
    detail: Mapping[str, Any] = field(repr=False)
    detection: object = field(default=None, repr=False)
    late_seconds: int = 0

    @property
    def failed(self) -> bool:
        """True if the call was refused or failed.

        A null response is no failure (CreateBucket succeeds with one). A failed sign-in, or change
        of root's password, has no errorCode: its response says so, or, where Identity Center asked
        for a credential, the service's details.
        """
        if self.error:
            return True
        if self.kind == "sign_in" or self.source == "signin.amazonaws.com":
            details = mapping(self.detail.get("serviceEventDetails"))
            told = (*self.response.values(), *details.values())
            return "Failure" in told or bool(self.error_message)
        return False

    @property
    def omitted(self) -> bool:
        """True if CloudTrail left the request or the response out because it was too large."""
        return truth(self.request.get("omitted")) is True or (
            truth(self.response.get("omitted")) is True
        )

    @property
    def tool(self) -> str:
        """The tool that made the call, as its user agent claims: `terraform`, `console`, ...

        `api` where the user agent tells nothing. A caller can forge it: use it as a label, and base
        no decision on it.
        """
        agent = self.user_agent.lower().lstrip("[")
        if self.actor.console or agent.startswith(("console.", "ec2console", "signin.")):
            return "console"
        return next((tool for word, tool in _TOOLS if word in agent), "api")

    @cached_property
    def instances(self) -> tuple[Instance, ...]:
        """Every instance that a RunInstances call started; empty for other or failed calls."""
        if self.name != "RunInstances" or self.failed:
            return ()
        return read_instances(self.request, self.response)

    @cached_property
    def requested_tags(self) -> frozenset[str]:
        """The keys of the tags that the call itself set."""
        return requested_tags(self.request)

    @cached_property
    def resources(self) -> tuple[Resource, ...]:
        """The resources CloudTrail names in the record itself, then those read from its body."""
        return read_resources(self.detail, self.instances)


# Fields that a record has and an envelope does not have.
_OF_RECORDS = ("eventSource", "eventType", "eventVersion", "insightDetails")


def read_event(envelope: object) -> Event:
    """The event in an EventBridge envelope, or in a bare CloudTrail record; never raises.

    A rule's target may have put a detection beside the envelope: {"detection": ..., "event": ...}.
    EventBridge alone writes the outermost names of an event, so that no sender can.
    """
    outer = mapping(envelope)
    detection = None
    if "detection" in outer and "event" in outer:
        detection, outer = outer["detection"], mapping(outer["event"])
    detail = mapping(outer.get("detail"))
    # An Insight has no eventSource of its own, an old record perhaps no eventVersion.
    if not detail and not outer.keys().isdisjoint(_OF_RECORDS):
        detail, outer = outer, {}
    detail_type = text(outer.get("detail-type"))
    insight = mapping(detail.get("insightDetails"))
    kind = _KINDS.get(detail_type) or (_kind_of_record(detail) if not outer else "other")
    actor = read_actor(detail.get("userIdentity"), detail)
    return Event(
        kind=kind,
        id=text(detail.get("eventID")) or text(outer.get("id")),
        name=text(detail.get("eventName")) or text(insight.get("eventName")),
        source=text(detail.get("eventSource")) or text(insight.get("eventSource")),
        trusted_source=text(outer.get("source")),
        time=moment(detail.get("eventTime")) or moment(outer.get("time")),
        # Records before version 1.02 name no recipient: there it is the caller's account.
        account=text(detail.get("recipientAccountId"))
        or text(outer.get("account"))
        or actor.account,
        region=text(detail.get("awsRegion")) or text(outer.get("region")),
        error=text(detail.get("errorCode")),
        error_message=text(detail.get("errorMessage")),
        read_only=truth(detail.get("readOnly")),
        actor=actor,
        request=mapping(detail.get("requestParameters")),
        response=mapping(detail.get("responseElements")),
        additional=mapping(detail.get("additionalEventData")),
        source_ip=text(detail.get("sourceIPAddress")),
        user_agent=text(detail.get("userAgent")),
        request_id=text(detail.get("requestID")),
        detail=detail,
        detection=detection,
        late_seconds=_late(mapping(outer.get("redelivered")).get("late_seconds")),
    )


def _late(seconds: object) -> int:
    return seconds if isinstance(seconds, int) and 0 < seconds < 1 << 31 else 0


_RECORD_KINDS: dict[str, EventKind] = {
    "AwsApiCall": "api_call",
    "AwsConsoleSignIn": "sign_in",
    "AwsConsoleAction": "console_action",
    "AwsServiceEvent": "service_event",
    "AwsCloudTrailInsight": "insight",
    "AwsVpceEvent": "network_activity",
}


def _kind_of_record(detail: Mapping[str, Any]) -> EventKind:
    return _RECORD_KINDS.get(text(detail.get("eventType")), "other")
