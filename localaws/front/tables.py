"""What the emulator lacks or gets wrong, closed in front of it: a table of answers, one of checks.

`ANSWERS` maps (service, operation) to a coroutine that answers in the emulator's place, `CHECKS` to
coroutines that refuse what AWS refuses and the emulator accepts; the operation `*` stands for all
of a service. Each module here holds one matter and its share of both tables.

Where an operation is authorized, the emulator is asked first, or `authorize` where its answer must
not be had: a caller without permission is denied as ever, whatever else is wrong with the call.
"""

from __future__ import annotations

from collections.abc import Mapping

from localaws.cloudtrail import trails
from localaws.cloudwatch import alarms
from localaws.ec2 import instances
from localaws.events import buses, put_rule
from localaws.functions import create, powertools
from localaws.iam import organizations, policies, principals, sessions
from localaws.s3 import bucket_configurations, buckets
from localaws.wire.call import After, Answer, Check, Incoming, Key
from localaws.wire.kept import State

_MODULES = (
    powertools,  # first: it makes what the checks on functions look for
    alarms,
    bucket_configurations,
    buckets,
    buses,
    create,
    instances,
    organizations,
    policies,
    principals,
    put_rule,
    sessions,
    trails,
)


def _answers() -> dict[Key, Answer]:
    table: dict[Key, Answer] = {}
    for module in _MODULES:
        for key, answer in getattr(module, "ANSWERS", {}).items():
            if key in table:
                raise RuntimeError(f"{key} is answered by {module.__name__} and by another module")
            table[key] = answer
    return table


def _checks() -> dict[Key, tuple[Check, ...]]:
    table: dict[Key, tuple[Check, ...]] = {}
    for module in _MODULES:
        for key, checks in getattr(module, "CHECKS", {}).items():
            table[key] = table.get(key, ()) + tuple(checks)
    return table


ANSWERS: Mapping[Key, Answer] = _answers()
CHECKS: Mapping[Key, tuple[Check, ...]] = _checks()
AFTER: Mapping[Key, After] = {
    key: after for module in _MODULES for key, after in getattr(module, "AFTER", {}).items()
}
"""What the layer remembers of a call that succeeded, before the client has its answer."""
OVERLAID: frozenset[Key] = frozenset().union(
    *(getattr(module, "OVERLAID", ()) for module in _MODULES)
)
"""The answers that hold for the layer's own reads too."""


def checks(service: str, operation: str) -> tuple[Check, ...]:
    """The checks of a call: its own, then its service's."""
    return CHECKS.get((service, operation), ()) + CHECKS.get((service, "*"), ())


__all__ = [
    "AFTER",
    "ANSWERS",
    "CHECKS",
    "OVERLAID",
    "Answer",
    "Check",
    "Incoming",
    "State",
    "checks",
]
