"""Modules with all that they have, keys given, so that every policy is known before apply.

`WHOLE` is all of them in one configuration, which `plan_whole` plans in any partition.
"""

from __future__ import annotations

from typing import Any

from tests.harness.local_aws import ACCOUNT, REGION, REPOSITORY
from tests.harness.plans import Plan, Planner
from tests.plan.calls import PARTITION_OF_REGION, REGIONS, Raw, call, react

# With all that they have: a spoke, a hub with canaries, every kind of target, an archive.
EVENTS = f"""
resource "aws_sqs_queue" "work" {{
  name                    = "work"
  sqs_managed_sse_enabled = true
}}

module "topic" {{
  source            = "${{modules}}/alert-topic"
  name              = "alerts"
  kms_key_arn       = "arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
  own_kms_key       = false
  email_subscribers = ["ana@example.com"]
  https_subscribers = {{ hook = "https://example.com/hook" }}
  queue_policies    = "attach"
  queue_subscribers = {{ work = aws_sqs_queue.heard }}
}}

resource "aws_sqs_queue" "heard" {{
  name                    = "heard"
  sqs_managed_sse_enabled = true
}}

module "rules" {{
  source                   = "${{modules}}/event-rules"
  name                     = "acme"
  alarm_topic              = module.topic
  archive                  = {{ retention_days = 30 }}
  failed_invocation_alarms = ["made"]
  queue_policies           = "attach"
  rules = {{
    made = {{
      pattern = jsonencode({{ source = ["aws.s3"] }})
      targets = {{
        bus      = {{ bus = {{ arn = "arn:aws:events:eu-west-1:{ACCOUNT}:event-bus/hub" }} }}
        function = {{ function = {{
          arn           = "arn:aws:lambda:{REGION}:{ACCOUNT}:function:react"
          function_name = "react"
        }} }}
        people   = {{ topic = module.topic }}
        work     = {{ queue = aws_sqs_queue.work }}
      }}
    }}
    kept = {{
      pattern = jsonencode({{ source = ["aws.s3"] }})
      targets = {{
        lake   = {{ delivery_stream = {{ arn = "arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/lake" }} }}
        log    = {{ log_group = {{ arn = "arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/events/acme", name = "/aws/events/acme" }} }}
        review = {{ state_machine = {{ arn = "arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:review" }} }}
        stream = {{ stream = {{ arn = "arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/events" }} }}
        ticket = {{ api_destination = {{ arn = "arn:aws:events:{REGION}:{ACCOUNT}:api-destination/tickets/1", name = "tickets" }} }}
      }}
    }}
    run = {{
      pattern = jsonencode({{ source = ["aws.ec2"] }})
      targets = {{
        central = {{ queue = {{ arn = "arn:aws:sqs:{REGION}:210987654321:central" }}, cross_account = true }}
        command = {{ run_command = {{
          document = {{ arn = "arn:aws:ssm:{REGION}::document/AWS-RunShellScript" }}
          targets  = {{ InstanceIds = ["i-1", "mi-1"], "tag:Role" = ["web"] }}
        }} }}
        scan = {{ ecs_task = {{
          cluster = {{ arn = "arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/scans" }}
          task_definition = {{
            arn                = "arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/scan:1"
            execution_role_arn = "arn:aws:iam::{ACCOUNT}:role/scan"
          }}
          network_configuration = {{ subnets = ["subnet-1"] }}
        }} }}
        tag = {{ automation = {{
          assume_role = {{ arn = "arn:aws:iam::{ACCOUNT}:role/tag" }}
          document    = {{ arn = "arn:aws:ssm:{REGION}:{ACCOUNT}:document/tag" }}
        }} }}
      }}
    }}
    reads = {{ pattern = jsonencode({{ source = ["aws.secretsmanager"] }}), read_only_events = true, targets = {{ work = {{ queue = aws_sqs_queue.work }} }} }}
    tick = {{ schedule = "rate(1 hour)", targets = {{ work = {{ queue = aws_sqs_queue.work }} }} }}
  }}
}}

module "hub" {{
  source          = "${{modules}}/event-forwarding"
  name            = "hub"
  bus_policy      = "own"
  account_ids     = ["123456789012"]
  organization_id = "o-abcdefghij"
  canaries        = {{ home = {{}} }}
  canary_schedule = "rate(5 minutes)"
}}

module "spoke" {{
  source          = "${{modules}}/event-forwarding"
  name            = "spoke"
  hub_bus         = {{ arn = "arn:aws:events:eu-west-1:123456789012:event-bus/default" }}
  canary_schedule = "rate(5 minutes)"
}}
"""  # noqa: E501

_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
_TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"
_LAYER = {
    "powertools_layer_arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:powertools:7",
    "public_powertools_layer": False,
}
# A guard is a module with a handler. What is here it needs, or with it its role may do most.
_SETTINGS: dict[str, dict[str, Any]] = {
    "bucket-baseline": {
        "encryption": "aws:kms",
        "log_bucket": "access-logs",
        "required_tags": {"owner": "unknown"},
        "skip_buckets": ["logs"],
    },
    "ec2-launch-guard": {
        "alert_from_vcpus": 64,
        "alert_on_accelerators": True,
        "stop_flagged": True,
    },
    "iam-role-guard": {
        "allowed_paths": ["/apps/"],
        "containment": "deny_policy",
        "forbidden_names": ["admin*"],
        "required_boundary": f"arn:aws:iam::{ACCOUNT}:policy/boundary",
        "required_tags": ["owner"],
    },
    "trail-guard": {
        "bucket": "logs",
        "event_selectors": '[{"ReadWriteType": "All"}]',
        "trails": ["main"],
    },
}
GUARDS = {
    path.parent.name: _SETTINGS.get(path.parent.name, {})
    for path in sorted((REPOSITORY / "modules").glob("*/outputs.tf"))
    if 'output "handler"' in path.read_text(encoding="utf-8")
}
# What the guard of roles is allowed otherwise, with another setting.
CONTAINMENTS = ("boundary", "delete", "none")
_MEMBER = {
    "external_id": "shared",
    "hub_account_id": "111111111111",
    "hub_role_names": ["guard-*"],
    "organization_id": "o-a1b2c3d4e5",
    "guards": {name: Raw(f"module.{name}_guard") for name in GUARDS},
}
_GIVEN = {
    **_LAYER,
    "alarm_topic": {"arn": _TOPIC},
    "alert_topic": {"arn": _TOPIC, "kms_key_arn": _KEY},
    "audit_bus": {"arn": f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/audit"},
    "chat_alerts": True,
    "exempt_accounts": {"123456789012": "2099-12-31"},
    "exempt_principals": {f"arn:aws:iam::{ACCOUNT}:role/old": "2098-12-31"},
    "finding_target": {"arn": f"arn:aws:securityhub:{REGION}:{ACCOUNT}:hub/default"},
    "kill_switch": {"name": "/reactor/mode"},
    "kms_key_arn": _KEY,
    "member_role": {"external_id": "shared", "name": "member"},
    "tracing": True,
    "vpc_config": {"security_group_ids": ["sg-11111111"], "subnet_ids": ["subnet-11111111"]},
}
_REACTIONS = {
    name: react(name, {"mode": "enforce", **settings}, {"name": name, **_GIVEN}, name)
    for name, settings in GUARDS.items()
}
# A guard alone makes nothing; it puts out what its role may do.
_ENFORCE = {
    name: call(name, {"mode": "enforce", **settings}, f"{name}_guard")
    for name, settings in GUARDS.items()
}
_OTHERWISE = [
    *(
        call(name, {**settings, "mode": mode}, f"{name}_{mode}")
        for name, settings in GUARDS.items()
        for mode in ("dry_run", "notify")
    ),
    *(
        call("iam-role-guard", {"mode": "enforce", "containment": one}, f"containment_{one}")
        for one in CONTAINMENTS
    ),
]
_MEMBER_ROLE = call("reaction-member-role", _MEMBER, "member")
REACTIONS = "".join([*_REACTIONS.values(), *_OTHERWISE, _MEMBER_ROLE])

# The log and its copies: an organization's, with a key that is given and with one that is made.
_LOG = {
    "access_log": "own",
    "organization_id": "o-a1b2c3d4e5",
    "reader_arns": [f"arn:aws:iam::{ACCOUNT}:role/reader"],
    "trail_name": "main",
}
_ARCHIVE = {
    "account_ids": [ACCOUNT],
    "organization_id": "o-a1b2c3d4e5",
    "reader_arns": [f"arn:aws:iam::{ACCOUNT}:role/reader"],
    "replication_role_arn": f"arn:aws:iam::{ACCOUNT}:role/replication",
}
_OWN = {"kms_key_arn": _KEY, "own_kms_key": False}
LOGS = "".join(
    [
        call("log-bucket", {**_LOG, "name": "acme-logs", **_OWN}, "logs"),
        call("log-bucket", {**_LOG, "name": "acme-logs-2"}, "logs_own_key"),
        call("log-archive", {**_ARCHIVE, "name": "acme-archive", **_OWN}, "archive"),
        call("log-archive", {**_ARCHIVE, "name": "acme-archive-2"}, "archive_own_key"),
        call(
            "log-query",
            {
                "kms_key_arn": _KEY,
                "logs": {
                    "log": {
                        "bucket": {
                            "kms_key_arn": _KEY,
                            "name": "acme-logs",
                            "organization_id": "o-a1b2c3d4e5",
                        },
                        "insights": True,
                    }
                },
                "name": "log-query",
                "regions": [REGION],
                "results_bucket_name": "acme-results",
            },
            "query",
        ),
        call(
            "log-replication",
            {
                "alarm_topic": {"arn": _TOPIC},
                "archive": {"kms_key_arn": _KEY, "name": "acme-archive"},
                "log_bucket": {"kms_key_arn": _KEY, "name": "acme-logs"},
                "name": "replication",
            },
            "replication",
        ),
        call(
            "trail",
            {
                "cloudwatch_logs": "own",
                "log_bucket": Raw("module.logs"),
                "name": "main",
                "scope": "organization",
            },
            "trail",
        ),
        call("alert-topic", {"name": "own-key"}, "topic_own_key"),
        call(
            "metric-filters",
            {
                "alarm_topic": {"arn": _TOPIC},
                "controls": ["4.1", "4.3"],
                "log_group": Raw("module.trail.log_group"),
            },
            "filters",
        ),
        call(
            "digest-validation",
            {
                **_LAYER,
                "alarm_topic": {"arn": _TOPIC},
                "alert_topic": {"arn": _TOPIC, "kms_key_arn": _KEY},
                "bucket_name": "acme-logs",
                "kms_key_arn": _KEY,
                "log_kms_key_arn": _KEY,
                "name": "validation",
                "organization_id": "o-a1b2c3d4e5",
                "trail_name": "main",
            },
            "validation",
        ),
        call(
            "reconciliation",
            {
                **_LAYER,
                "alarm_topic": {"arn": _TOPIC},
                "alert_topic": {"arn": _TOPIC, "kms_key_arn": _KEY},
                "bucket_name": "acme-logs",
                "digest_validation": {
                    "checkpoint_table": {
                        "arn": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/validation-checkpoints",
                        "name": "validation-checkpoints",
                    }
                },
                "kms_key_arn": _KEY,
                "log_kms_key_arn": _KEY,
                "name": "nothing-missed",
                "organization_id": "o-a1b2c3d4e5",
                # By hand: the ARN of a topic of the same plan is not known in it.
                "rules": {
                    "main": {
                        "deployed": {
                            "rules": {
                                "users": {
                                    "arn": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/users",
                                    "pattern": '{"source":["aws.iam"]}',
                                    "targets": {
                                        "code": {
                                            "arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"
                                        },
                                        "people": {"arn": _TOPIC, "kms_key_arn": _KEY},
                                        "work": {"arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:work"},
                                    },
                                }
                            }
                        }
                    }
                },
                "trail_name": "main",
            },
            "reconciliation",
        ),
    ]
)

# One reaction is enough where all are broken alike, and a rule that asks for reads.
BROKEN_APART = "".join(
    [
        _REACTIONS["iam-role-guard"],
        call(
            "reaction-member-role",
            {**_MEMBER, "guards": {"iam-role-guard": Raw("module.iam-role-guard_guard")}},
            "member",
        ),
    ]
)

WHOLE = PARTITION_OF_REGION + EVENTS + REACTIONS + LOGS
# In other partitions one reaction is enough: what the others may do beside, their guards say.
_ELSEWHERE = {**_ENFORCE, "iam-role-guard": _REACTIONS["iam-role-guard"]}
ELSEWHERE = "".join([PARTITION_OF_REGION, EVENTS, *_ELSEWHERE.values(), _MEMBER_ROLE, LOGS])


def plan_whole(tf: Planner, partition: str = "aws") -> Plan:
    """The plan of all of that, in a Region of a partition."""
    if partition == "aws":
        return tf.plan(WHOLE)
    region = REGIONS[partition]
    text = ELSEWHERE.replace("arn:aws:", f"arn:{partition}:").replace(REGION, region)
    return tf.plan(text, region=region)
