"""The line of a day for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reactor.reconcile.judge import MISSED, Arrival
from reactor.wording import several


def day_line(
    date: str,
    total: Mapping[str, int],
    rules: int,
    places: Sequence[tuple[str, str]],
    behind: int,
    proven: bool,
) -> str:
    """The line on a day, such as `2026-11-28: 41,208 events of 38 rules in 12 accounts and
    17 Regions: all seen; 3 late.` `date` may be any time.
    """
    missed = sum(total.get(each, 0) for each in MISSED)
    events = missed + sum(total.get(each, 0) for each in (Arrival.SEEN, Arrival.LATE))
    accounts = len({account for account, _ in places})
    regions = len({region for _, region in places})
    told = ["all seen" if not missed else f"{missed:,} missed"]
    for name, what in (
        ("redelivered", "redelivered"),
        (Arrival.LATE, "late"),
        ("repeated", "delivered twice"),
        (Arrival.BLIND, "where no way leads to the rules"),
        (Arrival.FILTERED, "left out by forwarding"),
        ("belated", "told as missed before and come late"),
    ):
        told += [f"{total[name]:,} {what}"] if total.get(name) else []
    if unread := total.get("unread"):
        told.append(several(unread, "log file could not be read", "log files could not be read"))
    told += [several(behind, "place is behind", "places are behind")] if behind else []
    line = (
        f"{date}: {several(events, 'event')} of {several(rules, 'rule')} in "
        f"{several(accounts, 'account')} and {several(regions, 'Region')}: {'; '.join(told)}."
    )
    if proven:
        return line
    return f"{line} The log itself is not proven: no digest validation is there."
