"""The rules', topics' and forwarding's examples and modules before the policy tools."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.harness import policy
from tests.harness.local_aws import ACCOUNT, REGION, REPOSITORY
from tests.harness.plans import Plan, Planner

pytestmark = pytest.mark.plan

LEAST_PRIVILEGE = Path(__file__).parent / "features" / "least_privilege"
SKIP = re.compile(r"#checkov:skip=(\w+):(.*)")
# With all that they have: a spoke, a hub with canaries, every kind of target, an archive.
WHOLE = f"""
resource "aws_sqs_queue" "work" {{
  name                    = "work"
  sqs_managed_sse_enabled = true
}}

module "topic" {{
  source            = "${{modules}}/alert-topic"
  name              = "alerts"
  kms_key_arn       = "arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
  email_subscribers = ["ana@example.com"]
  https_subscribers = {{ hook = "https://example.com/hook" }}
}}

module "rules" {{
  source                   = "${{modules}}/event-rules"
  name                     = "acme"
  alarm_topic              = module.topic
  archive                  = {{ retention_days = 30 }}
  failed_invocation_alarms = ["made"]
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
    tick = {{ schedule = "rate(1 hour)", targets = {{ work = {{ queue = aws_sqs_queue.work }} }} }}
  }}
}}

module "hub" {{
  source          = "${{modules}}/event-forwarding"
  name            = "hub"
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
"""
EXAMPLES = ["existing-trail", "insights-alert", "root-login-alert", "sqs-fanout"]


@pytest.fixture(scope="module")
def whole(tf: Planner) -> Plan:
    return tf.plan(WHOLE)


@pytest.mark.parametrize("example", EXAMPLES)
def test_checkov_finds_nothing_in_an_example(tf: Planner, tmp_path: Path, example: str) -> None:
    checked = policy.checkov(tf.plan(Path("examples") / example), tmp_path)
    assert checked.failed == ()
    assert checked.passed > 15  # it did look


def test_checkov_finds_nothing_in_the_modules(whole: Plan, tmp_path: Path) -> None:
    checked = policy.checkov(whole, tmp_path)
    assert checked.failed == ()
    assert checked.passed > 20
    assert {line.split()[0] for line in checked.skipped} <= {"CKV_AWS_297"}


def test_no_policy_allows_everything(whole: Plan, tmp_path: Path) -> None:
    found = policy.compliance(whole.json, LEAST_PRIVILEGE, tmp_path)
    # The last-but-one scenario looks for buckets' policies, of which there are none.
    assert {name for name, words in found.items() if words} == {
        "Bucket policies don't name every action but to deny it"
    }


def test_checkov_sees_a_queue_in_the_open(whole: Plan, tmp_path: Path) -> None:
    broken = policy.with_value(whole.json, "aws_sqs_queue", "sqs_managed_sse_enabled", False)
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(broken), encoding="utf-8")
    failed = policy.checkov(Plan(path, whole.folder, ()), tmp_path).failed
    assert {line.split()[0] for line in failed} == {"CKV_AWS_27"}


def test_every_skip_says_why() -> None:
    folders = ["modules/event-forwarding", "modules/event-rules", "modules/alert-topic"]
    folders += [f"examples/{name}" for name in (*EXAMPLES, "multi-region")]
    found = {
        check: why
        for folder in folders
        for path in sorted((REPOSITORY / folder).glob("*.tf"))
        for check, why in SKIP.findall(path.read_text(encoding="utf-8"))
    }
    assert "CKV_AWS_297" in found
    assert {check: why for check, why in found.items() if len(why.strip()) < 10} == {}
