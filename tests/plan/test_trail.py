"""modules/trail: what it records, where to, and the buckets it refuses."""

from __future__ import annotations

import pytest

from tests.harness.local_aws import ACCOUNT, REGION
from tests.harness.plans import Plan, Planner
from tests.plan.calls import Called, Raw, Settings, assert_refused, call, calls, readme_example

pytestmark = pytest.mark.plan

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
LEAST: Settings = {"name": "acme", "log_bucket": {"name": "acme-logs"}}


NAMES = ["abc", "a" * 128, "a.b_c-d", "9to5"]


@pytest.fixture(scope="module")
def many(tf: Planner) -> Plan:
    """All calls in one plan."""
    bucket = {"name": "acme-logs", "trail_name": "acme", "key_prefix": "audit", "kms_key_arn": KEY}
    given = {"name": "acme", "log_bucket": bucket, "multi_region": False}
    return tf.plan(
        call("trail", {**LEAST, "tags": {"team": "platform"}}, "least")
        + call("trail", given, "given")
        + call("log-bucket", bucket, "logs")
        + call("trail", {"name": "acme", "log_bucket": Raw("module.logs")}, "whole")
        + calls("trail", [{**LEAST, "name": name} for name in NAMES])
    )


def test_the_least(many: Plan) -> None:
    """A bucket that this code did not make: its name is enough."""
    trail = Called(many, "least").one("aws_cloudtrail")
    assert (trail["name"], trail["s3_bucket_name"]) == ("acme", "acme-logs")
    assert (trail["s3_key_prefix"], trail["kms_key_id"]) == (None, None)
    assert trail["tags"] == {"team": "platform"}
    assert trail["enable_logging"] is True
    assert trail["enable_log_file_validation"] is True
    assert trail["is_multi_region_trail"] is True
    assert trail["include_global_service_events"] is True
    assert trail["is_organization_trail"] is False
    assert trail["event_selector"] == []
    selector = trail["advanced_event_selector"]
    assert [s["name"] for s in selector] == ["Management events"]
    fields = [(f["field"], f["equals"]) for f in selector[0]["field_selector"]]
    assert fields == [("eventCategory", ["Management"])]
    assert Called(many, "least").shown["name"] == "acme"


def test_everything_given(many: Plan) -> None:
    trail = Called(many, "given").one("aws_cloudtrail")
    assert (trail["s3_key_prefix"], trail["kms_key_id"]) == ("audit", KEY)
    assert trail["is_multi_region_trail"] is False
    # Needed of a multi-Region trail only; one Region has no claim to them.
    assert trail["include_global_service_events"] is False
    assert trail["enable_log_file_validation"] is True


def test_a_log_bucket_is_passed_whole(many: Plan) -> None:
    trail = Called(many, "whole").one("aws_cloudtrail")
    assert (trail["s3_key_prefix"], trail["kms_key_id"]) == ("audit", KEY)


def test_what_is_accepted(many: Plan) -> None:
    made = {trail["name"] for trail in many.of_type("aws_cloudtrail").values()}
    assert made == {"acme", *NAMES}


def test_validation_can_not_be_switched_off(tf: Planner) -> None:
    error = tf.plan_error(call("trail", {**LEAST, "enable_log_file_validation": False}))
    assert 'An argument named "enable_log_file_validation" is not expected here.' in error


def test_what_is_refused(tf: Planner) -> None:
    name = "name must be a trail's name: 3 to 128 letters"
    bucket = "log_bucket.name is empty: pass the log-bucket module whole"
    assert_refused(
        tf,
        "trail",
        [
            *(
                ({**LEAST, "name": bad}, name)
                for bad in ("ab", "-abc", "abc_", "a..b", "a b", "a" * 129)
            ),
            ({**LEAST, "name": "10.0.0.1"}, "name must not be shaped like an IP address"),
            ({**LEAST, "log_bucket": {"name": ""}}, bucket),
        ],
    )


def test_a_bucket_made_for_another_trail_is_refused(tf: Planner) -> None:
    theirs = {"name": "acme-logs", "trail_name": "other"}
    sentence = "log_bucket admits the trail other only, and this trail is named acme"
    assert_refused(tf, "trail", [({**LEAST, "log_bucket": theirs}, sentence)])


def test_the_readmes_example(tf: Planner) -> None:
    plan = tf.plan(readme_example("trail"))
    assert plan.warnings == ()
    assert len(plan.of_type("aws_s3_bucket_policy")) == 1
