"""Every change to a trail's files is found and named; the AWS CLI says what it says.

`python -m tests.e2e.localaws.tampering` prints the two side by side.
"""

from __future__ import annotations

import pytest

from tests.e2e.localaws import tampering
from tests.harness.object_store import served

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("case", tampering.CASES, ids=tampering.NAMES)
def test_what_was_done_is_found(case: tampering.Case) -> None:
    with served(tampering.prepared(case)) as store:
        report = tampering.ours(case, store)
    assert tampering.right(case, report), tampering.told(report)


@pytest.mark.parametrize("case", tampering.CASES, ids=tampering.NAMES)
def test_the_aws_cli_is_as_known(case: tampering.Case) -> None:
    """A change of the CLI's mind is news for the table, and for what our help says of it."""
    with served(tampering.prepared(case)) as store:
        code, said = tampering.the_clis(case, store)
    assert code == case.cli_exit, said


def test_untampered_files_are_counted_as_the_cli_counts_them() -> None:
    case = tampering.CASES[0]
    with served(tampering.prepared(case)) as store:
        report = tampering.ours(case, store)
        _, said = tampering.the_clis(case, store)
    assert said == "valid"
    assert report.json()["objects"] == {"digest": {"valid": 9}, "log": {"valid": 9 * 12}}
    assert report.proven_hours == 7.5
