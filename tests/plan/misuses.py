"""Wrong use, as people get it wrong, and the sentence that each meets when Terraform plans.

A row spoils the right settings of its module (`RIGHT`, which are planned too) in one way. What the
outside judge of a row is, if it is not plain, a comment says: a limit of AWS's API (botocore's
service models hold them), or a page of AWS's documentation.
"""

# ruff: noqa: E501

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.harness.local_aws import ACCOUNT, REGION
from tests.plan.calls import Settings

OTHER = "210987654321"
AWAY = "eu-central-1"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/hub"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
KEY_AWAY = KEY.replace(REGION, AWAY)
KEY_CHINA = KEY.replace("arn:aws:", "arn:aws-cn:").replace(REGION, "cn-north-1")
LAYER = f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:powertools:3"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:work"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/audit"
ROLE_CHINA = ROLE.replace("arn:aws:", "arn:aws-cn:")
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"
TOPIC_AWAY = TOPIC.replace(REGION, AWAY)
FOREVER = "2999-12-31"
ENDED = "2024-12-31"
TAGS = {"CostCenter": "4711"}
PATTERN = {
    "source": ["aws.ec2"],
    "detail-type": ["AWS API Call via CloudTrail"],
    "detail": {"eventSource": ["ec2.amazonaws.com"], "eventName": ["RunInstances"]},
}
STATEMENTS = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "ec2:StopInstances", "Resource": "*"}],
    }
)


@dataclass(frozen=True, eq=False)
class Misuse:
    """One wrong use: of what (a key of RIGHT), in words, the settings that spoil it, the sentence.

    `kind` is what sort of mistake it is, for the summary. `raw`: Terraform's own words are clear.
    """

    of: str
    what: str
    wrong: Settings
    sentence: str
    kind: str = "value"
    raw: bool = False

    @property
    def id(self) -> str:
        return f"{self.of}: {self.what}"


@dataclass(frozen=True)
class Right:
    """A module, and settings of it that are right."""

    module: str
    settings: Settings


QUEUE_WHOLE = {
    "arn": QUEUE,
    "fifo_queue": False,
    "id": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/work",
    "name": "work",
    "url": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/work",
}
RULE = {"pattern": json.dumps(PATTERN), "targets": {"topic": {"topic": {"arn": TOPIC}}}}
GUARD = {
    "handler": "reactor.reactions.notify.handler",
    "policy_json": STATEMENTS,
    "settings": None,
    "event_pattern": json.dumps(PATTERN),
    "mode": "dry_run",
}
EXCLUSION = {
    "where": {"principals": [f"arn:aws:iam::{ACCOUNT}:role/deploy"]},
    "reason": "the pipeline",
    "until": FOREVER,
}

RIGHT: dict[str, Right] = {
    "alert-topic": Right(
        "alert-topic",
        {
            "name": "alerts",
            "account_id": ACCOUNT,
            "region": REGION,
            "alarm_topic": {"arn": TOPIC},
            "email_subscribers": ["security@example.com"],
            "named_email_subscribers": {"lead": "lead@example.com"},
            "https_subscribers": {"hook": "https://hooks.example.com/T0/B0"},
            "kms_key_arn": KEY,
            "own_kms_key": False,
            "permissions_boundary": BOUNDARY,
            "policy_statements": json.dumps(
                [{"Sid": "S", "Effect": "Allow", "Principal": {"AWS": ROLE},
                  "Action": "sns:Publish", "Resource": TOPIC}]
            ),
            "queue_policies": "attach",
            "queue_subscribers": {"work": QUEUE_WHOLE},
            "existing_queue_policies": {"work": ""},
            "role_path": "/audit/",
            "tags": TAGS,
        },
    ),
    "bucket-baseline": Right(
        "bucket-baseline",
        {
            "encryption": "aws:kms",
            "key_accounts": [OTHER],
            "kms_key_arn": KEY,
            "log_bucket": "acme-access-logs",
            "log_prefix": "s3/",
            "mode": "enforce",
            "required_tags": {"owner": "unknown"},
            "skip_buckets": ["*-website"],
        },
    ),
    "detections": Right(
        "detections",
        {
            "benchmark": "cis-5.0",
            "decided_by": "any",
            "entries": [],
            "exclude_ids": ["root-login"],
            "exclude_role_arns": [f"arn:aws:iam::{ACCOUNT}:role/reactor/guard"],
            "exclusions": {"sg-open": [EXCLUSION]},
            "ids": ["root-login", "sg-open"],
            "min_severity": "medium",
            "organizational_units": {"ou-ab12-sandbox01": [OTHER]},
            "placeholders": {},
            "techniques": ["T1562", "T1078.004"],
        },
    ),
    "digest-validation": Right(
        "digest-validation",
        {
            "name": "prove",
            "bucket_name": "acme-logs",
            "trail_name": "acme",
            "account_id": ACCOUNT,
            "region": REGION,
            "accounts": [ACCOUNT],
            "alarm_topic": {"arn": TOPIC},
            "alert_topic": {"arn": TOPIC, "kms_key_arn": KEY},
            "bucket_region": AWAY,
            "concurrency": 16,
            "home_region": AWAY,
            "key_prefix": "org/audit",
            "kms_key_arn": KEY,
            "lag_minutes": 90,
            "log_kms_key_arn": KEY_AWAY,
            "log_level": "DEBUG",
            "log_retention_days": 90,
            "lookback_hours": 24,
            "max_workers": 4,
            "memory_size": 1024,
            "organization_id": "o-a1b2c3d4e5",
            "permissions_boundary": BOUNDARY,
            "powertools_layer_arn": LAYER,
            "public_powertools_layer": False,
            "regions": [AWAY],
            "replica_of": "acme-primary",
            "reprove_days": 30,
            "retention_days": 365,
            "role_path": "/audit/",
            "schedule_expression": "rate(1 hour)",
            "stale_minutes": 240,
            "tags": TAGS,
            "timeout": 600,
            "trail_account_id": OTHER,
        },
    ),
    "ec2-launch-guard": Right(
        "ec2-launch-guard",
        {
            "alert_from_count": 5,
            "alert_from_size": "4xlarge",
            "alert_from_vcpus": 64,
            "alert_instance_types": ["p*", "*.metal"],
            "alert_on_accelerators": True,
            "mode": "notify",
            "stop_flagged": True,
            "tag_prefix": "reactor:",
        },
    ),
    "event-forwarding": Right(
        "event-forwarding",
        {
            "name": "spoke",
            "account_id": ACCOUNT,
            "region": REGION,
            "alarm_topic": {"arn": TOPIC},
            "hub_bus": {"arn": f"arn:aws:events:{AWAY}:{OTHER}:event-bus/default"},
            "patterns": {"launches": json.dumps(PATTERN)},
            "read_only_patterns": ["launches"],
            "canary_schedule": "rate(5 minutes)",
            "dead_letter_queue": {"arn": QUEUE},
            "permissions_boundary": BOUNDARY,
            "role_path": "/reactor/",
            "tags": TAGS,
        },
    ),
    "event-forwarding, hub": Right(
        "event-forwarding",
        {
            "name": "hub",
            "account_ids": [OTHER],
            "bus_policy": "own",
            "canaries": {"home": {"region": REGION}},
            "canary_silence_minutes": 15,
            "event_bus": {"arn": BUS, "name": "hub"},
            "organization_id": "o-a1b2c3d4e5",
        },
    ),
    "event-rules": Right(
        "event-rules",
        {
            "name": "acme",
            "account_id": ACCOUNT,
            "region": REGION,
            "alarm_topic": {"arn": TOPIC},
            "archive": {"name": "acme", "retention_days": 30},
            "dead_letter_max_age_hours": 24,
            "dead_letter_queue": {"arn": QUEUE},
            "failed_invocation_alarms": ["r"],
            "permissions_boundary": BOUNDARY,
            "role": {"arn": ROLE},
            "role_path": "/reactor/",
            "rules": {"r": RULE},
            "sources_beyond_aws": ["acme.deployments"],
            "tags": TAGS,
        },
    ),
    "event-rules, patterns": Right("event-rules", {"name": "acme", "rules": {"r": RULE}}),
    "event-rules, targets": Right("event-rules", {"name": "acme", "rules": {"r": RULE}}),
    "iam-role-guard": Right(
        "iam-role-guard",
        {
            "allowed_paths": ["/apps/*"],
            "allowed_providers": ["arn:*:saml-provider/corp"],
            "containment": "boundary",
            "forbidden_names": ["admin*"],
            "forbidden_policies": ["arn:*:iam::aws:policy/AdministratorAccess"],
            "mode": "notify",
            "required_boundary": "arn:*:iam::*:policy/developer-boundary",
            "required_tags": ["owner"],
            "trusted_accounts": [OTHER],
            "trusted_organizations": ["o-a1b2c3d4e5"],
        },
    ),
    "location": Right("location", {"account_id": ACCOUNT, "region": REGION}),
    "log-archive": Right(
        "log-archive",
        {
            "name": "acme-archive",
            "account_id": ACCOUNT,
            "region": REGION,
            "account_ids": [ACCOUNT],
            "expire_after_days": 3650,
            "key_prefix": "org/audit",
            "kms_key_arn": KEY,
            "own_kms_key": False,
            "organization_id": "o-a1b2c3d4e5",
            "reader_arns": [ROLE],
            "replication_role_arn": ROLE,
            "retention_days": 365,
            "retention_mode": "governance",
            "tags": TAGS,
            "transition_from_bytes": 131072,
            "transitions": {"GLACIER_IR": 90, "DEEP_ARCHIVE": 365},
        },
    ),
    "log-bucket": Right(
        "log-bucket",
        {
            "name": "acme-logs",
            "trail_name": "acme",
            "account_id": ACCOUNT,
            "region": REGION,
            "access_log": "given",
            "access_log_bucket": "acme-access-logs",
            "extra_policy_json": STATEMENTS,
            "key_prefix": "org/audit",
            "kms_key_arn": KEY,
            "own_kms_key": False,
            "mfa_delete": True,
            "checks": False,
            "mfa_device_arn": f"arn:aws:iam::{ACCOUNT}:mfa/root-account-mfa-device",
            "organization_id": "o-a1b2c3d4e5",
            "reader_arns": [ROLE],
            "tags": TAGS,
            "trail_account_id": ACCOUNT,
            "trail_region": REGION,
        },
    ),
    "log-bucket, ageing": Right(
        "log-bucket",
        {
            "name": "acme-ageing-logs",
            "trail_name": "acme",
            "access_log": "own",
            "access_log_expire_after_days": 90,
            "account_ids": [ACCOUNT],
            "expire_after_days": 3650,
            "object_lock_days": 365,
            "object_lock_mode": "governance",
            "own_kms_key": True,
            "transition_from_bytes": 131072,
            "transitions": {"GLACIER_IR": 90},
        },
    ),
    "log-lifecycle": Right(
        "log-lifecycle",
        {
            "bucket_name": "acme-logs",
            "account_ids": [ACCOUNT],
            "expire_after_days": 3650,
            "key_prefix": "org/audit",
            "organization_id": "o-a1b2c3d4e5",
            "remove_expired_after_days": 30,
            "transition_from_bytes": 131072,
            "transitions": {"GLACIER_IR": 90, "DEEP_ARCHIVE": 365},
        },
    ),
    "log-query": Right(
        "log-query",
        {
            "name": "acme-logs",
            "account_id": ACCOUNT,
            "region": REGION,
            "bytes_scanned_cutoff_per_query": 10485760,
            "days": 365,
            "kms_key_arn": KEY,
            "logs": {"trail": {"bucket": {"name": "acme-logs", "key_prefix": "org"}}},
            "own_results_bucket": False,
            "regions": [REGION],
            "results_bucket_name": "acme-results",
            "results_expire_after_days": 30,
            "tags": TAGS,
        },
    ),
    "log-replication": Right(
        "log-replication",
        {
            "name": "replicate-logs",
            "account_id": ACCOUNT,
            "region": REGION,
            "alarm_topic": {"arn": TOPIC},
            "archive": {
                "name": "acme-archive", "kms_key_arn": KEY_AWAY, "account_id": OTHER, "region": AWAY,
            },
            "log_bucket": {"name": "acme-logs", "kms_key_arn": KEY, "key_prefix": "org/audit"},
            "permissions_boundary": BOUNDARY,
            "role_path": "/audit/",
            "tags": TAGS,
        },
    ),
    "metric-filters": Right(
        "metric-filters",
        {
            "alarm_topic": {"arn": TOPIC},
            "benchmark": "cis-5.0",
            "controls": ["4.1", "4.3"],
            "log_group": {
                "name": "trail", "arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:trail:*",
            },
            "name": "cis",
            "namespace": "LogMetrics",
            "tags": TAGS,
            "thresholds": {"4.1": 10},
        },
    ),
    "notify": Right(
        "notify",
        {
            "detection": "sg-open",
            "event_pattern": json.dumps(PATTERN),
            "mode": "notify",
            "severity": "high",
            "summary": "{actor} called {event}",
            "title": "a port was opened",
            "trusted_accounts": [OTHER],
            "trusted_organizations": ["o-a1b2c3d4e5"],
            "window_seconds": 900,
        },
    ),
    "reaction": Right(
        "reaction",
        {
            "name": "guard",
            "account_id": ACCOUNT,
            "region": REGION,
            "act_within_seconds": 86400,
            "actions_per_hour": 100,
            "actions_per_principal": 10,
            "alarm_topic": {"arn": TOPIC},
            "alert_topic": {"arn": TOPIC, "kms_key_arn": KEY},
            "audit_bus": {"arn": BUS},
            "environment": {"TEAM": "platform"},
            "exempt_accounts": {OTHER: FOREVER},
            "exempt_principals": {"arn:aws:iam::*:role/breakglass": FOREVER},
            "exempt_role_paths": {"/ci/": FOREVER},
            "exempt_tags": {"reactor-exempt=yes": FOREVER},
            "failure_queue": {"arn": QUEUE, "kms_key_arn": KEY},
            "finding_target": {"arn": BUS},
            "guard": GUARD,
            "iac_principals": ["arn:aws:iam::*:role/terraform-*"],
            "kill_switch": {"name": "/cloudtrail-reactor/mode"},
            "kms_key_arn": KEY,
            "ledger_days": 30,
            "ledger_table": {"name": "reactions"},
            "log_group": {"name": "/aws/lambda/shared"},
            "log_level": "INFO",
            "log_retention_days": 365,
            "max_event_age_seconds": 3600,
            "max_retries": 2,
            "member_role": {"name": "reactor-member", "external_id": "s3cret", "accounts": [OTHER]},
            "memory_size": 256,
            "permissions_boundary": BOUNDARY,
            "powertools_layer_arn": LAYER,
            "public_powertools_layer": False,
            "own_reactor_layer": False,
            "reactor_layer_arn": LAYER,
            "reserved_concurrency": 5,
            "role": {"arn": ROLE},
            "role_path": "/security/",
            "settle_seconds": 10,
            "tags": TAGS,
            "timeout": 60,
            "vpc_config": {
                "subnet_ids": ["subnet-0123456789abcdef0"],
                "security_group_ids": ["sg-0123456789abcdef0"],
            },
        },
    ),
    "reaction-member-role": Right(
        "reaction-member-role",
        {
            "account_id": ACCOUNT,
            "region": REGION,
            "external_id": "s3cret",
            "guards": {"launches": {"policy_json": STATEMENTS}},
            "hub_account_id": OTHER,
            "hub_role_names": ["ec2-launch-guard-*"],
            "name": "reactor-member",
            "organization_id": "o-a1b2c3d4e5",
            "path": "/security/",
            "permissions_boundary": BOUNDARY,
            "tags": TAGS,
        },
    ),
    "reconciliation": Right(
        "reconciliation",
        {
            "name": "reconcile",
            "bucket_name": "acme-logs",
            "trail_name": "acme",
            "rules": {"rules": {"deployed": {"rules": {"r": {
                "arn": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/acme-r", "pattern": json.dumps(PATTERN),
            }}}}},
            "account_id": ACCOUNT,
            "region": REGION,
            "alarm_topic": {"arn": TOPIC},
            "alert_topic": {"arn": TOPIC, "kms_key_arn": KEY},
            "bucket_region": AWAY,
            "forwarded": {"us": {"account_ids": [OTHER], "regions": [AWAY], "patterns": {}}},
            "home_region": AWAY,
            "key_prefix": "org/audit",
            "kms_key_arn": KEY,
            "lag_minutes": 60,
            "late_minutes": 15,
            "log_kms_key_arn": KEY_AWAY,
            "log_level": "INFO",
            "log_retention_days": 90,
            "max_workers": 4,
            "memory_size": 1024,
            "organization_id": "o-a1b2c3d4e5",
            "permissions_boundary": BOUNDARY,
            "powertools_layer_arn": LAYER,
            "public_powertools_layer": False,
            "redeliver": False,
            "replica_of": "acme-primary",
            "role_path": "/audit/",
            "schedule_expression": "rate(1 hour)",
            "stale_minutes": 480,
            "tags": TAGS,
            "timeout": 600,
            "trail_account_id": OTHER,
        },
    ),
    "security-group-guard": Right(
        "security-group-guard",
        {
            "allowed_groups": ["sg-0123456789abcdef0", "bastion-*"],
            "allowed_ports": [443],
            "mode": "notify",
            "ports": [22, 3389],
            "world_prefix": 8,
        },
    ),
    "trail": Right(
        "trail",
        {
            "name": "acme",
            "account_id": ACCOUNT,
            "region": REGION,
            "cloudwatch_logs": "own",
            "data_events": {
                "files": {
                    "resource_type": "AWS::S3::Object",
                    "read_write": "write",
                    "resource_arns": {"starts_with": ["arn:aws:s3:::acme-data/"]},
                },
            },
            "excluded_bucket_names": ["acme-archive"],
            "excluded_management_event_sources": ["kms.amazonaws.com"],
            "insights": ["call_rate"],
            "log_bucket": {"name": "acme-logs", "kms_key_arn": KEY, "key_prefix": "org/audit"},
            "log_group_kms_key_arn": KEY,
            "log_group_retention_days": 90,
            "management_events": "all",
            "network_activity_events": {"s3": {"event_source": "s3.amazonaws.com"}},
            "notification_topic": {"arn": TOPIC},
            "permissions_boundary": BOUNDARY,
            "role_path": "/audit/",
            "scope": "account",
            "tags": TAGS,
        },
    ),
    "trail, given group": Right(
        "trail",
        {
            "name": "acme",
            "cloudwatch_logs": "given",
            "log_bucket": {"name": "acme-logs", "organization_id": "o-a1b2c3d4e5"},
            "log_group": {"arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:trail:*"},
            "scope": "organization",
        },
    ),
    "trail-guard": Right(
        "trail-guard",
        {
            "bucket": "acme-logs",
            "event_selectors": json.dumps(
                [{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}]
            ),
            "key_prefix": "org/audit",
            "kms_key_arn": KEY,
            "mode": "enforce",
            "trails": ["acme", "org-*"],
        },
    ),
}  # fmt: skip

# The names of examples, as somebody who copies one writes them.
_EXAMPLES = {
    "archive": "Audit",
    "bucket-baseline": "Bucket_Baseline",
    "detections": "my detections",
    "ec2-cost-guard": "EC2-Cost-Guard",
    "ec2-launch-monitor": "acme.launches",
    "existing-trail": "security-",
    "iam-role-guard": "a",
    "insights-alert": "Insights",
    "log-query": "2026-logs",
    "multi-region": "multi region",
    "organization-trail": "acme-organization-audit",
    "own-reaction": "own_reaction",
    "root-login-alert": "-root",
    "sqs-fanout": "SQS",
    "targets": "all/targets",
    "trail": "acme-and-its-very-many-accounts",
    "trail-guard": "guard!",
}
_NEEDED_BY: dict[str, Settings] = {
    "log-query": {"bucket_name": "acme-logs"},
    "organization-trail": {"organization_id": "o-a1b2c3d4e5"},
    "targets": {
        "api_key": "s3cret",
        "bucket_name": "acme-events",
        "security": {
            "function_arn": f"arn:aws:lambda:{REGION}:{OTHER}:function:react",
            "queue_arn": QUEUE,
            "topic_arn": TOPIC,
        },
        "subnet_ids": ["subnet-0123456789abcdef0"],
    },
}
RIGHT |= {
    f"example {name}": Right(f"../examples/{name}", {"name": "acme", **_NEEDED_BY.get(name, {})})
    for name in _EXAMPLES
}


def matching(pattern: Any, **more: Any) -> Settings:
    """The rule with this pattern, as text or to be encoded."""
    text = pattern if isinstance(pattern, str) else json.dumps(pattern)
    return {"rules": {"r": RULE | {"pattern": text} | more}}


def detail(**fields: Any) -> Settings:
    return matching(PATTERN | {"detail": PATTERN["detail"] | fields})  # type: ignore[operator]


def aiming(target: Any, **more: Any) -> Settings:
    """The rule with this one target."""
    return {"rules": {"r": RULE | {"targets": {"t": target}} | more}}


def ticking(schedule: str) -> Settings:
    return {"rules": {"r": {"schedule": schedule, "targets": RULE["targets"]}}}


def excluding(**wrong: Any) -> Settings:
    return {"exclusions": {"sg-open": [EXCLUSION | wrong]}}


def where(**criteria: list[str]) -> Settings:
    return excluding(where=criteria)


def guarding(**wrong: Any) -> Settings:
    return {"guard": GUARD | wrong}


def selecting(**wrong: Any) -> Settings:
    files = RIGHT["trail"].settings["data_events"]["files"]
    return {"data_events": {"files": files | wrong}}


def logs(name: str = "trail", bucket: Settings | None = None, **wrong: Any) -> Settings:
    return {"logs": {name: {"bucket": {"name": "acme-logs"} | dict(bucket or {})} | wrong}}


# Limits of AWS: sns.CreateTopic, iam.CreateRole, cloudtrail.CreateTrail, events.PutRule,
# events.PutTargets, lambda.CreateFunction, logs.PutRetentionPolicy and so on in botocore's models.
_ROWS: dict[str, list[tuple[str, Settings, str] | tuple[str, Settings, str, str]]] = {
    "alert-topic": [
        ("a space in the name", {"name": "security alerts"}, "name must be 1 to 238 letters"),
        ("a FIFO topic", {"name": "alerts.fifo"}, "A FIFO topic (.fifo) can't be used"),
        ("an ARN for the name", {"name": TOPIC}, "name must be 1 to 238 letters"),
        ("an address without @", {"email_subscribers": ["security at example.com"]}, "these are none:"),
        ("a space before an address", {"email_subscribers": [" security@example.com"]}, "these are none:"),
        ("no top-level domain", {"email_subscribers": ["security@example"]}, "these are none:"),
        ("a name beside an address", {"email_subscribers": ["Sec <s@example.com>"]}, "these are none:"),
        ("mailto: before an address", {"email_subscribers": ["mailto:s@example.com"]}, "these are none:"),
        ("a semicolon after an address", {"email_subscribers": ["s@example.com;"]}, "these are none:"),
        ("two addresses in one", {"named_email_subscribers": {"lead": "a@example.com,b@example.com"}}, "named_email_subscribers must hold e-mail addresses"),
        ("plain http", {"https_subscribers": {"hook": "http://hooks.example.com"}}, "must hold addresses that start with https://"),
        ("an address without https://", {"https_subscribers": {"hook": "hooks.example.com/T0"}}, "must hold addresses that start with https://"),
        ("one statement instead of a list", {"policy_statements": json.dumps({"Effect": "Allow"})}, "policy_statements must be the JSON of a list"),
        ("a whole policy", {"policy_statements": STATEMENTS}, "policy_statements must be the JSON of a list"),
        ("true for who writes", {"queue_policies": "true"}, 'queue_policies must be "attach"'),
        ("nobody writes the queues' policies", {"queue_policies": None}, "queue_policies is missing"),
        ("a FIFO queue", {"queue_subscribers": {"work": QUEUE_WHOLE | {"name": "work.fifo", "arn": QUEUE + ".fifo"}}}, "name is the bare name of a standard queue"),
        ("a queue's URL for its ARN", {"queue_subscribers": {"work": QUEUE_WHOLE | {"arn": QUEUE_WHOLE["url"]}}}, "arn must be that of an SQS queue"),
        ("a queue under AWS's own key", {"queue_subscribers": {"work": QUEUE_WHOLE | {"kms_master_key_id": "alias/aws/sqs"}}}, "that key can't admit SNS"),
        ("a queue twice", {"queue_subscribers": {"work": QUEUE_WHOLE, "same": QUEUE_WHOLE}}, "A queue is in queue_subscribers twice"),
        ("a policy of a queue that is not there", {"existing_queue_policies": {"work": "", "wrok": ""}}, "existing_queue_policies names queues that are no subscribers: wrok"),
        ("no key at all", {"kms_key_arn": None}, "own_kms_key is false and kms_key_arn is missing"),
        # https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html
        ("a hundred statements beside the module's", {"policy_statements": json.dumps([{"Sid": f"S{n}", "Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": "sns:Publish", "Resource": TOPIC} for n in range(100)])}, "in 104 statements, and SNS takes 30,720 in 100"),
    ],
    "bucket-baseline": [
        ("AES-256", {"encryption": "AES-256", "kms_key_arn": None}, "encryption must be AES256, aws:kms or none"),
        ("a key beside AES256", {"encryption": "AES256"}, 'kms_key_arn is of use with encryption = "aws:kms" only'),
        ("an account of eleven digits", {"key_accounts": ["12345678901"]}, "key_accounts may hold ids of accounts only"),
        ("a bucket's ARN", {"log_bucket": "arn:aws:s3:::acme-access-logs"}, "log_bucket must be a bucket's name"),
        ("a bucket's name in capitals", {"log_bucket": "Acme-Access-Logs"}, "log_bucket must be a bucket's name"),
        ("a prefix that starts with a slash", {"log_prefix": "/s3/"}, "log_prefix must not start with a slash"),
        ("a tag of AWS's own", {"required_tags": {"aws:owner": "x"}}, 'required_tags has a key that starts with "aws:"'),
        ("a pattern of ARNs", {"skip_buckets": ["arn:aws:s3:::*-website"]}, "skip_buckets must hold names of buckets"),
        ("a pattern of URLs", {"skip_buckets": ["s3://acme-*"]}, "skip_buckets must hold names of buckets"),
        ("a semicolon in a required tag", {"required_tags": {"Team;Owner": "unknown"}}, "required_tags must be tags that S3 takes"),
        ("every bucket skipped", {"skip_buckets": ["*"]}, "skip_buckets stands for every bucket"),
        ("nothing to look at", {"block_public_access": False, "encryption": "none", "kms_key_arn": None, "log_bucket": None, "ownership": False, "required_tags": {}, "tls_only": False, "versioning": False}, "The guard would look at nothing"),
    ],
    "detections": [
        ("a benchmark without its version", {"benchmark": "cis"}, "benchmark must be one of cis-"),
        ("a kind that there is not", {"decided_by": "rule"}, 'decided_by must be "any" or "pattern"'),
        ("a file's name for its text", {"entries": ["detections/mine.json"]}, "is no JSON object: give the text of a file"),
        ("an unknown id to leave out", {"exclude_ids": ["root_login"]}, "exclude_ids names what is not in the catalogue: root_login"),
        ("a session for a role", {"exclude_role_arns": [f"arn:aws:sts::{ACCOUNT}:assumed-role/guard/x"]}, "exclude_role_arns must hold ARNs of roles"),
        ("a role's name for its ARN", {"exclude_role_arns": ["guard"]}, "exclude_role_arns must hold ARNs of roles"),
        ("exclusions of an unknown id", {"exclusions": {"sg_open": [EXCLUSION]}}, "exclusions names what is not in the catalogue: sg_open"),
        ("a criterion misspelt", where(principal=[ROLE]), "Each of exclusions must have a where with some of"),
        ("no criterion", where(), "Each of exclusions must have a where with some of"),
        ("an empty reason", excluding(reason=" "), "Each of exclusions must have a reason"),
        ("a day written the German way", excluding(until="31.12.2026"), "Each of exclusions must have the last day"),
        ("a day that ended long ago", excluding(until=ENDED), f"no event of their time can come any more: sg-open ({ENDED})"),
        ("an account of eleven digits left alone", where(accounts=["12345678901"]), "accounts of exclusions must be ids of twelve digits"),
        ("a unit that nobody explained", where(organizational_units=["ou-ab12-sandbox02"]), "must be keys of the variable organizational_units"),
        ("everybody left alone", where(principals=["*"]), "principals of exclusions must be ARNs of users and roles"),
        ("all roles left alone", where(principals=["arn:aws:iam::*:role/*"]), "principals of exclusions must be ARNs of users and roles"),
        ("a path without slashes", where(role_paths=["ci"]), "role_paths of exclusions must be paths"),
        ("every address left alone", where(source_ip_ranges=["0.0.0.0/0"]), "source_ip_ranges of exclusions must be"),
        ("an address without its network", where(source_ip_ranges=["203.0.113.7"]), "source_ip_ranges of exclusions must be"),
        ("all buckets left alone", where(resources=["arn:aws:s3:::*"]), "resources of exclusions must be ARNs"),
        ("an id in capitals", {"ids": ["Root-Login"]}, "ids names what is not in the catalogue: Root-Login"),
        ("no id", {"ids": []}, "ids is empty"),
        ("a severity in capitals", {"min_severity": "HIGH"}, "min_severity must be one of info, low"),
        ("an account of eleven digits in a unit", {"organizational_units": {"ou-ab12-sandbox01": ["12345678901"]}}, "organizational_units must map units to ids of accounts"),
        ("a placeholder that nobody uses", {"placeholders": {"function_name": ["x"]}}, "placeholders has names that no detection uses: function_name"),
        ("a space in a placeholder's value", {"placeholders": {"function_names": ["my function"]}}, "A value of a placeholder must not be empty or hold spaces"),
        ("a technique that there is not", {"techniques": ["T9999"]}, "techniques names what no detection is for: T9999"),
        ("no technique", {"techniques": []}, "techniques is empty"),
    ],
    "digest-validation": [
        ("a name with a space", {"name": "prove logs"}, "name must be 1 to 38 letters"),
        ("a bucket's ARN", {"bucket_name": "arn:aws:s3:::acme-logs"}, "bucket_name is not the name of a bucket"),
        ("a bucket's URL", {"bucket_name": "s3://acme-logs"}, "bucket_name is not the name of a bucket"),
        ("a trail's ARN", {"trail_name": f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/acme"}, "trail_name is not the name of a trail"),
        ("an account of eleven digits among several", {"accounts": ["12345678901"]}, "accounts must hold account ids of twelve digits"),
        ("a topic's name", {"alarm_topic": {"arn": "alerts"}}, "alarm_topic.arn is not the ARN of an SNS topic"),
        ("alarms under AWS's own key", {"alarm_topic": {"arn": TOPIC, "kms_master_key_id": "alias/aws/sns"}}, "that key can't admit CloudWatch"),
        ("a queue for the alerts", {"alert_topic": {"arn": QUEUE}}, "alert_topic.arn is not the ARN of an SNS topic"),
        ("an alias for the topic's key", {"alert_topic": {"arn": TOPIC, "kms_master_key_id": "alias/alerts"}}, "names by its alias or id"),
        ("an availability zone for the bucket's Region", {"bucket_region": "eu-central-1a"}, "bucket_region is no Region"),
        ("a Region in words", {"home_region": "Europe (Frankfurt)"}, "home_region is no Region"),
        ("one of several Regions in capitals", {"regions": ["EU-CENTRAL-1"]}, "regions must hold Regions"),
        ("no file at once", {"concurrency": 0}, "concurrency must be a whole number"),
        ("AWSLogs/ within the prefix", {"key_prefix": "org/AWSLogs"}, "key_prefix is what comes before AWSLogs/"),
        ("an empty prefix", {"key_prefix": ""}, "key_prefix must be 1 to 200 characters"),
        ("an alias for the logs' key", {"log_kms_key_arn": "alias/cloudtrail"}, "log_kms_key_arn is not the ARN of a KMS key"),
        ("a level in small letters", {"log_level": "debug"}, "log_level must be DEBUG, INFO"),
        # logs.PutRetentionPolicy names the numbers.
        ("a number of days that CloudWatch Logs does not know", {"log_retention_days": 10}, "log_retention_days must be one that CloudWatch Logs knows"),
        ("a lag that is too short", {"lag_minutes": 5}, "lag_minutes must be a whole number from 15"),
        ("a look back of an hour", {"lookback_hours": 1}, "lookback_hours must be a whole number from 4"),
        ("one worker", {"max_workers": 1}, "max_workers must be a whole number from 2"),
        ("too little memory", {"memory_size": 64}, "memory_size must be a whole number from 128"),
        ("half a megabyte", {"memory_size": 512.5}, "memory_size must be a whole number from 128"),
        ("a root's id for the organization's", {"organization_id": "r-ab12"}, "organization_id is no organization's id"),
        ("a layer without its version", {"powertools_layer_arn": LAYER.rpartition(":")[0]}, "powertools_layer_arn is not the ARN of a layer version"),
        ("no layer at all", {"powertools_layer_arn": None}, "public_powertools_layer is false and powertools_layer_arn is missing"),
        ("a file and an object for the code", {"package": {"filename": "x.zip", "s3_bucket": "b", "s3_key": "k"}}, "package must be either a zip file (filename) or an S3 object"),
        ("an object without its key", {"package": {"s3_bucket": "b"}}, "package.s3_bucket and package.s3_key belong together"),
        ("the bucket as the replica of itself", {"replica_of": "acme-logs"}, "replica_of is bucket_name itself"),
        ("a retention of a day", {"retention_days": 1}, "retention_days must be a whole number from 7"),
        ("a path without its last slash", {"role_path": "/audit"}, "role_path must start and end with a slash"),
        # https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
        ("a rate in a wrong number", {"schedule_expression": "rate(1 hours)"}, "schedule_expression must be"),
        ("a rate of nothing", {"schedule_expression": "rate(0 minutes)"}, "schedule_expression must be"),
        ("a schedule of five fields", {"schedule_expression": "cron(0 * * * *)"}, "schedule_expression must be"),
        ("a bare cron line", {"schedule_expression": "0 * * * *"}, "schedule_expression must be"),
        ("days of month and week both", {"schedule_expression": "cron(0 * * * * *)"}, "schedule_expression must be"),
        ("over Lambda's timeout", {"timeout": 1800}, "timeout must be a whole number from 30 to 900"),
        ("an account that lost its zero", {"trail_account_id": 12345678901}, "trail_account_id is no account id"),
        ("a code signing profile", {"code_signing_config_arn": f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/x"}, "code_signing_config_arn is not the ARN"),
        # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
        ("over 4 KB of accounts", {"accounts": [f"{n:012}" for n in range(250)]}, "The environment of the function is over Lambda's limit of 4 KB with 250 accounts"),
    ],
    "ec2-launch-guard": [
        ("a count of none", {"alert_from_count": 0}, "alert_from_count must be a whole number from 1"),
        ("a type for a size", {"alert_from_size": "m5.4xlarge"}, "alert_from_size must be a size without its family"),
        ("a size in capitals", {"alert_from_size": "4XLarge"}, "alert_from_size must be a size without its family"),
        ("half a vCPU", {"alert_from_vcpus": 0.5}, "alert_from_vcpus must be a whole number from 1"),
        ("types in capitals", {"alert_instance_types": ["P4D.*"]}, "alert_instance_types may hold instance types"),
        ("nothing to stop", {"alert_from_count": None, "alert_from_size": None, "alert_from_vcpus": None, "alert_instance_types": [], "alert_on_accelerators": False}, "stop_flagged stops what is alerted on, but nothing is"),
        ("tags of AWS's own", {"tag_prefix": "aws:reactor:"}, 'tag_prefix must not start with "aws:"'),
        ("a space in the tags", {"tag_prefix": "launched by "}, "tag_prefix must be 1 to 64 letters"),
    ],
    "event-forwarding": [
        ("a bus's name for its ARN", {"hub_bus": {"arn": "default"}}, "hub_bus.arn must be the ARN of an event bus"),
        ("a rule for the bus", {"hub_bus": {"arn": f"arn:aws:events:{AWAY}:{OTHER}:rule/x"}}, "hub_bus.arn must be the ARN of an event bus"),
        ("a pattern that is no JSON", {"patterns": {"launches": "source: aws.ec2"}}, "patterns must hold JSON objects"),
        ("an account in a pattern", {"patterns": {"launches": json.dumps(PATTERN | {"account": [ACCOUNT]})}}, "leave account and region out of launches"),
        ("a name of the module's own", {"patterns": {"launches": json.dumps(PATTERN), "canary": json.dumps(PATTERN)}}, "alarms and canary are names of the module's own patterns"),
        ("read-only events of no pattern", {"read_only_patterns": ["launch"]}, "read_only_patterns names no pattern: launch"),
        ("a minute in the plural", {"canary_schedule": "rate(1 minutes)"}, "canary_schedule is rate(5 minutes)"),
        ("a schedule in seconds", {"canary_schedule": "rate(30 seconds)"}, "canary_schedule is rate(5 minutes)"),
        ("a spoke that admits", {"account_ids": [OTHER]}, "account_ids and organization_id say who may send to a hub, and this is a spoke"),
        ("a spoke that writes a policy", {"bus_policy": "own"}, "bus_policy is about the hub's bus, and this is a spoke"),
        ("a spoke that waits for canaries", {"canaries": {"home": {}}}, "canaries are the hub's"),
        ("a topic's name", {"alarm_topic": {"arn": "alerts"}}, "alarm_topic.arn is not the ARN of an SNS topic"),
        ("a space in the name", {"name": "my spoke"}, "name must be 1 to 30 letters"),
    ],
    "event-forwarding, hub": [
        ("an account of eleven digits", {"account_ids": ["12345678901"]}, "account_ids must hold account ids of twelve digits"),
        ("a canary with a space", {"canaries": {"my home": {}}}, "A key of canaries is 1 to 20 letters"),
        ("a canary of a zone", {"canaries": {"home": {"region": "us-east-1a"}}}, "A canary has an account_id of twelve digits"),
        ("silence of a minute", {"canary_silence_minutes": 1}, "canary_silence_minutes is a whole number from 5"),
        ("patterns of a hub", {"patterns": {"launches": json.dumps(PATTERN)}}, "patterns are a spoke's, and this is the hub"),
        ("a canary on a bus of one's own", {"canary_schedule": "rate(5 minutes)"}, "The canary is put on the default bus"),
    ],
    "event-rules": [
        ("the default bus by its name", {"event_bus": {"arn": BUS.replace("hub", "default"), "name": "default"}}, "For the default bus leave event_bus out"),
        ("an alarm of no rule", {"failed_invocation_alarms": ["launches"]}, "failed_invocation_alarms names no rule: launches"),
        ("a topic's name", {"alarm_topic": {"arn": "alerts"}}, "alarm_topic.arn must be the ARN of a standard SNS topic"),
        ("a space in an archive's name", {"archive": {"name": "my archive"}}, "archive.name is 1 to 48 letters"),
        ("half a day in the archive", {"archive": {"name": "acme", "retention_days": 0.5}}, "archive.retention_days is a whole number of days"),
        ("a fortnight in the queue", {"dead_letter_max_age_hours": 336}, "dead_letter_max_age_hours is 1 to 312"),
        ("a FIFO queue for what fails", {"dead_letter_queue": {"arn": QUEUE + ".fifo"}}, "dead_letter_queue is a FIFO queue"),
        ("a queue's URL for its ARN", {"dead_letter_queue": {"arn": QUEUE_WHOLE["url"]}}, "dead_letter_queue.arn must be the ARN of an SQS queue"),
        ("a role by its name", {"role": {"arn": "audit"}}, "role.arn must be the ARN of a role"),
        ("a source with a wildcard", {"sources_beyond_aws": ["acme.*"]}, "sources_beyond_aws holds whole names of sources"),
        ("AWS among the others", {"sources_beyond_aws": ["aws.ec2"]}, "which may always be named"),
        ("a path without its slashes", {"role_path": "reactor"}, "role_path starts and ends with a slash"),
        ("a path of 513 characters", {"role_path": f"/{'x' * 511}/"}, "and has 512 characters at most"),
        ("too many sources for an archive", {"failed_invocation_alarms": [], "rules": {f"r{n}": RULE | {"pattern": json.dumps({"source": [f"aws.service-of-a-long-name-{n}"]})} for n in range(80)}}, "The rules have too many sources for an archive's pattern", "size"),
    ],
    "event-rules, patterns": [
        # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
        ("prefix misspelt", detail(userName=[{"prefx": "dev-"}]), '"prefx" is no matcher'),
        ("a matcher in capitals", detail(eventName=[{"Prefix": "Run"}]), '"Prefix" is no matcher'),
        ("anything but, without hyphens", detail(eventName=[{"anything_but": ["x"]}]), '"anything_but" is no matcher'),
        ("an operator of other languages", detail(eventName=[{"contains": "Run"}]), '"contains" is no matcher'),
        ("two keys in one matcher", detail(eventName=[{"prefix": "Run", "suffix": "s"}]), "a matcher has one key"),
        ("a list in a prefix", detail(eventName=[{"prefix": ["Run"]}]), "prefix takes a text in quotes"),
        ("exists in quotes", detail(errorCode=[{"exists": "false"}]), "exists is true or false"),
        ("a comparison in one text", detail(count=[{"numeric": ["> 5"]}]), "numeric is one comparison or a range"),
        ("a range the wrong way round", detail(count=[{"numeric": ["<", 5, ">", 0]}]), "numeric is one comparison or a range"),
        ("an address that is none", detail(sourceIPAddress=[{"cidr": "10.0.0/24"}]), "cidr is an address and the length"),
        ("two asterisks", detail(eventName=[{"wildcard": "Run**"}]), "a wildcard has no two asterisks"),
        ("suffix within anything-but misspelt", detail(eventName=[{"anything-but": {"sufix": "s"}}]), 'anything-but takes no "sufix"'),
        ("a value without its list", detail(eventName="RunInstances"), "every value must be a list"),
        ("an empty list", detail(eventName=[]), "every value must be a list"),
        ("a field that no event has", matching(PATTERN | {"eventName": ["RunInstances"]}), '"eventName" is no field of an event'),
        ("detail-type with an underscore", matching({"source": ["aws.ec2"], "detail_type": ["x"]}), '"detail_type" is no field of an event'),
        ("detailType as in code", matching({"source": ["aws.ec2"], "detailType": ["x"]}), '"detailType" is no field of an event'),
        ("a detail-type that nobody sends", matching(PATTERN | {"detail-type": ["AWS API Call via Cloudtrail"]}), "no event has the detail-type"),
        ("a sign-in spelt otherwise", matching(PATTERN | {"detail-type": ["AWS Console Sign-In via CloudTrail"]}), "no event has the detail-type"),
        # https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
        ("eventName in small letters", detail(eventname=["RunInstances"]), '"eventname" is no field of a CloudTrail record, which writes it eventName'),
        ("userIdentity in small letters", detail(useridentity={"type": ["Root"]}), '"useridentity" is no field of a CloudTrail record, which writes it userIdentity'),
        ("sourceIpAddress", detail(sourceIpAddress=["203.0.113.7"]), '"sourceIpAddress" is no field of a CloudTrail record, which writes it sourceIPAddress'),
        ("a service without its domain", detail(eventSource=["ec2"]), 'no record has the eventSource "ec2"'),
        ("EventBridge's source for the record's", detail(eventSource=["aws.ec2"]), 'no record has the eventSource "aws.ec2"'),
        ("an account as a number", matching(PATTERN | {"account": [123456789012]}), "account holds ids of twelve digits in quotes"),
        ("an account of eleven digits in a pattern", matching(PATTERN | {"account": ["12345678901"]}), "account holds ids of twelve digits in quotes"),
        ("a zone for a Region", matching(PATTERN | {"region": ["us-east-1a"]}), 'no event has the region "us-east-1a"'),
        ("the record's source for EventBridge's", matching(PATTERN | {"source": ["ec2.amazonaws.com"]}), "must pin its source to AWS"),
        ("no source", matching({"detail-type": PATTERN["detail-type"]}), "must pin its source to AWS"),
        ("a source that begins with anything", matching(PATTERN | {"source": [{"prefix": ""}]}), "must pin its source to AWS"),
        ("a pattern that is no JSON", matching("{ source: [aws.ec2] }"), "must be a JSON object"),
        ("a pattern that is a list", matching([PATTERN]), "must be a JSON object"),
        ("2,048 characters exceeded", detail(eventName=["Name" * 600]), "and EventBridge takes 2,048"),
        ("the provider's name for the pattern", matching(PATTERN, event_pattern="{}"), "event_pattern (here: pattern)"),
        ("the provider's name for the state", matching(PATTERN, is_enabled="true"), "is_enabled (here: enabled)"),
        ("pattern and schedule", matching(PATTERN, schedule="rate(1 hour)"), "must have exactly one of pattern (JSON), patterns"),
        ("neither pattern nor schedule", {"rules": {"r": {"targets": RULE["targets"]}}}, "must have exactly one of pattern (JSON), patterns"),
        ("a space in a rule's name", {"rules": {"my rule": RULE, "r": RULE}}, "The key of the rule my rule must consist of letters"),
        ("a long name", {"rules": {"r": RULE, "x" * 65: RULE}}, "a rule's name is 1 to 64 letters"),
        ("two rules of one name", {"rules": {"a": RULE | {"name": "x"}, "r": RULE | {"name": "x"}}}, "have the same name, x"),
        ("a long description", matching(PATTERN, description="x" * 513), "has more than 512 characters"),
        ("disabled, and read-only events", matching(PATTERN, enabled=False, read_only_events=True), "contradict each other"),
        ("no targets", {"rules": {"r": {"pattern": json.dumps(PATTERN)}}}, "The rule r has no targets"),
        ("six targets", {"rules": {"r": RULE | {"targets": {f"t{n}": {"topic": {"arn": f"{TOPIC}-{n}"}} for n in range(6)}}}}, "and EventBridge takes five"),
        # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
        ("an hour in the plural", ticking("rate(1 hours)"), "and a schedule is rate(5 minutes)"),
        ("minutes in the singular", ticking("rate(5 minute)"), "and a schedule is rate(5 minutes)"),
        ("a cron line of five fields", ticking("cron(0 12 * * *)"), "and a schedule is rate(5 minutes)"),
        ("days of month and week both", ticking("cron(0 12 * * * *)"), "with ? for the day that is not meant"),
        ("a bare time", ticking("every 5 minutes"), "and a schedule is rate(5 minutes)"),
    ],
    "event-rules, targets": [
        ("a target that is nothing", aiming({}), "must be exactly one of api_destination"),
        ("a target that is two things", aiming({"topic": {"arn": TOPIC}, "bus": {"arn": BUS}}), "and it is 2 of them"),
        ("a topic that is a queue", aiming({"topic": {"arn": QUEUE}}), "must be that of an SNS topic"),
        ("a function by its name", aiming({"function": {"arn": "react", "function_name": "react"}}), "must be that of a Lambda function"),
        ("a topic of another Region", aiming({"topic": {"arn": TOPIC_AWAY}}), "is in another Region, and a rule reaches only event buses there"),
        ("a topic of another partition", aiming({"topic": {"arn": TOPIC.replace("arn:aws:", "arn:aws-cn:")}}), "is of another partition than the rule (aws)"),
        ("a topic of another account", aiming({"topic": {"arn": TOPIC.replace(ACCOUNT, OTHER)}}), "say cross_account = true"),
        ("a FIFO topic", aiming({"topic": {"arn": TOPIC + ".fifo"}}), "is a FIFO topic, which can't be a target"),
        ("a plain text as input", aiming({"topic": {"arn": TOPIC}, "input": "launched"}), "must be JSON of up to 8,192 characters"),
        ("a placeholder that nobody fills", aiming({"topic": {"arn": TOPIC}, "input_transformer": {"input_paths": {}, "input_template": '"<who> did it"'}}), "Add for the target r/t: <who>"),
        ("a path without $", aiming({"topic": {"arn": TOPIC}, "input_transformer": {"input_paths": {"who": "detail.user"}, "input_template": '"<who>"'}}), 'JSON paths that start with "$."'),
        ("a day's retries and more", aiming({"topic": {"arn": TOPIC}, "retry": {"max_age_seconds": 172800}}), "retry.max_age_seconds must be a whole number from 60 to 86400"),
        ("the provider's name for the queue of what fails", aiming({"topic": {"arn": TOPIC}, "dead_letter_arn": QUEUE}), "dead_letter_arn (here: dead_letter_queue"),
        ("a bus that is the rule's own", aiming({"bus": {"arn": BUS.replace("hub", "default")}}), "is the event bus that the rule is on"),
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
        ("a role's policy of over 10,240 characters", {"rules": {"r": RULE | {"targets": {f"t{k}": {"run_command": {"document": {"arn": f"arn:aws:ssm:{REGION}:{ACCOUNT}:document/Isolate"}, "targets": {"InstanceIds": [f"i-{k}{n:016x}" for n in range(50)]}}} for k in range(5)}}}}, "name instances by a tag in run_command.targets", "size"),
    ],
    "example sqs-fanout": [
        ("hidden for a second", {"visibility_timeout_seconds": 1}, "visibility_timeout_seconds is 10"),
    ],
    "example targets": [
        ("an address without https", {"endpoint_url": "http://tickets.example.com"}, "endpoint_url begins with https://"),
        ("a queue for the function", {"security": {"function_arn": QUEUE, "queue_arn": QUEUE, "topic_arn": TOPIC}}, "security has the ARN of a Lambda function"),
        ("no subnet", {"subnet_ids": []}, "subnet_ids needs at least one subnet"),
    ],
    "iam-role-guard": [
        ("a path without its last slash", {"allowed_paths": ["/apps"]}, "allowed_paths must hold paths with their slashes"),
        ("a path without slashes", {"allowed_paths": ["apps"]}, "allowed_paths must hold paths with their slashes"),
        ("a containment that there is not", {"containment": "detach"}, "containment must be none, deny_policy"),
        ("an ARN among the names", {"forbidden_names": ["arn:aws:iam::*:role/admin"]}, "forbidden_names must hold names of roles"),
        ("a path among the names", {"forbidden_names": ["apps/admin*"]}, "forbidden_names must hold names of roles"),
        ("a policy's name for its ARN", {"forbidden_policies": ["AdministratorAccess"]}, "forbidden_policies must hold ARNs"),
        ("a boundary's name for its ARN", {"required_boundary": "developer-boundary"}, "required_boundary must be the ARN of a policy"),
        ("a role for the boundary", {"required_boundary": ROLE}, "required_boundary must be the ARN of a policy"),
        ("an account's ARN for its id", {"trusted_accounts": [f"arn:aws:iam::{OTHER}:root"]}, "trusted_accounts may hold account ids of twelve digits"),
        ("an account that lost its zero", {"trusted_accounts": [12345678901]}, "trusted_accounts may hold account ids of twelve digits"),
        ("a unit for the organization", {"trusted_organizations": ["ou-ab12-sandbox01"]}, "trusted_organizations may hold ids of organizations"),
        ("no rule", {"allowed_paths": [], "allowed_providers": None, "forbid_admin": False, "forbidden_names": [], "forbidden_policies": [], "required_boundary": None, "required_tags": [], "trusted_accounts": None, "trusted_organizations": None}, "No role could break a rule, since there is none"),
    ],
    "location": [
        ("an account of eleven digits", {"account_id": "12345678901"}, "account_id must be the 12 digits"),
        ("an account with hyphens", {"account_id": "1234-5678-9012"}, "account_id must be the 12 digits"),
        ("an availability zone", {"region": "us-east-1a"}, "region must be a Region"),
    ],
    "log-archive": [
        ("capitals in the bucket's name", {"name": "Acme-Archive"}, "name must be a bucket name"),
        ("an underscore in the bucket's name", {"name": "acme_archive"}, "name must be a bucket name"),
        ("a suffix that S3 keeps", {"name": "acme-archive-s3alias"}, "name has a prefix or suffix that S3 keeps"),
        ("deleted while it is locked", {"expire_after_days": 366, "retention_days": 400}, "expire_after_days is shorter than retention_days"),
        ("a prefix that starts with a slash", {"key_prefix": "/org/audit"}, "key_prefix must be 1 to 200 letters"),
        ("a prefix that ends with a slash", {"key_prefix": "org/audit/"}, "key_prefix must be 1 to 200 letters"),
        ("an asterisk in the prefix", {"key_prefix": "org/*"}, 'key_prefix must not hold "*"'),
        ("no key at all", {"kms_key_arn": None}, "own_kms_key is false and kms_key_arn is missing"),
        ("a unit's id for the organization's", {"organization_id": "ou-ab12-sandbox01"}, "organization_id must be an organization's id"),
        ("everybody may read", {"reader_arns": ["*"]}, "reader_arns must hold ARNs of roles"),
        ("a session may read", {"reader_arns": [f"arn:aws:sts::{ACCOUNT}:assumed-role/audit/x"]}, "reader_arns must hold ARNs of roles"),
        ("a role's name", {"replication_role_arn": "replicate-logs"}, "replication_role_arn must be a role's ARN"),
        ("locked for no day", {"retention_days": 0, "transitions": {}}, "retention_days must be a whole number"),
        ("locked for less than the first move", {"retention_days": 30}, "retention_days is shorter than the first transition"),
        ("a mode in capitals", {"retention_mode": "COMPLIANCE"}, "retention_mode must be"),
        ("a policy of over 20,480 characters", {"reader_arns": [f"{ROLE}-{n:03}" for n in range(400)]}, "and S3 takes 20,480: give fewer reader_arns"),
    ],
    "log-bucket": [
        ("capitals in the bucket's name", {"name": "Acme-Logs"}, "name must be a bucket name"),
        ("a bucket's ARN for its name", {"name": "arn:aws:s3:::acme-logs"}, "name must be a bucket name"),
        ("two characters", {"name": "ab"}, "name must be a bucket name"),
        ("an address for a name", {"name": "192.168.5.4"}, "name must be a bucket name"),
        ("two dots in a row", {"name": "acme..logs"}, "name must be a bucket name"),
        ("a prefix that S3 keeps", {"name": "xn--acme-logs"}, "name has a prefix or suffix that S3 keeps"),
        # cloudtrail.CreateTrail
        ("two hyphens in the trail's name", {"trail_name": "acme--trail"}, "trail_name must be a trail's name"),
        ("a space in the trail's name", {"trail_name": "my trail"}, "trail_name must be a trail's name"),
        ("an account of eleven digits", {"trail_account_id": "12345678901"}, "trail_account_id must be the 12 digits"),
        ("an availability zone", {"trail_region": "us-east-1a"}, "trail_region must be a Region"),
        ("an access log that is on", {"access_log": "on"}, 'access_log must be "off", "own"'),
        ("a bucket for the access log that is not asked for", {"access_log": "off"}, 'access_log = "given" and access_log_bucket go together'),
        ("the bucket as its own access log", {"access_log_bucket": "acme-logs"}, "access_log_bucket is the log bucket itself"),
        ("an ARN for the access log's bucket", {"access_log_bucket": "arn:aws:s3:::acme-access-logs"}, "access_log_bucket must be a bucket's name"),
        ("statements without a document", {"extra_policy_json": "[]"}, "extra_policy_json must be a policy document"),
        ("HCL for JSON", {"extra_policy_json": "{ Statement = [] }"}, "extra_policy_json must be a policy document"),
        ("a statement of the module's own name", {"extra_policy_json": json.dumps({"Statement": [{"Sid": "CloudTrailWrite"}]})}, "extra_policy_json uses a Sid of the module's own"),
        ("a prefix that starts with a slash", {"key_prefix": "/org"}, "key_prefix must be 1 to 200 letters"),
        ("a space in the prefix", {"key_prefix": "org audit"}, "key_prefix must be 1 to 200 letters"),
        ("AWSLogs/ within the prefix", {"key_prefix": "org/AWSLogs"}, "key_prefix is what comes before AWSLogs/"),
        ("MFA delete and a lifecycle", {"expire_after_days": 365}, "S3 refuses a lifecycle on a bucket with MFA delete"),
        ("MFA delete and a destroy", {"force_destroy": True}, "force_destroy can't delete versions from a bucket with MFA delete"),
        ("six digits for the device", {"mfa_device_arn": "arn:aws:iam::root/123456"}, "mfa_device_arn must be arn:<partition>:iam::<account>:mfa/<name>"),
        ("an account's id for the organization's", {"organization_id": ACCOUNT}, "organization_id must be an organization's id"),
        ("a role's name for its ARN", {"reader_arns": ["audit-readers"]}, "reader_arns must hold ARNs of roles"),
        ("all roles may read", {"reader_arns": [f"arn:aws:iam::{ACCOUNT}:role/*"]}, "reader_arns must hold ARNs of roles"),
        ("no key at all", {"kms_key_arn": None}, "own_kms_key is false and kms_key_arn is missing"),
    ],
    "log-bucket, ageing": [
        ("deleted while it is locked", {"expire_after_days": 364}, "expire_after_days is shorter than object_lock_days"),
        ("a lock without its days", {"object_lock_days": None}, "object_lock_mode and object_lock_days go together"),
        ("a lock in capitals", {"object_lock_mode": "GOVERNANCE"}, 'object_lock_mode must be "governance" or "compliance"'),
        ("a lock of 101 years", {"object_lock_days": 36865, "expire_after_days": None}, "object_lock_days must be a whole number of days"),
        ("an access log kept for half a day", {"access_log_expire_after_days": 0.5}, "access_log_expire_after_days must be a whole number"),
        ("a name too long for its access log", {"name": "a" * 60}, "shorten name to 52"),
    ],
    "log-lifecycle": [
        ("a bucket's ARN", {"bucket_name": "arn:aws:s3:::acme-logs"}, "bucket_name must be a bucket's name"),
        ("no account", {"account_ids": []}, "transitions needs account_ids"),
        ("an account of eleven digits", {"account_ids": ["12345678901"]}, "account_ids must hold account ids of 12 digits"),
        ("deleted after half a day", {"expire_after_days": 0.5, "transitions": {}}, "expire_after_days must be a whole number of days"),
        ("a prefix that starts with a slash", {"key_prefix": "/org"}, "key_prefix must be 1 to 200 letters"),
        ("an organization's name", {"organization_id": "acme"}, "organization_id must be an organization's id"),
        ("removed at once", {"remove_expired_after_days": 0}, "remove_expired_after_days must be a whole number"),
        ("a fraction of a day", {"transitions": {"GLACIER_IR": 1.5}}, "transitions must have whole numbers of days"),
    ],
    "log-query": [
        ("capitals in the name", {"name": "AcmeLogs"}, "name must be 3 to 42 lower-case letters"),
        # athena.CreateWorkGroup
        ("a megabyte", {"bytes_scanned_cutoff_per_query": 1048576}, "bytes_scanned_cutoff_per_query must be a whole number"),
        ("no day", {"days": 0}, "days must be a whole number of days"),
        ("no log", {"logs": {}}, "logs must hold at least one log"),
        ("a table in capitals", logs("Trail"), "its key is the table's name"),
        ("a table with a hyphen", logs("org-trail"), "its key is the table's name"),
        ("a bucket's ARN", logs(bucket={"name": "arn:aws:s3:::acme-logs"}), "bucket.name of logs must be a bucket's name"),
        ("an alias for the logs' key", logs(bucket={"kms_key_arn": "alias/cloudtrail"}), "bucket.kms_key_arn of logs must be the ARN of a key"),
        ("a prefix that starts with a slash", logs(bucket={"key_prefix": "/org"}), "bucket.key_prefix of logs must be"),
        ("an organization's name", logs(bucket={"organization_id": "acme"}, account_ids=[ACCOUNT]), "bucket.organization_id of logs must be"),
        ("a format that there is not", logs(format="parquet"), "A log's format must be"),
        ("an account of eleven digits", logs(account_ids=["12345678901"]), "account_ids must be the 12 digits"),
        ("no account", logs(account_ids=[]), "account_ids is empty"),
        ("a path that starts with a slash", logs(path="/events/${day}"), "path must begin with the keys' first letters"),
        ("a path of an unknown part", logs(path="events/${date}"), "path must begin with the keys' first letters"),
        ("Insights of files as text", logs(format="json", insights=True), "insights needs CloudTrail's own keys and format"),
        ("an availability zone", {"regions": ["us-east-1a"]}, "regions must hold Regions"),
        ("no Region", {"regions": []}, "regions must hold Regions"),
        ("a URL for the results", {"results_bucket_name": "s3://acme-results/"}, "results_bucket_name must be a bucket name"),
        ("results nowhere", {"results_bucket_name": None}, "own_results_bucket is false and results_bucket_name is missing"),
        ("results gone at once", {"results_expire_after_days": 0}, "results_expire_after_days must be a whole number"),
    ],
    "log-replication": [
        ("a space in the name", {"name": "replicate logs"}, "name must be a role's name"),
        ("no key for the replicas", {"archive": {"name": "acme-archive"}}, "archive.kms_key_arn is missing"),
        ("the log bucket as its own archive", {"archive": {"name": "acme-logs", "kms_key_arn": KEY}}, "archive is the log bucket itself"),
        ("an archive's ARN", {"archive": {"name": "arn:aws:s3:::acme-archive", "kms_key_arn": KEY}}, "archive.name must be a bucket's name"),
        ("an alias for the replicas' key", {"archive": {"name": "acme-archive", "kms_key_arn": "alias/archive"}}, "archive.kms_key_arn must be the ARN of a key"),
        ("an account of eleven digits", {"archive": {"name": "acme-archive", "kms_key_arn": KEY, "account_id": "12345678901"}}, "archive.account_id must be the 12 digits"),
        ("an availability zone", {"archive": {"name": "acme-archive", "kms_key_arn": KEY, "region": "eu-central-1a"}}, "archive.region must be a Region"),
        ("capitals in the log bucket's name", {"log_bucket": {"name": "Acme-Logs", "kms_key_arn": KEY}}, "log_bucket.name must be a bucket's name"),
        ("an alias for the logs' key", {"log_bucket": {"name": "acme-logs", "kms_key_arn": "alias/logs"}}, "log_bucket.kms_key_arn must be the ARN of a key"),
        ("a topic's name", {"alarm_topic": {"arn": "alerts"}}, "alarm_topic.arn is not the ARN of an SNS topic"),
        ("a path without its last slash", {"role_path": "/audit"}, "role_path must begin and end with a slash"),
    ],
    "metric-filters": [
        ("a benchmark in words", {"benchmark": "CIS 5.0"}, "benchmark must be a version of the CIS"),
        ("a control that there is not", {"controls": ["4.16"], "thresholds": {}}, "controls must name some of"),
        ("no control", {"controls": [], "thresholds": {}}, "controls is empty"),
        ("a log group's ARN for its name", {"log_group": {"name": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:trail"}}, "log_group.name is not the name of a log group"),
        ("a topic's name", {"alarm_topic": {"arn": "alerts"}}, "alarm_topic.arn is not the ARN of an SNS topic"),
        ("a topic of another Region", {"alarm_topic": {"arn": TOPIC_AWAY}}, "alarm_topic is in another Region than log_group"),
        # cloudwatch.PutMetricData: namespaces that begin with AWS/ are AWS's.
        ("AWS's namespace", {"namespace": "AWS/CloudTrail"}, "namespace must be 1 to 255"),
        ("a space in the name", {"name": "CIS alarms"}, "name must be 1 to 64 letters"),
        ("a threshold of a control that is not made", {"thresholds": {"4.2": 5}}, "thresholds names controls that there are no alarms for: 4.2"),
        ("a threshold of nothing", {"thresholds": {"4.1": 0}}, "A threshold must be a whole number"),
    ],
    "notify": [
        ("a detection that a pattern decides", {"detection": "root_login"}, "detection must be the id of an entry whose decision needs code"),
        ("a pattern that is no JSON", {"event_pattern": "aws.ec2"}, "event_pattern is not a JSON object"),
        ("a severity in capitals", {"severity": "HIGH"}, "severity must be info, low"),
        ("a summary with an unknown word", {"summary": "{who} called {event}"}, "summary may hold {"),
        ("a summary with an open brace", {"summary": "{actor called {event}"}, "summary may hold {"),
        ("a summary in EventBridge's way", {"summary": "<user> called {}"}, "summary may hold {"),
        ("a summary in Python's way", {"summary": "{actor!r} called {event}"}, "summary may hold {"),
        ("an empty title", {"title": ""}, "title must be 1 to 70 characters"),
        ("a title too long for a subject", {"title": "x" * 71}, "title must be 1 to 70 characters"),
        ("an account of eleven digits", {"trusted_accounts": ["12345678901"]}, "trusted_accounts must hold account ids"),
        ("an organization's name", {"trusted_organizations": ["acme"]}, "trusted_organizations must hold ids of organizations"),
        ("a window of two days", {"window_seconds": 172800}, "window_seconds must be a whole number from 0"),
    ],
    "reaction": [
        ("a space in the name", {"name": "my guard"}, "name must be 1 to 48 letters"),
        ("a name of 49 letters", {"name": "x" * 49}, "name must be 1 to 48 letters"),
        ("events of a minute", {"act_within_seconds": 60}, "act_within_seconds must be a whole number from 900"),
        ("a budget of nothing", {"actions_per_hour": 0}, "actions_per_hour must be a whole number from 1"),
        ("a share of nothing", {"actions_per_principal": 0}, "actions_per_principal must be a whole number from 1"),
        ("alerts that reach nobody", {"alert_topic": None, "finding_target": None, "guard": GUARD | {"mode": "notify"}}, "would reach nobody"),
        ("a FIFO topic for people", {"alert_topic": {"arn": TOPIC + ".fifo"}}, "alert_topic is a FIFO topic"),
        ("an alias for the topic's key", {"alert_topic": {"arn": TOPIC, "kms_key_arn": "alias/alerts"}}, "alert_topic.kms_key_arn is not the ARN of a KMS key"),
        ("alarms under AWS's own key", {"alarm_topic": {"arn": TOPIC, "kms_master_key_id": "alias/aws/sns"}}, "that key can't admit CloudWatch"),
        ("a topic of another Region", {"alarm_topic": {"arn": TOPIC_AWAY}}, "alarm_topic (eu-central-1)", "place"),
        ("a bus's name for its ARN", {"audit_bus": {"arn": "default"}}, "audit_bus.arn is not the ARN of an event bus"),
        ("a variable of Lambda's", {"environment": {"AWS_REGION": "eu-west-1"}}, "environment has a name that this module or Lambda sets itself"),
        ("a variable with a hyphen", {"environment": {"MY-TEAM": "x"}}, "environment has a name that this module or Lambda sets itself"),
        ("an exempt account of eleven digits", {"exempt_accounts": {"12345678901": FOREVER}}, "exempt_accounts must map account ids"),
        ("an exemption for ever", {"exempt_accounts": {OTHER: "never"}}, "exempt_accounts must map account ids"),
        ("an exempt role by its name", {"exempt_principals": {"breakglass": FOREVER}}, "exempt_principals must map ARNs"),
        ("an exempt session", {"exempt_principals": {f"arn:aws:sts::{ACCOUNT}:assumed-role/breakglass/me": FOREVER}}, "give the role's own ARN"),
        ("a month 13", {"exempt_principals": {ROLE: "2027-13-01"}}, "exempt_principals must map ARNs"),
        ("an exempt path without slashes", {"exempt_role_paths": {"ci": FOREVER}}, "exempt_role_paths must map paths"),
        ("every role exempt", {"exempt_role_paths": {"/": FOREVER}}, "exempt_role_paths must map paths"),
        ("an exempt tag without its value", {"exempt_tags": {"reactor-exempt": FOREVER}}, "exempt_tags must map tags, written key=value"),
        ("an exemption of an account that has ended", {"exempt_accounts": {OTHER: ENDED}}, f"Exemptions have ended: {OTHER} in exempt_accounts ({ENDED})"),
        ("an exemption of a role that has ended", {"exempt_principals": {ROLE: ENDED}}, f"Exemptions have ended: {ROLE} in exempt_principals"),
        ("an exemption of a path that has ended", {"exempt_role_paths": {"/ci/": ENDED}}, "Exemptions have ended: /ci/ in exempt_role_paths"),
        ("an exemption of a tag that has ended", {"exempt_tags": {"reactor-exempt=yes": ENDED}}, "Exemptions have ended: reactor-exempt=yes in exempt_tags"),
        ("a FIFO queue for what fails", {"failure_queue": {"arn": QUEUE + ".fifo"}}, "failure_queue is a FIFO queue"),
        ("a queue's URL", {"failure_queue": {"arn": QUEUE_WHOLE["url"]}}, "failure_queue.arn is not the ARN of an SQS queue"),
        ("findings to a bucket", {"finding_target": {"arn": "arn:aws:s3:::findings"}}, "finding_target.arn is not the ARN of a Security Hub"),
        ("an own handler without package", guarding(handler="own_reaction.handler"), "which the zip of this repository has not"),
        ("a handler without its function", guarding(handler="reactor"), "guard.handler must be a Python module and a function in it"),
        ("a handler with .py", guarding(handler="own-reaction.py"), "guard.handler must be a Python module and a function in it"),
        ("a mode of tutorials", guarding(mode="audit"), "guard.mode must be dry_run, notify or enforce"),
        ("a policy that is no JSON", guarding(policy_json="ec2:StopInstances"), "guard.policy_json is not an IAM policy document"),
        ("a placeholder that nobody fills", guarding(policy_json=STATEMENTS.replace('"*"', '"arn:aws:ec2:*:{{account}}:instance/*"')), "has a placeholder that is not filled in"),
        ("settings that are no object", guarding(settings="[]"), "guard.settings is not a JSON object"),
        ("a long description", guarding(description="x" * 257), "guard.description is longer than Lambda's limit"),
        ("a team by its name", {"iac_principals": ["terraform"]}, "iac_principals must hold ARNs"),
        ("a session of the pipeline", {"iac_principals": ["arn:aws:sts::*:assumed-role/terraform/*"]}, "give the role's own ARN"),
        ("a parameter's ARN for its name", {"kill_switch": {"name": f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/mode"}}, "kill_switch.name is not the name of an SSM parameter"),
        # ssm.PutParameter: no name may begin with aws or ssm.
        ("a parameter's name that AWS keeps", {"kill_switch": {"name": "/aws/reactor/mode"}}, "kill_switch.name begins with aws or ssm"),
        ("a memory of a week", {"ledger_days": 7}, "ledger_days must be a whole number of days from 15"),
        ("a table's ARN for its name", {"ledger_table": {"name": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/x"}}, "ledger_table.name is not the name of a DynamoDB table"),
        ("a log group's ARN for its name", {"log_group": {"name": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:x"}}, "log_group.name is not the name of a log group"),
        ("a level of other languages", {"log_level": "WARN"}, "log_level must be DEBUG, INFO"),
        ("a number of days that CloudWatch Logs does not know", {"log_retention_days": 45}, "log_retention_days must be one that CloudWatch Logs knows"),
        ("half a minute of tries", {"max_event_age_seconds": 30}, "max_event_age_seconds must be a whole number from 60"),
        ("three tries", {"max_retries": 3}, "max_retries must be 0, 1 or 2"),
        ("a role's ARN for its name", {"member_role": {"name": ROLE, "external_id": "s3cret"}}, "member_role.name must be a role's name"),
        ("an external id of one letter", {"member_role": {"name": "m", "external_id": "x"}}, "member_role.external_id must be 2 to 1224"),
        ("no account for the role", {"member_role": {"name": "m", "external_id": "s3cret", "accounts": []}}, "member_role.accounts must hold at least one"),
        ("11 GB", {"memory_size": 11264}, "memory_size must be a whole number of MB"),
        ("a version without its object", {"package": {"filename": "x.zip", "s3_object_version": "1"}}, "package.s3_object_version is of no use without"),
        ("Powertools twice", {"public_powertools_layer": True}, "powertools_layer_arn stands in place of AWS's own layer"),
        ("the engine twice", {"own_reactor_layer": True}, "reactor_layer_arn stands in place of the layer"),
        ("no run at once", {"reserved_concurrency": 0}, "reserved_concurrency must be a whole number from 1"),
        ("a role's name for its ARN", {"role": {"arn": "audit"}}, "role.arn is not the ARN of an IAM role"),
        ("a path with two slashes", {"role_path": "//security/"}, "role_path must start and end with a slash"),
        ("a wait as long as the timeout", {"settle_seconds": 60}, "settle_seconds leaves the function less than 20 seconds"),
        ("a quarter of an hour and more", {"timeout": 901}, "timeout must be a whole number of seconds from 1 to 900"),
        ("no subnet", {"vpc_config": {"subnet_ids": [], "security_group_ids": ["sg-0123456789abcdef0"]}}, "vpc_config needs at least one subnet"),
        ("subnets by their names", {"vpc_config": {"subnet_ids": ["private-a"], "security_group_ids": ["sg-0123456789abcdef0"]}}, "vpc_config takes ids"),
        ("a VPC for a security group", {"vpc_config": {"subnet_ids": ["subnet-0123456789abcdef0"], "security_group_ids": ["vpc-0123456789abcdef0"]}}, "vpc_config takes ids"),
        ("everybody is exempt", {"exempt_principals": {"arn:*": FOREVER}}, "exempt_principals must name somebody"),
        ("all roles are exempt", {"exempt_principals": {"arn:aws:iam::*:role/*": FOREVER}}, "exempt_principals must name somebody"),
        ("everybody manages infrastructure", {"iac_principals": ["arn:aws:iam::*:*"]}, "iac_principals must name somebody"),
        ("a share that is more than the whole", {"actions_per_principal": 101}, "actions_per_principal would limit nothing: it is a part of actions_per_hour, which is 100"),
        ("a share of no limit", {"actions_per_hour": -1}, "actions_per_principal would limit nothing: it is a part of actions_per_hour, which is without a limit (-1)"),
        ("six security groups", {"vpc_config": {"subnet_ids": ["subnet-0123456789abcdef0"], "security_group_ids": [f"sg-{n:017x}" for n in range(6)]}}, "Lambda takes 16 and 5"),
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
        ("a policy of over 10,240 characters", {"role": None, "guard": GUARD | {"policy_json": json.dumps({"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": [f"arn:aws:s3:::acme-{n:04}/*" for n in range(500)]}]})}}, "and IAM takes 10,240: shorten guard.policy_json."),
    ],
    "reaction-member-role": [
        ("an external id with a space", {"external_id": "top secret"}, "external_id must be 2 to 1224"),
        ("no guard that does anything", {"guards": {"notes": {"policy_json": None}}}, "guards holds none that does anything here"),
        ("a policy that is no JSON", {"guards": {"launches": {"policy_json": "ec2:*"}}}, "policy_json of a guard is not an IAM policy document"),
        ("the hub's account without its zero", {"hub_account_id": 12345678901}, "hub_account_id must be an account id of twelve digits"),
        ("a role's ARN for its name", {"hub_role_names": [ROLE]}, "hub_role_names must hold the names of the reactions' roles"),
        ("every role of the hub", {"hub_role_names": ["*"]}, "hub_role_names must hold the names of the reactions' roles"),
        ("a path in the name", {"name": "security/member"}, "name must be 1 to 64 letters"),
        ("an organization's name", {"organization_id": "acme"}, "organization_id must be the id of an organization"),
        ("a path without its first slash", {"path": "security/"}, "path must start and end with a slash"),
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
        ("a trust policy of over 2,048 characters", {"hub_role_names": [f"security/launch-guard-{n:03}" for n in range(40)]}, "and IAM takes 2,048: give fewer hub_role_names"),
        ("a policy of over 10,240 characters", {"guards": {"mine": {"policy_json": json.dumps({"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": [f"arn:aws:s3:::acme-{n:04}/*" for n in range(500)]}]})}}}, "and IAM takes 10,240: split guards"),
    ],
    "reconciliation": [
        ("capitals in the name", {"name": "Reconcile"}, "name must be 2 to 31 small letters"),
        ("a bucket's ARN", {"bucket_name": "arn:aws:s3:::acme-logs"}, "bucket_name is not the name of a bucket"),
        ("a trail's ARN", {"trail_name": f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/acme"}, "trail_name is not the name of a trail"),
        ("redelivery without proof", {"redeliver": True}, "redeliver needs digest_validation"),
        ("a rule's pattern that is no JSON", {"rules": {"rules": {"deployed": {"rules": {"r": {"arn": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/acme-r", "pattern": "aws.ec2"}}}}}}, "Each rule of rules must have a pattern that is a JSON object"),
        ("an account of eleven digits that forwards", {"forwarded": {"us": {"account_ids": ["12345678901"]}}}, "forwarded.account_ids must hold account ids"),
        ("a zone that forwards", {"forwarded": {"us": {"regions": ["us-east-1a"]}}}, "forwarded.regions must hold Regions"),
        ("reads of no pattern", {"forwarded": {"us": {"read_only_patterns": ["iam"]}}}, "forwarded.read_only_patterns names no pattern: iam"),
        ("forwarded by no pattern", {"forwarded": {"us": {"patterns": {"x": "aws.ec2"}}}}, "forwarded.patterns must hold event patterns"),
        ("AWSLogs/ within the prefix", {"key_prefix": "AWSLogs"}, "key_prefix is what comes before AWSLogs/"),
        ("a lag of ten minutes", {"lag_minutes": 10}, "lag_minutes must be a whole number from 30"),
        ("late at once", {"late_minutes": 0}, "late_minutes must be a whole number from 1"),
        ("a number of days that CloudWatch Logs does not know", {"log_retention_days": 100}, "log_retention_days must be one that CloudWatch Logs knows"),
        ("a rate in a wrong number", {"schedule_expression": "rate(2 hour)"}, "schedule_expression must be"),
        ("a schedule of seven fields", {"schedule_expression": "cron(0 40 * * * ? *)"}, "schedule_expression must be"),
        ("the bucket as the replica of itself", {"replica_of": "acme-logs"}, "replica_of is bucket_name itself"),
        ("silent after an hour", {"stale_minutes": 60}, "stale_minutes must be a whole number from 420"),
        ("an account with hyphens", {"trail_account_id": "2109-8765-4321"}, "trail_account_id is no account id"),
        ("an availability zone", {"home_region": "eu-central-1b"}, "home_region is no Region"),
        ("an alias for the logs' key", {"log_kms_key_arn": "alias/cloudtrail"}, "log_kms_key_arn is not the ARN of a KMS key"),
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
        ("targets for a policy of over 10,240 characters", {"redeliver": True, "digest_validation": {"checkpoint_table": {"arn": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/x", "name": "x"}}, "rules": {"rules": {"deployed": {"rules": {"r": {"arn": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/acme-r", "pattern": json.dumps(PATTERN), "targets": {f"t{n}": {"arn": f"{QUEUE}-{n:03}"} for n in range(200)}}}}}}}, "the rules have too many targets to redeliver to"),
    ],
    "security-group-guard": [
        ("a group's ARN for its id", {"allowed_groups": [f"arn:aws:ec2:{REGION}:{ACCOUNT}:security-group/sg-0123456789abcdef0"]}, "allowed_groups must hold ids or names"),
        ("a port too high", {"ports": [70000]}, "ports must hold at least one whole number"),
        ("no port", {"ports": []}, "ports must hold at least one whole number"),
        ("an allowed port below zero", {"allowed_ports": [-1]}, "allowed_ports may hold whole numbers from 0"),
        ("one address for the world", {"world_prefix": 32}, "world_prefix must be a whole number from 1"),
        ("no port left", {"ports": [22], "allowed_ports": [22, 443]}, "allowed_ports has all of ports"),
    ],
    "trail": [
        ("a space in the name", {"name": "my trail"}, "name must be a trail's name"),
        ("a name that ends with a hyphen", {"name": "acme-"}, "name must be a trail's name"),
        ("two hyphens in a row", {"name": "acme--trail"}, "name must be a trail's name"),
        ("an address for a name", {"name": "192.168.5.4"}, "name must not be shaped like an IP address"),
        ("a log group that is on", {"cloudwatch_logs": "true"}, 'cloudwatch_logs must be "off", "own"'),
        ("a group that is not asked for", {"log_group": {"arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:trail"}}, 'cloudwatch_logs = "given" and log_group go together'),
        ("a service for a type", selecting(resource_type="s3"), "resource_type must be a type as in AWS::S3::Object"),
        ("a type in small letters", selecting(resource_type="aws::s3::object"), "resource_type must be a type as in AWS::S3::Object"),
        ("the provider's word for reading and writing", selecting(read_write="WriteOnly"), "read_write must be all, read or write"),
        ("a basic selector's names", selecting(read_write_type="WriteOnly"), "read_write_type and values are names of the provider's event_selector"),
        ("a basic selector's values", selecting(values=["arn:aws:s3:::acme-data/"]), "read_write_type and values are names of the provider's event_selector"),
        ("a bucket without its slash", selecting(resource_arns={"starts_with": ["arn:aws:s3:::acme-data"]}), "must name the bucket and a slash"),
        ("a bucket's name for an ARN", selecting(resource_arns={"equals": ["acme-data"]}), "must name the bucket and a slash"),
        ("a function's name for its ARN", selecting(resource_type="AWS::Lambda::Function", resource_arns={"equals": ["billing"]}), "resource_arns of data_events must hold ARNs"),
        ("ARNs of another partition", selecting(resource_arns={"starts_with": ["arn:aws-cn:s3:::acme-data/"]}), "data_events.files (aws-cn)", "place"),
        ("the log bucket's own objects", selecting(resource_arns={"starts_with": ["arn:aws:s3:::acme-logs/"]}), "data_events asks for objects of the trail's own log bucket"),
        ("an operator without values", selecting(event_names={"equals": []}), "An operator of data_events has an empty list"),
        ("over 500 values", selecting(event_names={"equals": [f"Name{n}" for n in range(490)]}), "A trail's selectors hold 500 values at most"),
        ("an ARN among the excluded buckets", {"excluded_bucket_names": ["arn:aws:s3:::acme-archive"]}, "excluded_bucket_names must hold buckets' names"),
        ("a source that can't be left out", {"excluded_management_event_sources": ["s3.amazonaws.com"]}, "excluded_management_event_sources can hold kms.amazonaws.com"),
        ("a source by its name", {"excluded_management_event_sources": ["kms"]}, "excluded_management_event_sources can hold kms.amazonaws.com"),
        ("the provider's word for an Insight", {"insights": ["ApiCallRateInsight"]}, 'insights can hold "call_rate" and "error_rate"'),
        # https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-insights-events-with-cloudtrail.html
        ("Insights of a trail without write events", {"management_events": "read"}, 'The Insights "call_rate" are found in write management events'),
        ("Insights of a trail of data events", {"management_events": "none", "insights": ["error_rate"], "excluded_management_event_sources": []}, 'The Insights "error_rate" are found in management events'),
        ("a trail that records nothing", {"management_events": "none", "insights": [], "excluded_management_event_sources": [], "data_events": {}, "network_activity_events": {}}, "The trail would record nothing"),
        ("management events by yes", {"management_events": "true"}, 'management_events must be "all", "write"'),
        ("a bucket's ARN", {"log_bucket": {"name": "arn:aws:s3:::acme-logs"}}, "log_bucket.name must be a bucket's name"),
        ("capitals in the bucket's name", {"log_bucket": {"name": "Acme-Logs"}}, "log_bucket.name must be a bucket's name"),
        ("no bucket", {"log_bucket": {"name": ""}}, "log_bucket.name is empty"),
        ("an alias for the key", {"log_bucket": {"name": "acme-logs", "kms_key_arn": "alias/cloudtrail"}}, "log_bucket.kms_key_arn must be the ARN of a key"),
        ("a prefix that starts with a slash", {"log_bucket": {"name": "acme-logs", "key_prefix": "/org"}}, "log_bucket.key_prefix must be"),
        ("a bucket of another trail", {"log_bucket": {"name": "acme-logs", "trail_name": "other"}}, "CloudTrail could not write"),
        ("31 days", {"log_group_retention_days": 31}, "log_group_retention_days must be a number that CloudWatch Logs knows"),
        ("a service by its name", {"network_activity_events": {"s3": {"event_source": "s3"}}}, "event_source must be a service as in s3.amazonaws.com"),
        ("a topic's name", {"notification_topic": {"arn": "files"}}, "notification_topic.arn must be the ARN of a standard SNS topic"),
        ("a FIFO topic", {"notification_topic": {"arn": TOPIC + ".fifo"}}, "notification_topic.arn must be the ARN of a standard SNS topic"),
        ("a path without its first slash", {"role_path": "audit/"}, "role_path starts and ends with a slash"),
        ("the scope of a unit", {"scope": "ou"}, 'scope must be "account" or "organization"'),
        ("an organization's trail in an account's bucket", {"scope": "organization", "cloudwatch_logs": "off", "log_bucket": {"name": "acme-logs", "trail_name": "acme"}}, "log_bucket admits the logs of one account only"),
        ("an organization's events without its id", {"scope": "organization"}, "An organization's events go to log streams that begin with the organization's id"),
    ],
    "trail, given group": [
        ("a log group that is not given", {"log_group": None}, 'cloudwatch_logs = "given" and log_group go together'),
        ("a log group's name for its ARN", {"log_group": {"arn": "/aws/cloudtrail/acme"}}, "log_group.arn must be a log group's ARN"),
        ("a log group of another Region", {"log_group": {"arn": f"arn:aws:logs:{AWAY}:{ACCOUNT}:log-group:trail"}}, "log_group (eu-central-1)", "place"),
    ],
    "trail-guard": [
        ("a bucket's ARN", {"bucket": "arn:aws:s3:::acme-logs"}, "bucket must be a bucket's name"),
        ("selectors that are no list", {"event_selectors": "Management"}, "event_selectors is not the JSON of a list"),
        ("basic and advanced selectors", {"event_selectors": json.dumps([{"ReadWriteType": "All"}, {"FieldSelectors": []}])}, "event_selectors mixes basic and advanced ones"),
        ("a prefix that starts with a slash", {"key_prefix": "/org"}, "key_prefix must be"),
        ("a trail's ARN for its name", {"trails": [f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/acme"]}, "trails must hold names of trails"),
        ("no trail", {"trails": []}, "trails must hold names of trails"),
    ],
}  # fmt: skip

# What several modules take, and what people put there.
_KEYS = {
    "alert-topic": "kms_key_arn must be the ARN of a key",
    "bucket-baseline": "kms_key_arn must be the ARN of a key",
    "digest-validation": "kms_key_arn is not the ARN of a KMS key",
    "log-archive": "kms_key_arn must be the ARN of a key",
    "log-bucket": "kms_key_arn must be the ARN of a key",
    "log-query": "kms_key_arn must be the ARN of a key",
    "reaction": "kms_key_arn is not the ARN of a KMS key",
    "reconciliation": "kms_key_arn is not the ARN of a KMS key",
    "trail": "log_group_kms_key_arn must be the ARN of a key",
    "trail-guard": "kms_key_arn must be the ARN of a key",
}
_BOUNDARIES = (
    "alert-topic", "digest-validation", "event-forwarding", "event-rules", "log-replication",
    "reaction", "reaction-member-role", "reconciliation", "trail",
)  # fmt: skip
_GUARDS = (
    "bucket-baseline", "ec2-launch-guard", "iam-role-guard", "notify", "security-group-guard",
    "trail-guard",
)  # fmt: skip
_WRONG_KEYS = (
    "alias/cloudtrail",
    "1234abcd-12ab-34cd-56ef-1234567890ab",
    KEY.replace(":key/", ":alias/"),
    ROLE,
)
_WRONG_MODES = ("enforced", "dry-run", "alert", "Notify", "true", "plan")
_WRONG_TAGS = (
    # https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
    ("a tag of AWS's own", {"aws:createdBy": "terraform"}),
    ("an empty tag", {"": "x"}),
    ("a tag's key of 129 letters", {"N" * 129: "x"}),
    ("a tag's value of 257 letters", {"Note": "x" * 257}),
    ("a semicolon in a tag", {"Team;Owner": "x"}),
    ("a tag in angle brackets", {"Team": "<unknown>"}),
    ("51 tags", {f"tag{n}": "x" for n in range(51)}),
)
_PARTITIONS: dict[str, tuple[Settings, str]] = {
    "alert-topic": ({"permissions_boundary": BOUNDARY.replace("arn:aws:", "arn:aws-us-gov:")}, "permissions_boundary (aws-us-gov)"),
    "digest-validation": ({"permissions_boundary": BOUNDARY.replace("arn:aws:", "arn:aws-cn:")}, "permissions_boundary (aws-cn)"),
    "event-forwarding": ({"hub_bus": {"arn": f"arn:aws-cn:events:cn-north-1:{OTHER}:event-bus/default"}}, "hub_bus is of another partition"),
    "event-rules": ({"role": {"arn": ROLE_CHINA}}, "role (aws-cn)"),
    "log-archive": ({"replication_role_arn": ROLE_CHINA}, "replication_role_arn (aws-cn)"),
    "log-bucket": ({"reader_arns": [ROLE_CHINA]}, "reader_arns[0] (aws-cn)"),
    "log-query": ({"kms_key_arn": KEY_CHINA}, "kms_key_arn (aws-cn)"),
    "log-replication": ({"archive": {"name": "acme-archive", "kms_key_arn": KEY_CHINA}}, "archive.kms_key_arn (aws-cn)"),
    "reaction": ({"role": {"arn": ROLE_CHINA}}, "role (aws-cn)"),
    "reaction-member-role": ({"permissions_boundary": BOUNDARY.replace("arn:aws:", "arn:aws-cn:")}, "permissions_boundary (aws-cn)"),
    "reconciliation": ({"log_kms_key_arn": KEY_CHINA}, "log_kms_key_arn (aws-cn)"),
    "trail": ({"permissions_boundary": BOUNDARY.replace("arn:aws:", "arn:aws-cn:")}, "permissions_boundary (aws-cn)"),
}  # fmt: skip
_REGIONS: dict[str, tuple[Settings, str]] = {
    # A key serves its own Region: https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html
    "alert-topic": ({"kms_key_arn": KEY_AWAY}, "kms_key_arn (eu-central-1)"),
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
    "digest-validation": ({"alarm_topic": {"arn": TOPIC_AWAY}}, "alarm_topic (eu-central-1)"),
    "event-rules": ({"alarm_topic": {"arn": TOPIC_AWAY}}, "an alarm can only report to a topic of its own Region"),
    "log-archive": ({"kms_key_arn": KEY_AWAY}, "kms_key_arn (eu-central-1)"),
    "log-bucket": ({"kms_key_arn": KEY_AWAY}, "kms_key_arn (eu-central-1)"),
    "log-query": ({"kms_key_arn": KEY_AWAY}, "kms_key_arn (eu-central-1)"),
    "reaction": ({"kms_key_arn": KEY_AWAY}, "kms_key_arn (eu-central-1)"),
    "reconciliation": ({"powertools_layer_arn": LAYER.replace(REGION, AWAY)}, "powertools_layer_arn (eu-central-1)"),
    "trail": ({"log_group_kms_key_arn": KEY_AWAY}, "log_group_kms_key_arn (eu-central-1)"),
}  # fmt: skip


def _misuses() -> list[Misuse]:
    wrong: Settings
    rows = [Misuse(of, *row) for of, listed in _ROWS.items() for row in listed]
    for number, (of, sentence) in enumerate(_KEYS.items()):
        name = "log_group_kms_key_arn" if of == "trail" else "kms_key_arn"
        key = _WRONG_KEYS[number % len(_WRONG_KEYS)]
        rows.append(Misuse(of, "no key's ARN", {name: key}, sentence, "arn"))
    for of in _BOUNDARIES:
        wrong = {"permissions_boundary": "boundary"}
        rows.append(
            Misuse(of, "a boundary by its name", wrong, "is not the ARN of an IAM policy", "arn")
        )
    for number, of in enumerate(("alert-topic", "event-rules", "reaction", "trail")):
        account: Any = 12345678901 if number % 2 else "12345678901"
        for wrong, sentence in (
            ({"account_id": account}, "account_id must be the 12 digits"),
            ({"region": "us-east-1b"}, "region must be a Region"),
        ):
            [name] = wrong
            rows.append(Misuse(of, f"a wrong {name}", wrong, sentence, "located"))
    rows += [
        Misuse(f"example {of}", f"the name {name!r}", {"name": name}, "name must be 3 to")
        for of, name in _EXAMPLES.items()
    ]
    for of, mode in zip(_GUARDS, _WRONG_MODES, strict=True):
        rows.append(
            Misuse(
                of, f"the mode {mode}", {"mode": mode}, "mode must be dry_run, notify or enforce"
            )
        )
    tagged = [of for of, right in RIGHT.items() if "tags" in right.settings]
    for number, of in enumerate(tagged):
        what, tags = _WRONG_TAGS[number % len(_WRONG_TAGS)]
        rows.append(Misuse(of, what, {"tags": tags}, "tags holds up to 50", "tags"))
    for what, listed in (("partition", _PARTITIONS), ("Region", _REGIONS)):
        rows += [
            Misuse(of, f"of another {what}", wrong, sentence, "place")
            for of, (wrong, sentence) in listed.items()
        ]
    return rows


MISUSES = _misuses()

# What Terraform itself refuses, in words that are clear: one line of text names the module's variable
# and what it takes.
WRONG_TYPES: list[tuple[str, Settings, str]] = [
    ("trail", {"log_bucket": "acme-logs"}, "log_bucket"),
    ("event-rules", {"rules": [RULE]}, "rules"),
    ("event-rules", {"alarm_topic": TOPIC}, "alarm_topic"),
    ("reaction", {"guard": "module.launches"}, "guard"),
    ("reaction", {"memory_size": "512 MB"}, "memory_size"),
    ("reaction", {"kill_switch": "/cloudtrail-reactor/mode"}, "kill_switch"),
    ("alert-topic", {"email_subscribers": "security@example.com"}, "email_subscribers"),
    ("log-archive", {"transitions": ["GLACIER"]}, "transitions"),
    ("log-archive", {"retention_days": "1 year"}, "retention_days"),
    ("log-bucket", {"mfa_delete": "yes"}, "mfa_delete"),
    ("metric-filters", {"log_group": "trail"}, "log_group"),
    ("notify", {"window_seconds": "15m"}, "window_seconds"),
    ("event-forwarding", {"hub_bus": BUS}, "hub_bus"),
    ("security-group-guard", {"ports": "22"}, "ports"),
]
