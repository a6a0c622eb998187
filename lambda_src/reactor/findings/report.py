"""Reports an alert as a finding, and updates the one that it is in already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from reactor.advice import disposition_of
from reactor.alerts import sentence
from reactor.findings.delivery import deliver
from reactor.findings.model import AlertFinding, seen_at, uid_of
from reactor.findings.target import FindingTarget

if TYPE_CHECKING:
    from reactor.actions import Alert, Outcome
    from reactor.run import Run
    from reactor.windows import Sign


def named(run: Run, alerts: Sequence[Alert]) -> dict[str, str]:
    """What an audit record says of the finding of the event's alert; empty if it has none.

    A window has one finding for many events, which no undo updates.
    """
    deployment = run.deployment
    if not alerts or alerts[0].window_seconds:
        return {}
    alert = alerts[0]
    return {
        "uid": uid_of(alert, run.event, deployment.name, run.here),
        "target": deployment.findings,
        "title": alert.subject[:256],
        "severity": alert.severity,
    }


def report(
    run: Run,
    alert: Alert,
    outcomes: Sequence[Outcome] | None,
    earlier: Sequence[str],
    result: str,
    window: str,
    times: int,
    sign: Sign | None,
) -> bool:
    """Sends an alert as a finding, or updates the one that it is in already.

    Each `result` of an event, and what became of it, is reported once. `times`: a window counts
    the event, and holds its alert back. The 2nd, 4th, 8th, ... of a key updates the finding:
    that costs money. Returns whether it was sent now; errors go to the run's.
    """
    deployment, ledger, mode = run.deployment, run.ledger, run.mode()[0]
    if mode == "dry_run" or times & (times - 1):
        return False
    now, here = datetime.now(UTC), run.here
    seen = seen_at(run.event, now)
    uid = uid_of(alert, run.event, deployment.name, here, window, sign.id if sign else "")
    about = {"uid": uid, "target": deployment.findings}
    try:
        known = ledger().recall("finding", uid) if ledger is not None else {}
        if times and not known:  # the window held the first one back, too
            return False
        disposition = disposition_of(outcomes or (), run.disposition)
        first = min(seen, datetime.fromisoformat(known.get("first", seen.isoformat())))
        created = datetime.fromisoformat(known.get("created", now.isoformat()))
        last = max(seen, datetime.fromisoformat(known.get("last", seen.isoformat())))
        finding = AlertFinding(
            uid=uid,
            alert=alert,
            event=run.event,
            told=f"{sentence(alert, outcomes, deployment.name, mode, earlier)}.",
            reaction=deployment.name,
            mode=mode,
            here=here,
            created=created,
            now=now,
            first=first,
            last=last,
            outcomes=outcomes or (),
            count=max(times, int(known.get("count", 1))),
            updates=bool(known),
            undo=run.undo_command() if outcomes is not None else "",
            disposition=disposition,
        )
        facts = {
            "created": created.isoformat(),
            "first": first.isoformat(),
            "last": last.isoformat(),
            "count": finding.count,
        }

        def send() -> Mapping[str, Any]:
            target = FindingTarget.parse(deployment.findings)
            deliver(target, finding, run.home, run.clock)
            if ledger is not None:
                ledger().remember("finding", uid, facts)
            return {"uid": uid}

        whose = sign.id if sign else run.event.id
        key = (uid, whose, "finding", result, disposition, str(times))
        repeated = run.once(key, send)[1]
    except Exception as error:
        run.errors.append(("send the finding", error))
        run.telemetry.log.exception("finding failed", finding=about, reason=str(error))
        run.telemetry.count("FindingsFailed")
        return False
    if not repeated:
        run.telemetry.log.info("finding sent", finding={**about, "count": finding.count})
        run.telemetry.count("FindingsSent")
    return not repeated
