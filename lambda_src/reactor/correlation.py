"""Findings that make an alert together: many of one detection, or some in an order.

What is decided here is decided alike in Lambda and in `trailctl replay`, and in whatever order the
events arrive, however often, and however late:

- A correlation has steps, each with the number of findings that it needs: one step is a count,
  several are a sequence. Findings are put together by a key, such as the caller.
- Time is cut into windows of the correlation's length (from 1970 on), a window into ticks: a
  twelfth of it for a count, a sixtieth for a sequence. Times within one tick have no order.
- A window of a key makes one alert if a finding of the last step lies in it and all that the steps
  need lies, in their order, in the time from that finding's tick back to one window earlier. So
  what happens within the length is always found, and what takes a tick longer may be.
- Findings with the same event id are one. Of a step and tick, no more are counted than the step
  needs. So the number kept is bounded, whoever floods it, and more of them never change the answer
  back: an alert that is sent once is right for ever.

A finding can complete its own window and the next one, if it comes late. Beyond that it changes
nothing, so that a finding costs one write and two reads, and an item holds at most
`ticks * sum(steps)` ids of eight characters.
"""

from __future__ import annotations

import hashlib
import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING, Protocol

from reactor.shapes import dig, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from reactor.event import Event

    # How many findings a window has, by step and tick.
    Counts = Mapping[tuple[int, int], int]

MOST = 100  # findings that a step may need; the ledger's items are bounded by it
_SESSION = re.compile(r"^arn:([^:]+):sts::(\d*):assumed-role/([^/]+)/.*$", re.DOTALL)


@dataclass(frozen=True)
class Correlation:
    """`id` names it, `seconds` is the length of its windows (a multiple of 60), `needs` the number
    of findings that each step needs.
    """

    id: str
    seconds: int
    needs: tuple[int, ...]

    @property
    def ticks(self) -> int:
        """The ticks of a window."""
        return 12 if len(self.needs) == 1 else 60

    def place(self, when: float) -> tuple[int, int]:
        """The window (its number since 1970) and the tick of a time in seconds since 1970."""
        window, rest = divmod(int(when), self.seconds)
        return window, rest * self.ticks // self.seconds

    def complete(self, before: Counts, here: Counts) -> bool:
        """True if a window makes an alert; `before` is the window before it."""
        last = len(self.needs) - 1
        whole = {key: number for key, number in before.items() if number}
        whole.update(
            ((step, tick + self.ticks), number) for (step, tick), number in here.items() if number
        )
        ends = [tick for step, tick in whole if step == last and tick >= self.ticks]
        return any(self._reaches(whole, end - self.ticks, end) for end in ends)

    def _reaches(self, whole: Counts, begin: int, end: int) -> bool:
        """True if the steps are there between two ticks, one after the other: each taken as early
        as it can be.
        """
        tick = begin
        for step, need in enumerate(self.needs):
            number = whole.get((step, tick), 0)
            while number < need:
                tick += 1
                if tick > end:
                    return False
                number += whole.get((step, tick), 0)
        return True


@dataclass(frozen=True)
class Gathered:
    """What is kept of a window: how many findings of each step and tick, and some of them told."""

    counts: Counts
    examples: Mapping[str, str]


class Shelf(Protocol):
    """Where findings are kept until there are enough."""

    def put(self, window: str, step: int, tick: int, event: str, most: int, told: str) -> Gathered:
        """Adds an event's finding to a window, unless it is there or `most` are; what is there."""

    def look(self, window: str) -> Gathered:
        """What is kept of a window."""


def completed(
    shelf: Shelf, given: Correlation, key: str, step: int, when: float, event: str, told: str
) -> dict[int, Gathered]:
    """Puts a finding on the shelf; the windows that make an alert with it, and what they hold.

    A window is there again with each further finding: it makes its alert once.
    """
    window, tick = given.place(when)

    def name(number: int) -> str:
        return f"{given.id}/{given.seconds}/{number}/{key}"

    # What is written before it is read is seen by one of two runs at least.
    here = shelf.put(name(window), step, tick, event, given.needs[step], told)
    before, after = shelf.look(name(window - 1)), shelf.look(name(window + 1))
    found = {}
    if given.complete(before.counts, here.counts):
        found[window] = _both(before, here)
    if given.complete(here.counts, after.counts):
        found[window + 1] = _both(here, after)
    return found


def _both(first: Gathered, second: Gathered) -> Gathered:
    """Two windows in one: the numbers by step, under tick 0."""
    total: dict[tuple[int, int], int] = {}
    for counts in (first.counts, second.counts):
        for (step, _), number in counts.items():
            total[step, 0] = total.get((step, 0), 0) + number
    return Gathered(total, {**second.examples, **first.examples})


def mark(event: str) -> str:
    """Eight characters for an event's id. Two of a hundred have the same once in 10^10 times."""
    digest = hashlib.sha256(event.encode("utf-8", "surrogatepass")).digest()
    return urlsafe_b64encode(digest[:6]).decode()


# ---- keys


def principal(event: Event) -> str:
    """Who called, under a name that the caller can't choose anew: never a session's.

    A role's session is its role, a federated one its user. Who comes from nowhere in particular is
    the account.
    """
    actor = event.actor
    if actor.issuer:
        return actor.issuer
    found = _SESSION.match(actor.arn)
    if found:
        return f"arn:{found[1]}:iam::{found[2]}:role/{found[3]}"
    if actor.kind in ("web_identity", "saml_user"):  # the identity provider's users name themselves
        return actor.identity_provider or actor.account or event.account
    return actor.arn or actor.name or actor.principal_id.partition(":")[0] or actor.account


def source_address(event: Event) -> str:
    """Where a call came from; of IPv6 the network of 64 bits, which one machine has to itself."""
    try:
        address = ip_address(event.source_ip)
    except ValueError:
        return event.source_ip
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return f"{IPv6Address(int(address) >> 64 << 64)}/64"
    return str(address)


def _made_key(event: Event) -> str:
    return text(dig(event.response, "accessKey", "accessKeyId"))


def _named_user(event: Event) -> str:
    return _of_account(event, _user(event))


def _user(event: Event) -> str:
    return text(event.request.get("userName"))


def _of_account(event: Event, name: str) -> str:
    return f"{event.account}/{name.lower()}" if name else ""


KEYS: dict[str, Callable[[Event], str]] = {
    "principal": principal,
    "source address": source_address,
    "access key": lambda event: event.actor.access_key,
    "created access key": _made_key,
    "user": _named_user,
}


def key_of(by: str, event: Event) -> str:
    """The key that puts an event together with others; empty if it has none.

    Raises KeyError for a name that is not in KEYS.
    """
    return KEYS[by](event)
