"""Modules with all that they have, keys given, so that every policy is known before apply."""

from __future__ import annotations

from typing import Any

from tests.harness.local_aws import ACCOUNT, REGION
from tests.plan.calls import Raw, call, react

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
_LAYER = {
    "powertools_layer_arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:powertools:7",
    "public_powertools_layer": False,
}
_GUARDS: dict[str, dict[str, Any]] = {
    "bucket-baseline": {},
    "ec2-launch-guard": {"alert_on_accelerators": True, "stop_flagged": True},
    "iam-role-guard": {"containment": "delete"},
    "notify": {},
    "security-group-guard": {},
    "trail-guard": {"trails": ["main"], "bucket": "logs"},
}
_MEMBER = {
    "external_id": "shared",
    "hub_account_id": "111111111111",
    "hub_role_names": ["guard-*"],
    "organization_id": "o-a1b2c3d4e5",
    "guards": {name: Raw(f"module.{name}_guard") for name in _GUARDS},
}
_GIVEN = {
    **_LAYER,
    "alert_topic": {"arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts", "kms_key_arn": _KEY},
    "kms_key_arn": _KEY,
}
REACTIONS = "".join(
    [
        *(
            react(name, {"mode": "enforce", **settings}, {"name": name, **_GIVEN}, name)
            for name, settings in _GUARDS.items()
        ),
        call("reaction-member-role", _MEMBER, "member"),
    ]
)
