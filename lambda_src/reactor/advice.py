"""What is left to do for people, by what the reaction did already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from reactor.actions import Alert, Outcome

if TYPE_CHECKING:
    from typing import Literal

    Disposition = Literal[
        "detected", "corrected", "partially_corrected", "uncorrected", "tagged", "taken_back"
    ]


def disposition_of(outcomes: Sequence[Outcome], before: str = "") -> Disposition:
    """What became of the resources: what only marks them corrects nothing.

    `before` is what an earlier run of the event made of it.
    """
    found = _of(outcomes)
    return cast("Disposition", before) if found in ("detected", "tagged") and before else found


def _of(outcomes: Sequence[Outcome]) -> Disposition:
    meant = _meant(outcomes)
    taken = [outcome for outcome in meant if outcome.status == "taken"]
    if taken:
        return "corrected" if len(taken) == len(meant) else "partially_corrected"
    if any(outcome.status == "failed" for outcome in meant):
        return "uncorrected"
    if not meant and any(outcome.status == "taken" for outcome in outcomes):
        return "tagged"
    return "detected"


def _meant(outcomes: Sequence[Outcome]) -> list[Outcome]:
    return [outcome for outcome in outcomes if outcome.action.kind != "label"]


def advised(alert: Alert, outcomes: Sequence[Outcome], before: str = "") -> Alert:
    """The alert with what is left to do as its runbook."""
    if not alert.runbook:
        return alert
    found, meant = disposition_of(outcomes, before), _meant(outcomes)
    if found == "corrected":
        return replace(alert, runbook=alert.afterwards or alert.runbook)
    if not meant:
        return alert
    part = found == "partially_corrected"
    lead = f"The reaction {'did only a part of it' if part else 'left it as it is'}"
    if any(outcome.status == "failed" for outcome in meant):
        lead += ", tries again, and tells if that succeeds"
    elif any(outcome.held for outcome in meant):
        lead += ", and takes it up when its budget allows that"
    return replace(alert, runbook=f"{lead}. {alert.runbook}")
