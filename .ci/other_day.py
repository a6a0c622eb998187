"""A pytest plugin: the tests' own process lives on the day OTHER_DAY, where time passes."""

import os
from datetime import datetime

import time_machine


def pytest_configure() -> None:
    """Begin the day."""
    day = datetime.fromisoformat(os.environ["OTHER_DAY"])
    time_machine.travel(day, tick=True).start()
