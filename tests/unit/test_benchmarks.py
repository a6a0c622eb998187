"""The benchmarks' table: ratios, spreads, verdicts, and what moved."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.benchmarks import run
from tests.benchmarks.measuring import Figure, Line, Row, Spread, Used, call, command, compiled

pytestmark = pytest.mark.unit


def row(*rounds: tuple[float, float], **more: float | bool) -> Row:
    """A row whose sides take so many seconds, and half of it of the processor."""
    made = Row("b", "w", **more)  # type: ignore[arg-type]
    for ours, theirs in rounds:
        made.add(Used(ours, ours / 2), Used(theirs, theirs / 4))
    return made


def test_a_ratio_is_of_each_round() -> None:
    made = row((1, 10), (2, 30), (1, 40))
    assert made.ratios("wall") == Spread(15, 10, 40)
    assert made.ratios("cpu") == Spread(7.5, 5, 20)
    assert str(made.ratios("wall")) == "15 (10..40)"
    assert row((2, 10), cost=True).ratios("wall").median == 0.2


@pytest.mark.parametrize(
    ("made", "loaded", "expected"),
    [
        (row((1, 10), must=12.0), False, (False, "MISSED")),
        (row((1, 10), must=9.0, aim=50.0), False, (True, "as it must be")),
        (row((1, 10), must=9.0, aim=10.0), False, (True, "aim reached")),
        (row((1, 10), must=9.0), True, (False, "MISSED by cpu")),
        (row((1, 10), must=9.0, must_cpu=4.0), True, (True, "as it must be by cpu")),
        (row((1, 10), must=6.0, cpu_only=True), False, (False, "MISSED by cpu")),
        (row((11, 10), must=1.05, cost=True), False, (False, "MISSED")),
        (row((10, 10), must=1.05, cost=True), False, (True, "as it must be")),
        (row((1, 10)), False, (True, "-")),
        (Figure("b", "w", "MB", [70, 90, 81], must=80), True, (False, "MISSED")),
        (Figure("b", "w", "MB", [70, 90, 79], must=80, aim=79), False, (True, "aim reached")),
    ],
)
def test_verdicts(made: Line, loaded: bool, expected: tuple[bool, str]) -> None:
    assert made.judged(loaded) == expected


def test_only_what_left_the_spread_of_both_has_moved() -> None:
    then = [row((1, 10), (1, 12)).json(), Figure("b", "m", "MB", [50, 60]).json()]
    same = [row((1, 12), (1, 14)).json(), Figure("b", "m", "MB", [40, 51]).json()]
    assert run.moved(same, then) == []
    now = [row((1, 20), (1, 22)).json(), Figure("b", "m", "MB", [30]).json()]
    assert run.moved(now, then) == [
        "b: w (wall): 11 -> 21 (+91%)",
        "b: w (cpu): 5.5 -> 10.5 (+91%)",
        "b: m (MB): 55 -> 30 (-45%)",
    ]
    assert run.moved(now, []) == []


def test_a_process_and_its_memory_are_measured(tmp_path: Path) -> None:
    program = "x = b'1' * 60_000_000; sum(range(300_000)); print('said')"
    used = command([sys.executable, "-c", program], os.environ, says="said")
    assert used.memory > 60
    assert used.cpu > 0
    with pytest.raises(SystemExit, match="did not do what it should"):
        command([sys.executable, "-c", "print('other')"], os.environ, says="said")
    with pytest.raises(SystemExit):
        command([sys.executable, "-c", "raise SystemExit(3)"], os.environ)
    assert compiled({"PYTHONDONTWRITEBYTECODE": "1", "A": "b"}, str(tmp_path)) == {
        "A": "b",
        "PYTHONPYCACHEPREFIX": str(tmp_path),
    }
    assert call(lambda: sum(range(1_000))).wall >= 0


def test_the_table_and_the_baseline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    speed = 10.0

    def lines(name: str, rounds: int) -> Iterator[Line]:
        yield row(*[(1, speed)] * rounds, must=9.0)

    monkeypatch.setattr(run, "lines", lines)
    monkeypatch.setattr(run, "loaded", lambda: False)
    monkeypatch.setattr(run, "BASELINE", tmp_path / "baseline.json")
    assert run.main(["digest", "--rounds", "2", "--save", "--json", str(tmp_path / "x.json")]) == 0
    said = capsys.readouterr().out
    assert "10 (10..10)" in said
    written = json.loads((tmp_path / "x.json").read_text())
    assert written["lines"][0]["wall"] == {"median": 10.0, "low": 10.0, "high": 10.0}
    assert written["loaded"] is False
    assert run.main(["digest", "--compare"]) == 0
    assert capsys.readouterr().out.endswith("as then\n")
    speed = 5.0
    assert run.main(["digest", "--compare"]) == 1
    assert "b: w (wall): 10 -> 5 (-50%)" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        run.main(["nothing"])


def test_every_benchmark_gives_lines() -> None:
    assert run.NAMES == ("coldstart", "digest", "local", "patterns", "reconcile", "replay")
