"""The checks themselves: each tells what is wrong with a resource, or None.

A check says nothing about what is not known: a false alarm teaches people to skip.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from ctr_estate import UNKNOWN, Estate, Resource, condition_keys, services, statements, texts

GUIDES = "https://example.com/terraform-aws-cloudtrail-reactor/docs/policy.md"
Fault = Callable[[Resource, Estate], str | None]
EVENTBRIDGE = "events.amazonaws.com"


@dataclass(frozen=True)
class Check:
    """A check as checkov lists it. `kinds` are the types of resources that it looks at."""

    id: str
    name: str
    category: str
    kinds: tuple[str, ...]
    fault: Fault

    @property
    def guide(self) -> str:
        """The page that says why, and what to change."""
        return f"{GUIDES}#{self.id.lower()}"


CHECKS: dict[str, Check] = {}


def check(id: str, name: str, category: str, *kinds: str) -> Callable[[Fault], Fault]:  # noqa: A002
    """Enter a function into CHECKS."""

    def enter(fault: Fault) -> Fault:
        CHECKS[id] = Check(id, name, category, kinds, fault)
        return fault

    return enter


# --- Rules and targets


@check(
    "CKV2_CTR_1",
    "A rule's target has a dead-letter queue that admits the rule",
    "BACKUP_AND_RECOVERY",
    "aws_cloudwatch_event_target",
)
def no_dead_letter_queue(target: Resource, estate: Estate) -> str | None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html"""
    if target.get("dead_letter_config") is UNKNOWN:
        return None
    for block in target.blocks("dead_letter_config"):
        if arn := block.get("arn"):
            fault = _closed_to(target, "dead_letter_config", arn, "sqs", estate)
            return fault and f"{fault}: what can't be delivered is lost"
    return "dead_letter_config names no queue: what can't be delivered is dropped after 24 hours"


# What a target is by its ARN's service, and by its type where the ARN is not known yet.
_BY_TYPE = {
    "aws_cloudwatch_event_api_destination": "events",
    "aws_cloudwatch_event_bus": "events",
    "aws_ecs_cluster": "ecs",
    "aws_kinesis_firehose_delivery_stream": "firehose",
    "aws_kinesis_stream": "kinesis",
    "aws_lambda_function": "lambda",
    "aws_sfn_state_machine": "states",
    "aws_sns_topic": "sns",
    "aws_sqs_queue": "sqs",
}
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-iam-roles.html
_NEED_A_ROLE = ("batch", "ecs", "events", "firehose", "kinesis", "ssm", "states")
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
_ADMIT = {
    "sns": ("aws_sns_topic", "name", "aws_sns_topic_policy", "arn", "sns:publish"),
    "sqs": ("aws_sqs_queue", "name", "aws_sqs_queue_policy", "queue_url", "sqs:sendmessage"),
}


@check(
    "CKV2_CTR_2",
    "A rule's target admits the rule",
    "IAM",
    "aws_cloudwatch_event_target",
)
def no_permission(target: Resource, estate: Estate) -> str | None:
    """A role, or the resource policy of a function, a topic or a queue of the same estate."""
    if target.get("role_arn"):
        return None
    arn = target.get("arn")
    known = arn.split(":") if isinstance(arn, str) and arn.startswith("arn:") else None
    named = [one for kind in _BY_TYPE for one in estate.named(target, "arn", kind)]
    service = known[2] if known else _BY_TYPE[named[0].kind] if len(named) == 1 else ""
    if service in _NEED_A_ROLE:
        return f"a target of {service} needs a role_arn with which EventBridge may use it"
    if service == "lambda":
        functions = named or [
            f for f in estate.of("aws_lambda_function") if _arn_is(arn, f, "function_name")
        ]
        return next((fault for f in functions if (fault := _not_invocable(f, estate))), None)
    return _closed_to(target, "arn", arn, service, estate) if service in _ADMIT else None


def _closed_to(
    target: Resource, argument: str, arn: Any, service: str, estate: Estate
) -> str | None:
    """What is wrong with the policy of the queue or topic that an argument of a target names."""
    kind, name, *_ = _ADMIT[service]
    receivers = estate.named(target, argument, kind) or [
        one for one in estate.of(kind) if _arn_is(arn, one, name)
    ]
    return next(
        (fault for r in receivers if (fault := _not_admitting(r, service, target, estate))), None
    )


def _arn_is(arn: Any, resource: Resource, name: str) -> bool:
    own = resource.get(name)
    return isinstance(arn, str) and isinstance(own, str) and arn.split(":")[-1] == own


def _not_invocable(function: Resource, estate: Estate) -> str | None:
    for permission in estate.about(
        "aws_lambda_permission", "function_name", function, "function_name"
    ):
        if permission.get("principal") in (EVENTBRIDGE, UNKNOWN):
            return None
    return f"{function.address} has no aws_lambda_permission for {EVENTBRIDGE}"


def _not_admitting(
    receiver: Resource, service: str, target: Resource, estate: Estate
) -> str | None:
    _, name, policies, argument, action = _ADMIT[service]
    documents = [receiver.document("policy")] if receiver.get("policy") is not UNKNOWN else []
    documents += [
        one.document("policy") for one in estate.about(policies, argument, receiver, name)
    ]
    if UNKNOWN in documents:
        return None
    for statement in (one for document in documents for one in statements(document)):
        actions = [text.lower() for text in texts(statement.get("Action"))]
        if (
            statement.get("Effect") == "Allow"
            and (EVENTBRIDGE in services(statement) or statement.get("Principal") == "*")
            and {action, action.split(":")[0] + ":*", "*"} & {*actions}
            and _is_source(target.get("rule"), statement)
        ):
            return None
    return f"the policy of {receiver.address} does not allow {action} to {EVENTBRIDGE} for the rule"


def _is_source(rule: Any, statement: Mapping[str, Any]) -> bool:
    """Whether a rule may be the source that a statement asks for; a name that is not known may."""
    condition = statement.get("Condition")
    for operator, asked in condition.items() if isinstance(condition, Mapping) else ():
        for key, value in asked.items() if isinstance(asked, Mapping) else ():
            wanted = [text.rpartition(":rule/")[2] for text in texts(value) if ":rule/" in text]
            if (
                key.lower() == "aws:sourcearn"
                and re.match(r"(?:ForAnyValue:)?(?:Arn|String)(?:Equals|Like)", operator)
                and isinstance(rule, str)
                and len(wanted) == len(texts(value)) > 0
                and not any("${" in each for each in wanted)
                and not any(fnmatchcase(rule, each.rpartition("/")[2]) for each in wanted)
            ):
                return False
    return True


@check(
    "CKV2_CTR_3",
    "A rule's pattern pins its source",
    "GENERAL_SECURITY",
    "aws_cloudwatch_event_rule",
)
def source_not_pinned(rule: Resource, estate: Estate) -> str | None:
    """PutEvents refuses sources that begin with "aws."; any other one can be made up by anybody."""
    pattern = rule.document("event_pattern")
    if not isinstance(pattern, Mapping):
        return None
    cloudtrail = any("CloudTrail" in text for text in _detail_types(pattern))
    for branch in _branches(pattern):
        source = branch.get("source")
        if source is None:
            return "the pattern names no source: anybody in the account can send such an event"
        for matcher in source if isinstance(source, list) else [source]:
            text = matcher if isinstance(matcher, str) else _start(matcher)
            if not text:
                return f"source is matched by {json.dumps(matcher)}, which many sources fit"
            if cloudtrail and not text.startswith("aws."):
                return f"events of CloudTrail have a source that begins with aws., not {text}"
    return None


def _branches(pattern: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    choices = pattern.get("$or")
    for choice in choices if isinstance(choices, list) and choices else [{}]:
        yield {**pattern, **(choice if isinstance(choice, Mapping) else {})}


def _start(matcher: Any) -> str:
    if not isinstance(matcher, Mapping):
        return ""
    start = matcher.get("prefix", matcher.get("equals-ignore-case", matcher.get("wildcard")))
    return start.split("*")[0] if isinstance(start, str) else ""


def _detail_types(pattern: Mapping[str, Any]) -> list[str]:
    return [text for branch in _branches(pattern) for text in texts(branch.get("detail-type"))]


_ALL_MANAGEMENT = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"


@check(
    "CKV2_CTR_4",
    "A rule asks for read-only management events only where they come",
    "GENERAL_SECURITY",
    "aws_cloudwatch_event_rule",
)
def misplaced_state(rule: Resource, estate: Estate) -> str | None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail-management.html"""
    if rule.get("state") != _ALL_MANAGEMENT:
        return None
    if rule.get("schedule_expression"):
        return f"a rule with a schedule_expression can't have the state {_ALL_MANAGEMENT}"
    pattern = rule.document("event_pattern")
    if isinstance(pattern, Mapping):
        types = _detail_types(pattern)
        if types and not any("CloudTrail" in text for text in types):
            return f"no event of {', '.join(types)} comes through CloudTrail: leave state out"
    return None


# --- The log


@check(
    "CKV2_CTR_5",
    "A bucket has MFA delete or a lifecycle, not both",
    "BACKUP_AND_RECOVERY",
    "aws_s3_bucket_versioning",
)
def mfa_delete_beside_lifecycle(versioning: Resource, estate: Estate) -> str | None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-and-other-bucket-config.html"""
    if not any(
        block.get("mfa_delete") == "Enabled"
        for block in versioning.blocks("versioning_configuration")
    ):
        return None
    for lifecycle in estate.of("aws_s3_bucket_lifecycle_configuration"):
        if _same_bucket(versioning, lifecycle):
            return f"S3 refuses {lifecycle.address} beside MFA delete: let logs age in a replica"
    return None


def _same_bucket(one: Resource, other: Resource) -> bool:
    names = one.get("bucket"), other.get("bucket")
    if isinstance(names[0], str) and isinstance(names[1], str):
        return names[0] == names[1]
    shared = {*one.refs.get("bucket", ())} & {*other.refs.get("bucket", ())}
    return one.module == other.module and bool(shared)


@check("CKV2_CTR_6", "A trail can prove what it logged, everywhere", "LOGGING", "aws_cloudtrail")
def weak_trail(trail: Resource, estate: Estate) -> str | None:
    """Digests, a key, all Regions, global services, logging on: in one place, in words."""
    wanted = {
        "enable_log_file_validation": "no digests prove the log files whole",
        "kms_key_id": "the log files are not under a key of yours",
        "is_multi_region_trail": "calls in other Regions are not logged",
    }
    faults = [f"{name}: {why}" for name, why in wanted.items() if not _on(trail.get(name))]
    for name, why in {
        "enable_logging": "the trail logs nothing",
        "include_global_service_events": "calls to IAM and STS are not logged",
    }.items():
        if trail.get(name) is not None and not _on(trail.get(name)):
            faults.append(f"{name}: {why}")
    return "; ".join(faults) or None


def _on(value: Any) -> bool:
    return bool(value) and str(value).lower() != "false"


# --- Policies

# Where AWS says that the service sends aws:SourceArn. EventBridge does not to topics and keys.
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
_SEND_SOURCE = {
    "aws_kms_key": ("cloudtrail.amazonaws.com",),
    "aws_kms_key_policy": ("cloudtrail.amazonaws.com",),
    "aws_s3_bucket_policy": ("cloudtrail.amazonaws.com",),
    "aws_sns_topic": ("cloudtrail.amazonaws.com", "cloudwatch.amazonaws.com"),
    "aws_sns_topic_policy": ("cloudtrail.amazonaws.com", "cloudwatch.amazonaws.com"),
    "aws_sqs_queue": (EVENTBRIDGE, "sns.amazonaws.com"),
    "aws_sqs_queue_policy": (EVENTBRIDGE, "sns.amazonaws.com"),
}
_SOURCE_KEYS = {"aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths"}


@check(
    "CKV2_CTR_7",
    "A policy admits a service only for a source of yours",
    "IAM",
    "aws_lambda_permission",
    *_SEND_SOURCE,
)
def no_source(resource: Resource, estate: Estate) -> str | None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html"""
    if resource.kind == "aws_lambda_permission":
        service = resource.get("principal")
        bound = resource.get("source_arn") or resource.get("source_account")
        if isinstance(service, str) and service.endswith(".amazonaws.com") and not bound:
            return f"without source_arn, {service} may call the function for any account"
        return None
    for statement in statements(resource.document("policy")):
        careless = {*services(statement)} & {*_SEND_SOURCE[resource.kind]}
        if statement.get("Effect") != "Allow" or not careless:
            continue
        if not _SOURCE_KEYS & condition_keys(statement):
            return f"a statement admits {', '.join(sorted(careless))} without aws:SourceArn"
    return None


@check(
    "CKV2_CTR_8",
    "EventBridge's statement in a topic's policy has no condition",
    "IAM",
    "aws_sns_topic",
    "aws_sns_topic_policy",
)
def condition_on_topic(topic: Resource, estate: Estate) -> str | None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sns-permissions"""
    for statement in statements(topic.document("policy")):
        if statement.get("Effect") == "Allow" and EVENTBRIDGE in services(statement):
            keys = condition_keys(statement)
            if keys:
                named = ", ".join(sorted(keys))
                return f"EventBridge supports no Condition here ({named}): nothing arrives"
    return None


# --- Reactions


@check(
    "CKV2_CTR_9",
    "A function that EventBridge calls sends its failures on",
    "BACKUP_AND_RECOVERY",
    "aws_lambda_function",
)
def failures_lost(function: Resource, estate: Estate) -> str | None:
    """https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html"""
    called = [
        one
        for one in estate.about("aws_lambda_permission", "function_name", function, "function_name")
        if one.get("principal") == EVENTBRIDGE
    ]
    if not called and not _environment(function).get("REACTION_NAME"):
        return None
    return (
        None
        if _failure_queue(function, estate)
        else "what fails twice more is dropped: give it an on_failure destination"
    )


def _failure_queue(function: Resource, estate: Estate) -> bool:
    if function.get("dead_letter_config"):
        return True
    for config in estate.about(
        "aws_lambda_function_event_invoke_config", "function_name", function, "function_name"
    ):
        if config.get("destination_config") is UNKNOWN:
            return True
        for block in config.blocks("destination_config"):
            failure = block.get("on_failure")
            inner = failure[0] if isinstance(failure, list) and failure else failure
            if inner is UNKNOWN or (isinstance(inner, Mapping) and inner.get("destination")):
                return True
    return False


def _environment(function: Resource) -> Mapping[str, Any]:
    for block in function.blocks("environment"):
        variables = block.get("variables")
        if isinstance(variables, list) and variables:
            variables = variables[0]
        if isinstance(variables, Mapping):
            return variables
    return {}


@check(
    "CKV2_CTR_10",
    "A reaction that acts has exemptions, a budget, a failure queue and alarms",
    "GENERAL_SECURITY",
    "aws_lambda_function",
)
def reckless(function: Resource, estate: Estate) -> str | None:
    """Of reactions of these modules, which carry what they are in their environment."""
    environment = _environment(function)
    if environment.get("REACTION_MODE") != "enforce":
        return None
    faults = []
    if not environment.get("REACTION_EXEMPTIONS"):
        faults.append("no exemptions: it acts on your pipeline and on breakglass, too")
    if not environment.get("REACTION_BUDGET"):
        faults.append("no budget (actions_per_hour): a mistake is made without end")
    if not _failure_queue(function, estate):
        faults.append("no failure queue")
    name = function.get("function_name")
    watched = {
        alarm.get("metric_name")
        for alarm in estate.of("aws_cloudwatch_metric_alarm")
        if any(name in block.values() for block in alarm.blocks("dimensions"))
        and alarm.get("alarm_actions")
        and alarm.get("actions_enabled") is not False
    }
    if isinstance(name, str) and "Errors" not in watched:
        faults.append("no alarm on its Errors (alarm_topic)")
    return "; ".join(faults) or None


# Actions that know no resource, and that AWS says to allow on "*".
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html
_EVERYWHERE = {
    "cloudwatch:putmetricdata",
    "ec2:assignprivateipaddresses",
    "ec2:createnetworkinterface",
    "ec2:deletenetworkinterface",
    "ec2:unassignprivateipaddresses",
    "xray:puttelemetryrecords",
    "xray:puttracesegments",
}
_READS = re.compile(r"^[\w-]+:(?:batchget|describe|get|list|lookup)", re.IGNORECASE)
# One letter more in the name of the call is no wider right.
_WHOLE_CALLS = {"kms:generatedatakey*", "kms:reencrypt*"}


@check(
    "CKV2_CTR_11",
    "A role allows named actions on named resources",
    "IAM",
    "aws_iam_policy",
    "aws_iam_role_policy",
)
def broad_role(policy: Resource, estate: Estate) -> str | None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege"""
    for statement in statements(policy.document("policy")):
        if statement.get("Effect") != "Allow":
            continue
        if statement.get("NotAction"):
            return "NotAction allows what AWS adds tomorrow: name the actions"
        actions = texts(statement.get("Action"))
        wide = [a for a in actions if "*" in a and a.lower() not in _WHOLE_CALLS]
        if wide:
            return f"{', '.join(wide)}: name the actions that the function calls"
        if "*" in texts(statement.get("Resource")) and not condition_keys(statement):
            loose = [a for a in actions if a.lower() not in _EVERYWHERE and not _READS.match(a)]
            if loose:
                return f"{', '.join(loose)} on every resource: name them, or add a Condition"
    return None


@check("CKV2_CTR_12", "No partition is written out", "CONVENTION", "aws_*")
def literal_partition(resource: Resource, estate: Estate) -> str | None:
    """China's and GovCloud's ARNs begin otherwise: data.aws_partition knows how."""
    found = [text for text in resource.literals if "arn:aws:" in text]
    return f"{found[0][:80]} holds only in one partition: use data.aws_partition" if found else None
