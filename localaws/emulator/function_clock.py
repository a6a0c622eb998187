"""A Python function's clock: the local AWS's, which can be moved.

It stands at the head of a function's worker. So it imports nothing of ours.
"""

import datetime
import sys
from pathlib import Path
from typing import Any


class FunctionClock:
    """Moves the time that all code of this process sees, by time-machine.

    `moved` is a file that holds by how many seconds the local AWS's clock is ahead of the
    machine's; `packages` a folder with time-machine, which the function itself does not find.
    https://time-machine.readthedocs.io
    """

    def __init__(self, moved: str, packages: str) -> None:
        self._moved = Path(moved)
        self._packages = packages
        self._ahead = 0.0
        self._journey: Any = None

    def follow(self) -> None:
        """Show the local AWS's time. It runs on from there until this is called again."""
        ahead = float(self._moved.read_text(encoding="ascii"))
        if ahead == self._ahead:
            return
        if self._journey is not None:
            self._journey.stop()
        self._journey = self._travel(ahead) if ahead else None
        self._ahead = ahead

    def _travel(self, ahead: float) -> Any:
        sys.path.insert(0, self._packages)
        try:
            import time_machine
        except ImportError:  # it is made for another Python
            return None
        finally:
            sys.path.remove(self._packages)
        journey = time_machine.travel(datetime.timedelta(seconds=ahead), tick=True)
        journey.start()
        return journey
