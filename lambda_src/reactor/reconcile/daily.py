"""The line of a day for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reactor.reconcile.judge import MISSED, Arrival


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
        ("unread", "log files could not be read"),
    ):
        told += [f"{total[name]:,} {what}"] if total.get(name) else []
    told += [f"{behind:,} places are behind"] if behind else []
    line = (
        f"{date}: {events:,} events of {rules} rules in {accounts} accounts and {regions} Regions: "
        f"{'; '.join(told)}."
    )
    if proven:
        return line
    return f"{line} The log itself is not proven: no digest validation is there."
