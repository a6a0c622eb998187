"""The text that a rule's target is sent, with the router's errors."""

from __future__ import annotations

from datetime import datetime

from reactor.patterns.transform import InputError
from reactor.patterns.transform import target_input as made_input

from localaws.events.router.model import DeliveryError, Envelope, Target


def target_input(target: Target, event: Envelope, ingested: datetime) -> str:
    """The text that the target gets for an event that EventBridge received at `ingested`.

    Raises DeliveryError (INVALID_JSON, INVALID_PARAMETER) where the target's settings and this
    event don't make one.
    """
    try:
        return made_input(target.settings, event, target.rule.arn, ingested)
    except InputError as error:
        raise DeliveryError(error.code, error.reason) from None
