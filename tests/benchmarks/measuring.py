"""What every benchmark gives: ratios of what took turns, by the clock and the processor.

A machine is noisy and no two are alike, so a row is a ratio: both sides run in each round, one
after the other, and the round's ratio counts. A row shows the median and, as its spread, the lowest
and highest of the rounds. Where other load is on the machine, the clock tells of that load: then
musts are judged by the processor's time, and the verdict says so.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

ROUNDS = 5
# So much of the cores in use before a benchmark starts is load that is not the benchmark's.
_BUSY = 0.35


class Used(NamedTuple):
    """Seconds that passed, seconds of the processor; peak memory in MB where it is measured."""

    wall: float
    cpu: float
    memory: float = 0.0


class Spread(NamedTuple):
    """Median, lowest and highest of the rounds."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, figures: Sequence[float]) -> Spread:
        """That of some figures; at least one."""
        return cls(statistics.median(figures), min(figures), max(figures))

    def __str__(self) -> str:
        return f"{shown(self.median)} ({shown(self.low)}..{shown(self.high)})"


@dataclass
class Row:
    """One line: how many times quicker ours is than theirs; with `cost`, how many times dearer.

    `must` and `aim` are for the clock, `must_cpu` for the processor's time (the same, if it is
    not given); with `cost` they are the most that may be, without it the least. Where `cpu_only`,
    the clock has nothing to tell: what is measured waits for nothing.
    """

    bench: str
    what: str
    ours: list[Used] = field(default_factory=list)
    theirs: list[Used] = field(default_factory=list)
    must: float | None = None
    aim: float | None = None
    must_cpu: float | None = None
    cost: bool = False
    cpu_only: bool = False

    def add(self, ours: Used, theirs: Used) -> None:
        """A round's figures."""
        self.ours.append(ours)
        self.theirs.append(theirs)

    def ratios(self, name: str) -> Spread:
        """Of `wall` or `cpu`, round by round."""
        pairs = zip(self.ours, self.theirs, strict=True)
        both = [(max(getattr(a, name), 1e-9), max(getattr(b, name), 1e-9)) for a, b in pairs]
        return Spread.of([a / b if self.cost else b / a for a, b in both])

    def judged(self, loaded: bool) -> tuple[bool, str]:
        """Whether it is what must be, and the verdict in words."""
        by_cpu = self.cpu_only or loaded
        figure = self.ratios("cpu" if by_cpu else "wall").median
        must = self.must_cpu if by_cpu and self.must_cpu is not None else self.must
        by = " by cpu" if by_cpu else ""
        return _judged(figure, must, self.aim, self.cost, by)

    def cells(self, loaded: bool) -> tuple[str, ...]:
        """What the table shows."""
        wall = "" if self.cpu_only else str(self.ratios("wall"))
        sides = (_seconds(self.ours), _seconds(self.theirs))
        return (self.bench, self.what, wall, str(self.ratios("cpu")), *sides,
                _limits(self.must, self.aim, self.cost), self.judged(loaded)[1])  # fmt: skip

    def json(self) -> dict[str, Any]:
        """Members for JSON."""
        found: dict[str, Any] = {"bench": self.bench, "what": self.what}
        names = ("cpu",) if self.cpu_only else ("wall", "cpu")
        found |= {name: self.ratios(name)._asdict() for name in names}
        return found


@dataclass
class Figure:
    """One line that is no ratio, such as megabytes; `must` is the most that may be."""

    bench: str
    what: str
    unit: str
    values: list[float] = field(default_factory=list)
    must: float | None = None
    aim: float | None = None

    def judged(self, loaded: bool) -> tuple[bool, str]:
        """Whether it is what must be, and the verdict in words."""
        del loaded
        return _judged(Spread.of(self.values).median, self.must, self.aim, True, "")

    def cells(self, loaded: bool) -> tuple[str, ...]:
        """What the table shows."""
        told = f"{Spread.of(self.values)} {self.unit}"
        return (self.bench, self.what, told, "", "", "", _limits(self.must, self.aim, True),
                self.judged(loaded)[1])  # fmt: skip

    def json(self) -> dict[str, Any]:
        """Members for JSON."""
        spread = Spread.of(self.values)._asdict()
        return {"bench": self.bench, "what": self.what, self.unit: spread}


Line = Row | Figure
HEAD = ("bench", "what", "ratio (spread)", "by cpu (spread)", "ours s (cpu)", "theirs s (cpu)",
        "must / aim", "verdict")  # fmt: skip


def loaded() -> bool:
    """Whether others use the machine; to be asked before a benchmark starts."""
    cores = os.cpu_count() or 1
    begun, spent = time.perf_counter(), time.process_time()
    while time.perf_counter() - begun < 0.2:
        pass
    share = (time.process_time() - spent) / (time.perf_counter() - begun)
    return share < 0.95 or os.getloadavg()[0] / cores > _BUSY


def call(run: Callable[[], Any]) -> Used:
    """What a call in this process takes."""
    begun, spent = time.perf_counter(), time.process_time()
    run()
    return Used(time.perf_counter() - begun, time.process_time() - spent)


def command(
    arguments: Sequence[str], variables: Mapping[str, str], code: int = 0, says: str = ""
) -> Used:
    """What a process and its own processes take; its memory is the largest one's.

    Raises SystemExit where it ends with another code or does not say what it should.
    """
    begun = time.perf_counter()
    process = subprocess.Popen(
        arguments, env=dict(variables), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert process.stdout is not None
    with process.stdout as output:
        said = output.read().decode()
    _, status, used = os.wait4(process.pid, 0)
    taken = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != code or says not in said:
        raise SystemExit(f"{' '.join(arguments)} did not do what it should:\n{said[-2000:]}")
    return Used(taken, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def compiled(variables: Mapping[str, str], folder: str) -> dict[str, str]:
    """The environment in which Python keeps what it compiled, as it does where it is installed."""
    kept = {name: value for name, value in variables.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": folder}


def shown(figure: float) -> str:
    """Three digits."""
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.3g}"


def _seconds(used: Sequence[Used]) -> str:
    wall, cpu = (statistics.median(getattr(u, name) for u in used) for name in ("wall", "cpu"))
    return f"{shown(wall)} ({shown(cpu)})"


def _limits(must: float | None, aim: float | None, most: bool) -> str:
    sign = "<= " if most else ""
    return " / ".join(f"{sign}{each:g}" if each is not None else "-" for each in (must, aim))


def _judged(
    figure: float, must: float | None, aim: float | None, most: bool, by: str
) -> tuple[bool, str]:
    def reached(limit: float) -> bool:
        return figure <= limit if most else figure >= limit

    if must is not None and not reached(must):
        return False, f"MISSED{by}"
    if aim is not None and reached(aim):
        return True, f"aim reached{by}"
    return True, f"as it must be{by}" if must is not None else "-"
