"""The place to act in: an event's own account and Region, directly or through a role there."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reactor.aws import Aws
from reactor.retry import Clock, error_code, with_retries
from reactor.shapes import is_account, is_region

if TYPE_CHECKING:
    from reactor.event import Event
    from reactor.settings import Deployment

_RENEW = 300  # seconds before the credentials of a member role expire


class NoWayError(Exception):
    """There is no way to the place an event is of."""


@dataclass(frozen=True)
class Place:
    """The account and Region that the function runs in."""

    account: str
    region: str
    partition: str = "aws"

    def holds(self, event: Event) -> bool:
        """True if the event is of this account and Region."""
        return (event.account, event.region) == (self.account, self.region)

    def refusal(self, event: Event) -> str:
        """The reason why the function can't act on an event from here, without a member role."""
        there = f"account {event.account or 'unknown'}, Region {event.region or 'unknown'}"
        return (
            f"the event is of {there}; this function acts in account "
            f"{self.account or 'unknown'}, Region {self.region or 'unknown'} only"
        )


class NoAws(Aws):
    """Stands in for the clients of a place that there is no way to: every use raises NoWayError."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason

    def client(self, service: str, region: str | None = None) -> Any:
        """Raises NoWayError."""
        del service, region
        raise NoWayError(self.reason)


class Places:
    """The clients for each event's place, kept while their credentials last."""

    def __init__(self, deployment: Deployment, home: Aws) -> None:
        self._deployment = deployment
        self._home = home
        self._away: dict[tuple[str, str], tuple[Aws, float]] = {}

    def of(self, event: Event, here: Place, clock: Clock) -> tuple[Aws, str]:
        """The clients to act with, and the reason if there is no way (then the clients raise
        NoWayError). Raises the error of AssumeRole if it is no refusal: Lambda then tries the event
        again.
        """
        if here.holds(event):
            return self._home, ""
        role = self._deployment.member_role
        known = is_account(event.account) and is_region(event.region)
        if not role or not known or not here.account:
            reason = here.refusal(event)
            return NoAws(reason), reason
        key = (event.account, event.region)
        aws, expires = self._away.get(key, (None, 0.0))
        if aws is not None and time.time() < expires - _RENEW:
            return aws, ""
        arn = f"arn:{here.partition}:iam::{event.account}:role/{role}"
        call: dict[str, Any] = {"RoleArn": arn, "RoleSessionName": self._deployment.session_name}
        if self._deployment.external_id:
            call["ExternalId"] = self._deployment.external_id
        try:
            answer = with_retries(lambda: self._home.client("sts").assume_role(**call), clock)
        except Exception as error:
            if not error_code(error).startswith("AccessDenied"):
                raise
            reason = f"{here.refusal(event)}, and may not assume {arn}"
            return NoAws(reason), reason
        given = answer["Credentials"]
        aws = Aws(event.region, credentials=given)
        self._away[key] = (aws, given["Expiration"].timestamp())
        return aws, ""
