"""The kill switch: one SSM parameter that caps what every reaction may do, without a deployment.

Its value is the highest mode that is allowed: `enforce` leaves each reaction its own mode,
`notify` and `dry_run` cap it. Whatever else it says, and if it can't be read, that means notify:
nothing is touched and people are told, since who could make it unreadable must not silence alerts.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from reactor.retry import error_code, is_passing
from reactor.settings import MODES

if TYPE_CHECKING:
    from reactor.aws import Aws
    from reactor.settings import Mode
    from reactor.telemetry import Telemetry

# SSM answers 40 GetParameter calls a second in an account, or more for money. A burst of events
# must not make the switch unreadable.
MAX_AGE = 1.0  # seconds
# Whoever gets the parameter throttled must gain nothing by it: for so long its last value counts.
KEPT = 300.0  # seconds


class KillSwitch:
    """Reads the parameter, at most once a second; no name means no cap."""

    def __init__(self, name: str, aws: Aws, telemetry: Telemetry) -> None:
        self._name = name
        self._aws = aws
        self._telemetry = telemetry
        self._looked_at = float("-inf")
        self._read_at = float("-inf")
        self._cap: tuple[Mode, str] = ("enforce", "")

    def apply(self, mode: Mode) -> tuple[Mode, str]:
        """The mode as capped now, and the reason if it is capped."""
        if not self._name or mode == "dry_run":
            return mode, ""
        if time.monotonic() - self._looked_at > MAX_AGE:
            self._cap = self._read()
            self._looked_at = time.monotonic()
        cap, reason = self._cap
        return (cap, reason) if MODES.index(cap) < MODES.index(mode) else (mode, "")

    def _read(self) -> tuple[Mode, str]:
        try:
            answer = self._aws.client("ssm").get_parameter(Name=self._name)
        except Exception as error:  # whatever it is, people are told
            if is_passing(error) and time.monotonic() - self._read_at < KEPT:
                self._telemetry.log.warning(
                    "kill switch not read again: its last value counts", reason=str(error)
                )
                return self._cap
            told = error_code(error) or type(error).__name__
            self._telemetry.log.exception(
                "kill switch unreadable: nothing is touched", parameter=self._name
            )
            return self._unreadable(f"can't be read: {told}")
        self._read_at = time.monotonic()
        value = str(answer["Parameter"]["Value"]).strip()
        known = next((each for each in MODES if each == value), None)
        if known is None:
            self._telemetry.log.error(
                "kill switch unreadable: nothing is touched",
                parameter=self._name,
                value=value[:100],
            )
            return self._unreadable(f"says {value[:40]!r}, which is no mode")
        if known != "enforce":
            self._telemetry.log.warning("kill switch thrown", parameter=self._name, value=value)
            self._telemetry.count("KillSwitchThrown")
        return known, f"the kill switch {self._name} says {known}"

    def _unreadable(self, why: str) -> tuple[Mode, str]:
        self._telemetry.count("KillSwitchUnreadable")
        return "notify", f"the kill switch {self._name} {why}"
