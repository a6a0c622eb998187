"""The kill switch: one SSM parameter that caps what every reaction may do, without a deployment.

Its value is the highest mode that is allowed: `enforce` leaves each reaction its own mode,
`notify` and `dry_run` cap it. Whatever else it says, and if it can't be read, that means notify:
nothing is touched and people are told, since who could make it unreadable must not silence alerts.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from reactor.retry import error_name, is_passing
from reactor.settings import MODES

if TYPE_CHECKING:
    from reactor.aws import Aws
    from reactor.ledger import Ledger
    from reactor.settings import Mode
    from reactor.telemetry import Telemetry

# SSM answers 40 GetParameter calls a second in an account, or more for money. A burst of events
# must not make the switch unreadable.
MAX_AGE = 1.0  # seconds
# Whoever gets the parameter throttled must gain nothing by it: it is asked for again and again, as
# one of many answers comes through, and then its last value counts for so long.
PAUSES = (0.1, 0.2, 0.4, 0.8, 1.6)  # seconds
KEPT = 3600.0  # seconds
_CALM = 10.0  # seconds in which a throttled parameter is not asked for again
_NOTED = 600.0  # seconds after which the ledger is told the value again


class KillSwitch:
    """Reads the parameter, at most once a second; no name means no cap.

    The ledger keeps the last value for functions that have just begun.
    """

    def __init__(
        self,
        name: str,
        aws: Aws,
        telemetry: Telemetry,
        ledger: Callable[[], Ledger] | None = None,
    ) -> None:
        self._name = name
        self._aws = aws
        self._telemetry = telemetry
        self._ledger = ledger
        self._looked_at = float("-inf")
        self._read_at = float("-inf")
        self._noted: tuple[str, float] = ("", float("-inf"))
        self._cap: tuple[Mode, str] = ("enforce", "")

    def apply(self, mode: Mode) -> tuple[Mode, str]:
        """The mode as capped now, and the reason if it is capped."""
        if not self._name or mode == "dry_run":
            return mode, ""
        if time.monotonic() - self._looked_at > MAX_AGE:
            self._looked_at = time.monotonic()
            self._cap = self._read()
        cap, reason = self._cap
        return (cap, reason) if MODES.index(cap) < MODES.index(mode) else (mode, "")

    def _read(self) -> tuple[Mode, str]:
        try:
            value = self._asked()
        except Exception as error:  # whatever it is, people are told
            if is_passing(error):
                self._looked_at = time.monotonic() + _CALM
            if is_passing(error) and (last := self._last()) is not None:
                self._telemetry.count("KillSwitchUnreadable")
                self._telemetry.log.warning(
                    "kill switch not read again: its last value counts", reason=str(error)
                )
                return last
            self._telemetry.log.exception(
                "kill switch unreadable: nothing is touched", parameter=self._name
            )
            return self._unreadable(f"can't be read: {error_name(error)}")
        self._read_at = time.monotonic()
        known = next((each for each in MODES if each == value), None)
        if known is None:
            self._telemetry.log.error(
                "kill switch unreadable: nothing is touched",
                parameter=self._name,
                value=value[:100],
            )
            return self._unreadable(f"says {value[:40]!r}, which is no mode")
        self._note(known)
        return self._says(known)

    def _says(self, known: Mode) -> tuple[Mode, str]:
        if known != "enforce":
            self._telemetry.log.warning("kill switch thrown", parameter=self._name, value=known)
            self._telemetry.count("KillSwitchThrown")
        return known, f"the kill switch {self._name} says {known}"

    def _asked(self) -> str:
        for pause in (*PAUSES, None):
            try:
                answer = self._aws.client("ssm").get_parameter(Name=self._name)
            except Exception as error:
                if pause is None or not is_passing(error) or self._aws.clock.left() < pause:
                    raise
                self._aws.clock.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - no secret
            else:
                break
        return str(answer["Parameter"]["Value"]).strip()

    def _last(self) -> tuple[Mode, str] | None:
        """The last value that was read, here or by another run; None if that is too long ago."""
        if time.monotonic() - self._read_at < KEPT:
            return self._cap
        if self._ledger is None:
            return None
        try:
            kept = self._ledger().recall("switch", self._name)
        except Exception as error:
            self._telemetry.log.warning("kill switch: no last value", reason=str(error))
            return None
        known = next((each for each in MODES if each == kept.get("value")), None)
        fresh = time.time() - float(kept.get("at", "-inf")) < KEPT
        return self._says(known) if known is not None and fresh else None

    def _note(self, value: Mode) -> None:
        noted, at = self._noted
        if self._ledger is None or (noted == value and time.monotonic() - at < _NOTED):
            return
        try:
            self._ledger().remember("switch", self._name, {"value": value, "at": time.time()})
            self._noted = (value, time.monotonic())
        except Exception as error:  # needed only if AWS throttles later
            self._telemetry.log.warning("kill switch: value not noted", reason=str(error))

    def _unreadable(self, why: str) -> tuple[Mode, str]:
        self._telemetry.count("KillSwitchUnreadable")
        return "notify", f"the kill switch {self._name} {why}"
