"""What the modules promise of every plan, by name: which resources break it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from ctr_estate import UNKNOWN, Estate, Resource, condition_keys, services, statements, texts
from ctr_faults import CHECKS

Breaks = Callable[[Resource], bool]


def _is(name: str, *wanted: Any) -> Breaks:
    return lambda resource: resource.get(name) not in wanted


def _below(name: str, least: int) -> Breaks:
    def breaks(resource: Resource) -> bool:
        value = resource.get(name)
        return isinstance(value, int) and 0 < value < least

    return breaks


def _inner(block: str, name: str, *wanted: Any) -> Breaks:
    return lambda resource: all(one.get(name) not in wanted for one in resource.blocks(block))


def _encrypted_with_a_key(bucket: Resource) -> bool:
    return not any(
        inner.get("sse_algorithm") == "aws:kms"
        for rule in bucket.blocks("rule")
        for inner in rule.get("apply_server_side_encryption_by_default", [])
    )


def _anybody(resource: Resource) -> bool:
    """A statement allows something to everybody."""
    return any(
        one.get("Effect") == "Allow"
        and (one.get("Principal") == "*" or "*" in texts(_aws(one)))
        and not condition_keys(one)
        for one in statements(resource.document("policy"))
    )


def _aws(statement: Mapping[str, Any]) -> Any:
    principal = statement.get("Principal")
    return principal.get("AWS") if isinstance(principal, Mapping) else None


def _takes_plain_http(resource: Resource) -> bool:
    return resource.document("policy") is not UNKNOWN and not any(
        one.get("Effect") == "Deny"
        and str(one.get("Condition")) == "{'Bool': {'aws:SecureTransport': 'false'}}"
        for one in statements(resource.document("policy"))
    )


def _whole_service(resource: Resource) -> bool:
    """A resource policy allows every action of a service, to others than the account itself."""
    return any(
        one.get("Effect") == "Allow"
        and any(text.endswith(":*") or text == "*" for text in texts(one.get("Action")))
        and not str(_aws(one)).endswith(":root")
        for one in statements(resource.document("policy"))
    )


def _assumed_by_others(role: Resource) -> bool:
    return any(
        not services(one) and not condition_keys(one)
        for one in statements(role.document("assume_role_policy"))
    )


def _role_for_any_rule(role: Resource) -> bool:
    return any(
        "events.amazonaws.com" in services(one) and "aws:sourcearn" not in condition_keys(one)
        for one in statements(role.document("assume_role_policy"))
    )


def _external_id_guessed(role: Resource) -> bool:
    """A condition that takes wildcards for the external id, or none."""
    return any(
        "sts:ExternalId" not in dict(one.get("Condition", {})).get("StringEquals", {})
        for one in statements(role.document("assume_role_policy"))
        if not services(one)
    )


def _passed_anywhere(policy: Resource) -> bool:
    return any(
        "iam:PassRole" in texts(one.get("Action"))
        and "iam:passedtoservice" not in condition_keys(one)
        for one in statements(policy.document("policy"))
    )


def _blind_to_reads(rule: Resource) -> bool:
    return bool(rule.get("name") == "acme-reads" and rule.get("state") == "ENABLED")


PROMISES: dict[str, tuple[str, Breaks]] = {
    "queues are encrypted": (
        "aws_sqs_queue",
        lambda r: r.get("sqs_managed_sse_enabled") is not True and not r.get("kms_master_key_id"),
    ),
    "topics are encrypted with a key": ("aws_sns_topic", lambda r: not r.get("kms_master_key_id")),
    "buckets are encrypted with a key": (
        "aws_s3_bucket_server_side_encryption_configuration",
        _encrypted_with_a_key,
    ),
    "keys are rotated": ("aws_kms_key", _is("enable_key_rotation", True)),
    "keys can be rescued for 30 days": ("aws_kms_key", _below("deletion_window_in_days", 30)),
    "tables can be restored": (
        "aws_dynamodb_table",
        _inner("point_in_time_recovery", "enabled", True),
    ),
    "buckets keep every version": (
        "aws_s3_bucket_versioning",
        _inner("versioning_configuration", "status", "Enabled"),
    ),
    "buckets refuse public ACLs": (
        "aws_s3_bucket_public_access_block",
        lambda r: not (r.get("block_public_acls") and r.get("ignore_public_acls")),
    ),
    "buckets refuse public policies": (
        "aws_s3_bucket_public_access_block",
        lambda r: not (r.get("block_public_policy") and r.get("restrict_public_buckets")),
    ),
    "buckets know no ACLs": (
        "aws_s3_bucket_ownership_controls",
        _inner("rule", "object_ownership", "BucketOwnerEnforced"),
    ),
    "function logs are kept for a year": (
        "aws_cloudwatch_log_group",
        _below("retention_in_days", 365),
    ),
    "failed events are kept for 14 days": (
        "aws_sqs_queue",
        lambda r: (
            str(r.get("name")).endswith(("-failures", "-dead-letters", "-undelivered"))
            and r.get("message_retention_seconds") != 1209600
        ),
    ),
    "alarms tell somebody": ("aws_cloudwatch_metric_alarm", lambda r: not r.get("alarm_actions")),
    "alarms ring at the first failure": (
        "aws_cloudwatch_metric_alarm",
        lambda r: (
            r.get("metric_name")
            in ("Errors", "FailedInvocations", "ApproximateNumberOfMessagesVisible", "Throttles")
            and (r.get("threshold") != 0 or r.get("comparison_operator") != "GreaterThanThreshold")
        ),
    ),
    "alarms on failures look every 5 minutes": (
        "aws_cloudwatch_metric_alarm",
        lambda r: r.get("metric_name") == "Errors" and r.get("period") != 300,
    ),
    "no policy admits everybody": ("aws_*", _anybody),
    "no resource policy allows all of a service": ("aws_s[nq3]*", _whole_service),
    "roles are assumed by services, or under conditions": ("aws_iam_role", _assumed_by_others),
    "buckets refuse plain HTTP": ("aws_s3_bucket_policy", _takes_plain_http),
    "queues refuse plain HTTP": (
        "aws_sqs_queue",
        lambda r: bool(r.get("policy")) and _takes_plain_http(r),
    ),
    "topics refuse plain HTTP": ("aws_sns_topic", _takes_plain_http),
    "EventBridge assumes a role for its rule only": ("aws_iam_role", _role_for_any_rule),
    "another account proves itself with an external id": ("aws_iam_role", _external_id_guessed),
    "roles are passed to one service": ("aws_iam_role_policy", _passed_anywhere),
    "rules of a read-only detection see read-only events": (
        "aws_cloudwatch_event_rule",
        _blind_to_reads,
    ),
    "trails record global services": ("aws_cloudtrail", _is("include_global_service_events", True)),
}


def broken(estate: Estate) -> set[tuple[str, str]]:
    """Every promise and check that a plan breaks, with the address of what breaks it."""
    return {*_promises(estate), *_checks(estate)}


def _promises(estate: Estate) -> Iterator[tuple[str, str]]:
    for name, (kind, breaks) in PROMISES.items():
        for resource in estate.resources:
            if fnmatchcase(resource.kind, kind) and breaks(resource):
                yield name, resource.address


def _checks(estate: Estate) -> Iterator[tuple[str, str]]:
    for check in CHECKS.values():
        for resource in estate.resources:
            kinds = any(fnmatchcase(resource.kind, kind) for kind in check.kinds)
            if kinds and check.fault(resource, estate) is not None:
                yield check.id, resource.address
