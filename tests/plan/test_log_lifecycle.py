"""modules/log-lifecycle: what moves, what stays, what is refused."""

from __future__ import annotations

import pytest

from tests.harness.plans import Plan, Planner
from tests.plan.calls import Called, Settings, assert_refused, call, readme_example

pytestmark = pytest.mark.plan

ACCOUNTS = ["111122223333", "444455556666"]
BUCKET: Settings = {"bucket_name": "acme-old-logs"}
MOVED: Settings = {**BUCKET, "account_ids": ACCOUNTS, "transitions": {"GLACIER": 30}}
CALLS: dict[str, Settings] = {
    "least": BUCKET,
    "moved": MOVED,
    "all": {
        **BUCKET,
        "key_prefix": "a",
        "organization_id": "o-a1b2c3d4e5",
        "transitions": {"GLACIER_IR": 0, "GLACIER": 90, "DEEP_ARCHIVE": 180},
        "transition_digests": True,
        "transition_from_bytes": 1,
    },
    "out": {**BUCKET, "expire_after_days": 1, "remove_expired_after_days": 3},
}


@pytest.fixture(scope="module")
def many(tf: Planner) -> Plan:
    """All calls in one plan."""
    return tf.plan("".join(call("log-lifecycle", s, label) for label, s in CALLS.items()))


def test_nothing_asked_for_moves_and_deletes_nothing(many: Plan) -> None:
    [rule] = Called(many, "least").one("aws_s3_bucket_lifecycle_configuration")["rule"]
    assert rule["id"] == "clean-up"
    assert rule["abort_incomplete_multipart_upload"] == [{"days_after_initiation": 7}]
    assert not rule["expiration"]
    assert not rule["transition"]


def test_log_files_move_by_account_and_digests_stay(many: Plan) -> None:
    rules = Called(many, "moved").one("aws_s3_bucket_lifecycle_configuration")["rule"]
    assert [rule["filter"][0]["and"][0]["prefix"] for rule in rules[:-1]] == [
        f"AWSLogs/{account}/{kind}/"
        for account in ACCOUNTS
        for kind in ("CloudTrail", "CloudTrail-NetworkActivity")
    ]


def test_both_defaults_can_be_changed(many: Plan) -> None:
    [rule, _] = Called(many, "all").one("aws_s3_bucket_lifecycle_configuration")["rule"]
    [both] = rule["filter"][0]["and"]
    assert both["prefix"] == "a/AWSLogs/"
    assert both["object_size_greater_than"] == 1
    found = {t["storage_class"]: t["days"] for t in rule["transition"]}
    assert found == {"GLACIER_IR": 0, "GLACIER": 90, "DEEP_ARCHIVE": 180}


def test_expired_logs_are_hidden_then_removed(many: Plan) -> None:
    [rule, _] = Called(many, "out").one("aws_s3_bucket_lifecycle_configuration")["rule"]
    assert rule["filter"][0]["prefix"] == "AWSLogs/"
    assert rule["expiration"][0]["days"] == 1
    assert rule["noncurrent_version_expiration"][0]["noncurrent_days"] == 3


def test_wrong_settings_are_refused(tf: Planner) -> None:
    down = "transitions must go down the classes, GLACIER_IR before GLACIER before DEEP_ARCHIVE"
    size = "transition_from_bytes must be a whole number of bytes, 1 or more"
    assert_refused(
        tf,
        "log-lifecycle",
        [
            ({**MOVED, "account_ids": ["1234"]}, "account_ids must hold account ids of 12 digits"),
            (
                {**MOVED, "account_ids": [f"{n:012}" for n in range(500)]},
                "account_ids holds more than 499 accounts",
            ),
            (
                {**BUCKET, "expire_after_days": 0},
                "expire_after_days must be a whole number of days",
            ),
            (
                {**BUCKET, "remove_expired_after_days": 0},
                "remove_expired_after_days must be a whole number of days",
            ),
            *(({**MOVED, "transition_from_bytes": bad}, size) for bad in (0, 0.5)),
            (
                {**MOVED, "transitions": {"ICE": 9}},
                "transitions knows the storage classes GLACIER_IR, GLACIER and DEEP_ARCHIVE. "
                "Not so: ICE.",
            ),
            (
                {**MOVED, "transitions": {"GLACIER": 1.5}},
                "transitions must have whole numbers of days, 0 or more.",
            ),
            *(
                ({**MOVED, "transitions": bad}, down)
                for bad in (
                    {"GLACIER_IR": 90, "DEEP_ARCHIVE": 90},
                    {"GLACIER": 365, "DEEP_ARCHIVE": 180},
                    {"GLACIER_IR": 100, "GLACIER": 90},
                )
            ),
        ],
    )


def test_wrong_combinations_are_refused(tf: Planner) -> None:
    assert_refused(
        tf,
        "log-lifecycle",
        [
            (
                {**MOVED, "account_ids": []},
                "transitions needs account_ids: a lifecycle can't except the digests but by a",
            ),
            (
                {**MOVED, "expire_after_days": 30},
                "expire_after_days must be greater than every number of days in transitions",
            ),
        ],
    )


def test_the_readmes_example(tf: Planner) -> None:
    plan = tf.plan(readme_example("log-lifecycle"))
    assert plan.warnings == ()
    assert len(plan.one("aws_s3_bucket_lifecycle_configuration")["rule"]) == 4
