"""Modules that are broken by one line each: every breakage is caught, by what the table says.

`make mutants` runs all of them and prints the table; `make test` runs one batch, by its seed.
"""

from __future__ import annotations

import os
import random
import shutil

import pytest
from ctr_estate import Estate, read_plan

from tests.harness.local_aws import REPOSITORY
from tests.harness.plans import Planner
from tests.plan.calls import PARTITION_OF_REGION
from tests.policy.mutants import MUTANTS, Mutant, batches, mutated
from tests.policy.promises import broken
from tests.policy.wholes import BROKEN_APART, EVENTS, LOGS, plan_whole

pytestmark = pytest.mark.plan

ALL = os.environ.get("MUTANTS") == "all"
CONFIGURATION = "".join([PARTITION_OF_REGION, EVENTS, LOGS, BROKEN_APART])


def planned(tf: Planner, batch: list[Mutant]) -> Estate:
    """The estate of the configuration with modules that are broken so."""
    number = batches().index(batch)
    place = tf.shared / "mutants" / str(number)
    if not place.exists():
        place.mkdir(parents=True)
        shutil.copytree(REPOSITORY / "modules", place / "modules")
        (place / "lambda_src").symlink_to(REPOSITORY / "lambda_src")
        for file, content in mutated(batch).items():
            (place / "modules" / file).write_text(content, encoding="utf-8")
    path = f"../../../mutants/{number}/modules"
    return read_plan(tf.plan(CONFIGURATION.replace("${modules}", path)).json)


def _one(found: list[list[Mutant]]) -> list[Mutant]:
    """A batch: most likely the largest."""
    return random.choices(found, weights=[len(batch) for batch in found])[0]


def test_there_are_many() -> None:
    assert len(MUTANTS) >= 60
    assert len(set(MUTANTS)) == len(MUTANTS)


def test_each_breaks_the_line_that_it_means() -> None:
    """A text that stands in its file more than once could be taken for its neighbour."""
    for mutant in MUTANTS:
        content = (REPOSITORY / "modules" / mutant.file).read_text(encoding="utf-8")
        assert (content.count(mutant.text) > 1) == (mutant.nth is not None), mutant


def test_every_mutant_is_caught(tf: Planner) -> None:
    known = broken(read_plan(plan_whole(tf).json))  # other tests plan it, too
    rows = []
    for batch in batches() if ALL else [_one(batches())]:
        found = broken(planned(tf, batch)) - known
        for mutant in batch:
            where = [address for name, address in found if name == mutant.caught_by]
            caught = any(mutant.where in address for address in where)
            rows.append((mutant, "caught" if caught else "SURVIVED"))
    print()
    for mutant, verdict in rows:
        line = " ".join(mutant.text.split())[:60]
        print(f"{verdict:8} | {mutant.file:30} | {mutant.caught_by:50} | {line}")
    assert [mutant for mutant, verdict in rows if verdict != "caught"] == []
