"""Decisions of the catalogue's entries that a pattern alone can't take.

Each is a pure function `(event, known) -> Finding | None` of an event that its entry's pattern let
through; none raises on odd input. The catalogue (modules/detections) names it as `decision`.

>>> from reactor.event import read_event
>>> decide("ec2-burst", read_event({})) is None
True
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from reactor.detections.model import Finding, Known

if TYPE_CHECKING:
    from collections.abc import Callable

    from reactor.event import Event

    Decision = Callable[[Event, Known], Finding | None]

__all__ = ["DECISIONS", "Finding", "Known", "decide", "decision"]

# By the entry's id: module and function, loaded when first asked for.
DECISIONS: dict[str, str] = {
    "ami-shared": "sharing.ami_shared",
    "bucket-created": "storage.bucket_created",
    "ec2-burst": "compute.burst",
    "ec2-large": "compute.large",
    "federation-token": "accounts.federation_token",
    "iam-admin-inline": "iam.admin_inline",
    "iam-key-for-other": "iam.key_for_other",
    "iam-role-forbidden": "iam.role_forbidden",
    "iam-trust-external": "iam.trust_external",
    "login-failures": "accounts.login_failure",
    "password-data": "accounts.password_data",
    "resource-policy-public": "sharing.policy_public",
    "s3-acl-public": "storage.acl_public",
    "s3-policy-public": "storage.policy_public",
    "s3-protection-off": "storage.protection_off",
    "secrets-bulk": "accounts.secret_read",
    "sg-open": "compute.open_to_world",
    "snapshot-shared": "sharing.snapshot_shared",
    "trail-narrowed": "trail.narrowed",
    "unauthorized-api": "accounts.denied",
}
_NOTHING_KNOWN = Known()


def decision(detection: str) -> Decision:
    """The decision of a catalogue entry. Raises KeyError where its pattern decides alone."""
    module, _, name = DECISIONS[detection].partition(".")
    found: Decision = getattr(import_module(f"reactor.detections.{module}"), name)
    return found


def decide(detection: str, event: Event, known: Known = _NOTHING_KNOWN) -> Finding | None:
    """What the decision of a catalogue entry says of an event that its pattern matched."""
    return decision(detection)(event, known)
