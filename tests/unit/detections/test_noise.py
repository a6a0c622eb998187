"""What the catalogue says of an ordinary day on which nobody attacks.

The figures, before and after exclusions: python -m tests.benchmarks.noise
"""

from __future__ import annotations

import pytest

from tests.benchmarks.noise import by_severity, replayed
from tests.benchmarks.ordinary_day import files, ordinary_day

pytestmark = pytest.mark.unit

# Alerts of a day of seven accounts that somebody may be woken or asked for, with exclusions.
MOST = {"critical": 0, "high": 5, "medium": 25}
# AWS's own calls, and people who do what their sets of permissions are for.
NEVER = (
    *("root-activity", "login-no-mfa", "db-backups-deleted", "guardduty-tamper", "config-tamper"),
    *("backup-destroyed", "iam-admin-attached", "iam-trust-external", "s3-policy-public"),
    *("resource-policy-foreign", "instance-recon", "login-failures", "tamper-refused"),
)


def test_an_ordinary_day_is_quiet() -> None:
    report = replayed(files(ordinary_day()), excluding=True)
    assert report["events"] > 100_000
    alerts = by_severity(report)
    for severity, most in MOST.items():
        assert alerts[severity] <= most, alerts
    assert [r["name"] for r in report["rules"] if r["alerts"] and r["name"] in NEVER] == []
    assert [each["name"] for each in report["exclusions"] if not each["matches"]] == []
    assert sum(rule["excluded"] for rule in report["rules"]) > 1_000
    # It is no day without work: what is only to be known is told.
    assert alerts["low"] > 50
    assert alerts["info"] > 50
