"""EventBridge's delivery: events in, matched against rules, delivered as AWS does.

>>> router = Router(clients, clock, print)
>>> router.put(event, account="111122223333", region="us-east-1")
>>> router.drain(timeout=5)
True
"""

from localaws.events.router.changes import touched
from localaws.events.router.core import Router
from localaws.events.router.model import AwsClients, Kind, RouterClock, RouterEvent, TargetKind
from localaws.events.router.retry import Backoff

__all__ = [
    "AwsClients",
    "Backoff",
    "Kind",
    "Router",
    "RouterClock",
    "RouterEvent",
    "TargetKind",
    "touched",
]
