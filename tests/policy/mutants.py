"""Breakages of modules, one line each, and which check or promise catches each of them."""

from __future__ import annotations

from dataclasses import dataclass

from tests.harness.local_aws import REPOSITORY


@dataclass(frozen=True)
class Mutant:
    """One breakage: a text in a file below modules/ is replaced.

    Where it stands there more than once, `nth` counts from 1: a line that is added later must not
    be taken for it.

    `caught_by` is a check's id or a promise's name, `where` a part of the address it must name.
    """

    file: str
    text: str
    becomes: str
    caught_by: str
    where: str
    nth: int | None = None

    def apply(self, content: str) -> str:
        """The file's content with the breakage."""
        before, after = self.around(content)
        return before + self.becomes + after

    def around(self, content: str) -> tuple[str, str]:
        """What stands before and after the text in the file's content."""
        parts, nth = content.split(self.text), self.nth or 1
        assert len(parts) > nth, f"{self.file} has no {nth} times {self.text!r}"
        return self.text.join(parts[:nth]), self.text.join(parts[nth:])


_NO_TLS = ('"aws:SecureTransport" = "false"', '"aws:SecureTransport" = "true"')
_NO_ROTATION = ("enable_key_rotation     = true", "enable_key_rotation     = false")
_SOON = ("deletion_window_in_days = 30", "deletion_window_in_days = 7")
_14_DAYS = ("= 1209600", "= 3600")
_SSE_OFF = ("sqs_managed_sse_enabled   = true", "sqs_managed_sse_enabled   = false")
_SILENT = ("alarm_actions       = [var.alarm_topic.arn]", "alarm_actions       = []")
_DEAF = ("threshold           = 0", "threshold           = 100")
_OTHER_WAY = ('"GreaterThanThreshold"', '"LessThanThreshold"')
_NOT_REPAIRABLE = ("    enabled = true", "    enabled = false")
_SUSPENDED = ('status = "Enabled"', 'status = "Suspended"')
_ACLS = ('"BucketOwnerEnforced"', '"ObjectWriter"')
_S3_KEY = ('sse_algorithm     = "aws:kms"', 'sse_algorithm     = "AES256"')
_TLS = {"bucket": "buckets", "queue": "queues", "topic": "topics"}
_CLOSED = {
    "block_public_acls       ": "buckets refuse public ACLs",
    "block_public_policy     ": "buckets refuse public policies",
    "ignore_public_acls      ": "buckets refuse public ACLs",
    "restrict_public_buckets ": "buckets refuse public policies",
}
_PATHS = {"log-archive": "module.archive.", "log-bucket": "module.logs."}
_BUCKETS = {
    "log-query/results.tf": "module.query.",
    "reconciliation/witness.tf": "module.reconciliation.",
}
_MISSED = "module.reconciliation."
# Two of _CLOSED, one of each promise: the others break the same.
_OPEN = dict([*_CLOSED.items()][:2])
_ROLE = "module.iam-role-guard.aws_iam_role_policy.this"

MUTANTS = [
    # --- alert-topic
    Mutant("alert-topic/kms.tf", *_SOON, "keys can be rescued for 30 days", "topic_own_key"),
    Mutant("alert-topic/kms.tf", *_NO_ROTATION, "keys are rotated", "topic_own_key"),
    Mutant(
        "alert-topic/main.tf", *_NO_TLS, "topics refuse plain HTTP", "module.topic.aws_sns_topic"
    ),
    Mutant(
        "alert-topic/main.tf",
        'Principal = { Service = "events.amazonaws.com" }',
        'Principal = { Service = "events.amazonaws.com" }\n'
        '        Condition = { StringEquals = { "aws:SourceAccount" = local._account_id } }',
        "CKV2_CTR_8",
        "module.topic.aws_sns_topic",
        nth=1,
    ),
    Mutant(
        "alert-topic/main.tf",
        "kms_master_key_id = local._kms_key_arn",
        "kms_master_key_id = null",
        "topics are encrypted with a key",
        "module.topic.aws_sns_topic",
    ),
    Mutant(
        "alert-topic/main.tf",
        "Principal = { AWS = local._owner_arn }",
        'Principal = { AWS = "*" }',
        "no policy admits everybody",
        "module.topic.aws_sns_topic",
        nth=1,
    ),
    Mutant(
        "alert-topic/main.tf",
        'Action    = "sns:Publish"',
        'Action    = "sns:*"',
        "no resource policy allows all of a service",
        "module.topic.aws_sns_topic",
        nth=2,
    ),
    Mutant(
        "alert-topic/undelivered.tf",
        *_14_DAYS,
        "failed events are kept for 14 days",
        "module.topic.",
    ),
    Mutant("alert-topic/undelivered.tf", *_SSE_OFF, "queues are encrypted", "module.topic."),
    Mutant("alert-topic/undelivered.tf", *_NO_TLS, "queues refuse plain HTTP", "module.topic."),
    Mutant(
        "alert-topic/undelivered.tf",
        'Condition = { ArnEquals = { "aws:SourceArn" = local._topic_arn } }',
        "",
        "CKV2_CTR_7",
        "module.topic.",
    ),
    Mutant(
        "alert-topic/undelivered.tf",
        "alarm_actions       = [local._alarm_topic_arn]",
        "alarm_actions       = []",
        "alarms tell somebody",
        "module.topic.",
    ),
    Mutant(
        "alert-topic/undelivered.tf", *_DEAF, "alarms ring at the first failure", "module.topic."
    ),
    # --- event-rules
    Mutant(
        "event-rules/targets.tf",
        "  dead_letter_config {\n"
        '    arn = "${can(regex(local._mock, local._dead_letter_queue.arn)) ? local._mock_start : ""}${local._dead_letter_queue.arn}"\n'  # noqa: E501
        "  }\n",
        "",
        "CKV2_CTR_1",
        "module.rules.",
    ),
    Mutant(
        "event-rules/targets.tf",
        "role_arn       = !contains(keys(local._role_targets), each.key) ? null : local._role_arns[local._targets[each.key].rule_id]",  # noqa: E501
        "role_arn       = null",
        "CKV2_CTR_2",
        "module.rules.",
    ),
    Mutant(
        "event-rules/targets.tf",
        "source_arn = local._permission_sources[each.key]",
        "",
        "CKV2_CTR_7",
        "module.rules.aws_lambda_permission",
    ),
    Mutant(
        "event-rules/queues.tf", *_14_DAYS, "failed events are kept for 14 days", "module.rules."
    ),
    Mutant("event-rules/queues.tf", *_SSE_OFF, "queues are encrypted", "module.rules."),
    Mutant("event-rules/queues.tf", *_NO_TLS, "queues refuse plain HTTP", "module.rules."),
    Mutant(
        "event-rules/queues.tf",
        '{ "aws:SourceArn" = condition ?',
        '{ "aws:PrincipalArn" = condition ?',
        "CKV2_CTR_7",
        "module.rules.aws_sqs_queue",
    ),
    Mutant(
        "event-rules/queues.tf",
        'Action    = "sqs:SendMessage"',
        'Action    = "sqs:*"',
        "no resource policy allows all of a service",
        "module.rules.",
    ),
    Mutant(
        "event-rules/alarms.tf",
        "alarm_actions       = local._alarm_arns",
        "alarm_actions       = []",
        "alarms tell somebody",
        "module.rules.aws_cloudwatch_metric_alarm.dead_letters[0]",
        nth=1,
    ),
    Mutant(
        "event-rules/alarms.tf",
        "alarm_actions       = local._alarm_arns",
        "alarm_actions       = []",
        "alarms tell somebody",
        "module.rules.aws_cloudwatch_metric_alarm.dead_letters_age",
        nth=2,
    ),
    Mutant(
        "event-rules/alarms.tf",
        "alarm_actions       = local._alarm_arns",
        "alarm_actions       = []",
        "alarms tell somebody",
        "module.rules.aws_cloudwatch_metric_alarm.failed_invocations",
        nth=3,
    ),
    Mutant(
        "event-rules/alarms.tf",
        *_DEAF,
        "alarms ring at the first failure",
        "module.rules.aws_cloudwatch_metric_alarm.dead_letters[0]",
        nth=1,
    ),
    Mutant(
        "event-rules/alarms.tf",
        *_OTHER_WAY,
        "alarms ring at the first failure",
        "module.rules.aws_cloudwatch_metric_alarm.failed_invocations",
        nth=3,
    ),
    Mutant(
        "event-rules/main.tf",
        '? "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS" :',
        '? "ENABLED" :',
        "rules of a read-only detection see read-only events",
        "module.rules.",
    ),
    Mutant(
        "event-rules/main.tf",
        '"DISABLED" : var.rules[local._rules[each.key].key].read_only_events ?',
        '"DISABLED" : true ?',
        "CKV2_CTR_4",
        "module.rules.",
    ),
    Mutant(
        "event-rules/roles.tf",
        'ArnEquals    = { "aws:SourceArn" = local._rule_arns[each.key] }',
        "",
        "EventBridge assumes a role for its rule only",
        "module.rules.",
    ),
    # --- event-forwarding
    Mutant("event-forwarding/canary.tf", *_SSE_OFF, "queues are encrypted", "module.hub."),
    Mutant(
        "event-forwarding/canary.tf",
        'Action   = "events:PutEvents"',
        'Action   = "events:*"',
        "CKV2_CTR_11",
        "module.spoke.",
    ),
    # --- trail
    Mutant(
        "trail/main.tf",
        "enable_log_file_validation = true",
        "enable_log_file_validation = false",
        "CKV2_CTR_6",
        "module.trail.",
    ),
    Mutant(
        "trail/main.tf",
        "kms_key_id     = var.log_bucket.kms_key_arn",
        "kms_key_id     = null",
        "CKV2_CTR_6",
        "module.trail.",
    ),
    Mutant(
        "trail/main.tf",
        "include_global_service_events = var.multi_region",
        "include_global_service_events = false",
        "trails record global services",
        "module.trail.",
    ),
    Mutant(
        "trail/main.tf",
        "is_multi_region_trail = var.multi_region",
        "is_multi_region_trail = false",
        "CKV2_CTR_6",
        "module.trail.",
    ),
    # --- log-bucket and log-archive
    *(
        Mutant(f"{module}/main.tf", f"{name}= true", f"{name}= false", promise, path)
        for module, path in _PATHS.items()
        for name, promise in _CLOSED.items()
    ),
    *(
        Mutant(f"{module}/{file}.tf", *change, promise, path)
        for module, path in _PATHS.items()
        for file, change, promise in [
            ("main", _ACLS, "buckets know no ACLs"),
            ("main", _SUSPENDED, "buckets keep every version"),
            ("main", _S3_KEY, "buckets are encrypted with a key"),
            ("policies", _NO_TLS, "buckets refuse plain HTTP"),
        ]
    ),
    *(
        Mutant(f"{module}/kms.tf", *change, promise, f"{path[:-1]}_own_key")
        for module, path in _PATHS.items()
        for change, promise in [
            (_SOON, "keys can be rescued for 30 days"),
            (_NO_ROTATION, "keys are rotated"),
        ]
    ),
    Mutant(
        "log-bucket/policies.tf",
        'Condition = { StringEquals = { "aws:SourceArn" = local._trail_arn } }',
        "",
        "CKV2_CTR_7",
        "module.logs.aws_s3_bucket_policy",
        nth=1,
    ),
    Mutant(
        "log-bucket/policies.tf",
        'Condition = { StringEquals = { "aws:SourceArn" = local._trail_arn } }',
        "",
        "CKV2_CTR_7",
        "module.logs_own_key.aws_kms_key",
        nth=2,
    ),
    # --- log-replication
    Mutant("log-replication/main.tf", *_SILENT, "alarms tell somebody", "module.replication."),
    Mutant(
        "log-replication/main.tf",
        '"s3:ListBucket"]',
        '"s3:*"]',
        "CKV2_CTR_11",
        "module.replication.",
    ),
    # --- digest-validation
    Mutant(
        "digest-validation/alarms.tf", *_SILENT, "alarms tell somebody", "module.validation.", nth=1
    ),
    Mutant(
        "digest-validation/checkpoints.tf",
        *_NOT_REPAIRABLE,
        "tables can be restored",
        "module.validation.",
    ),
    Mutant(
        "digest-validation/function.tf",
        "= var.log_retention_days",
        "= 30",
        "function logs are kept for a year",
        "module.validation.",
    ),
    Mutant(
        "digest-validation/iam.tf",
        '["cloudtrail:ListPublicKeys"]',
        '["cloudtrail:*"]',
        "CKV2_CTR_11",
        "module.validation.",
    ),
    Mutant(
        "digest-validation/queues.tf",
        *_14_DAYS,
        "failed events are kept for 14 days",
        "module.validation.",
    ),
    # --- reaction
    Mutant("reaction/alarms.tf", *_SILENT, "CKV2_CTR_10", "module.iam-role-guard."),
    Mutant(
        "reaction/alarms.tf", *_DEAF, "alarms ring at the first failure", "module.iam-role-guard."
    ),
    Mutant(
        "reaction/failures.tf",
        *_14_DAYS,
        "failed events are kept for 14 days",
        "module.iam-role-guard.",
    ),
    Mutant("reaction/failures.tf", *_NO_TLS, "queues refuse plain HTTP", "module.iam-role-guard."),
    Mutant(
        "reaction/failures.tf",
        "kms_master_key_id                 = var.kms_key_arn",
        "kms_master_key_id                 = null",
        "queues are encrypted",
        "module.iam-role-guard.",
    ),
    Mutant(
        "reaction/function.tf",
        "  destination_config {\n"
        "    on_failure {\n"
        "      destination = var.failure_queue == null ? aws_sqs_queue.failures[0].arn : var.failure_queue.arn\n"  # noqa: E501
        "    }\n"
        "  }\n",
        "",
        "CKV2_CTR_9",
        "module.iam-role-guard.",
    ),
    Mutant(
        "reaction/iam.tf",
        '["logs:CreateLogStream", "logs:PutLogEvents"]',
        '["logs:*"]',
        "CKV2_CTR_11",
        _ROLE,
    ),
    Mutant(
        "reaction/iam.tf",
        "Resource = [local._failure_queue_arn]",
        'Resource = ["*"]',
        "CKV2_CTR_11",
        _ROLE,
    ),
    Mutant("reaction/iam.tf", '["sns:Publish"]', '["sns:*"]', "CKV2_CTR_11", _ROLE),
    Mutant(
        "reaction/iam.tf",
        'Condition = { StringEquals = { "iam:PassedToService" = "scheduler.amazonaws.com" } }',
        "",
        "roles are passed to one service",
        _ROLE,
    ),
    Mutant(
        "reaction/ledger.tf", *_NOT_REPAIRABLE, "tables can be restored", "module.iam-role-guard."
    ),
    Mutant(
        "reaction/logs.tf",
        "= var.log_retention_days",
        "= 30",
        "function logs are kept for a year",
        "module.iam-role-guard.",
    ),
    Mutant(
        "reaction/main.tf",
        "REACTION_BUDGET             = local._budget == -1 ? null : local._budget",
        "REACTION_BUDGET             = null",
        "CKV2_CTR_10",
        "module.iam-role-guard.",
    ),
    Mutant(
        "reaction/main.tf",
        "REACTION_EXEMPTIONS         = length(local._exemptions) == 0 ? null : jsonencode(local._exemptions)",  # noqa: E501
        "REACTION_EXEMPTIONS         = null",
        "CKV2_CTR_10",
        "module.iam-role-guard.",
    ),
    Mutant(
        "reaction/schedules.tf",
        '["lambda:InvokeFunction"]',
        '["lambda:*"]',
        "CKV2_CTR_11",
        "iam-role-guard.aws_iam_role_policy.schedule",
    ),
    # --- reaction-member-role
    Mutant(
        "reaction-member-role/main.tf",
        "StringEquals = merge(",
        "StringLike = merge(",
        "another account proves itself with an external id",
        "module.member.",
    ),
    # --- reconciliation
    Mutant("reconciliation/alarms.tf", *_SILENT, "alarms tell somebody", _MISSED, nth=1),
    Mutant("reconciliation/alarms.tf", *_DEAF, "alarms ring at the first failure", _MISSED),
    Mutant(
        "reconciliation/function.tf",
        "= var.log_retention_days",
        "= 30",
        "function logs are kept for a year",
        _MISSED,
    ),
    Mutant("reconciliation/iam.tf", '["s3:GetObject"]', '["s3:*"]', "CKV2_CTR_11", _MISSED),
    Mutant("reconciliation/queues.tf", *_NO_TLS, "queues refuse plain HTTP", _MISSED),
    Mutant("reconciliation/queues.tf", *_14_DAYS, "failed events are kept for 14 days", _MISSED),
    Mutant(
        "reconciliation/queues.tf",
        "kms_master_key_id                 = var.kms_key_arn",
        "kms_master_key_id                 = null",
        "queues are encrypted",
        _MISSED,
        nth=1,
    ),
    Mutant("reconciliation/state.tf", *_NOT_REPAIRABLE, "tables can be restored", _MISSED),
    # --- what others keep in a bucket of their own
    *(
        Mutant(file, *change, promise, path)
        for file, path in _BUCKETS.items()
        for change, promise in [
            (_ACLS, "buckets know no ACLs"),
            (_NO_TLS, "buckets refuse plain HTTP"),
            *(((f"{name}= true", f"{name}= false"), promise) for name, promise in _OPEN.items()),
        ]
    ),
    # --- metric-filters
    Mutant("metric-filters/main.tf", *_SILENT, "alarms tell somebody", "module.filters."),
]


def batches() -> list[list[Mutant]]:
    """As few groups as possible in which no two mutants could be taken for each other."""
    found: list[list[Mutant]] = []
    for mutant in MUTANTS:
        for batch in found:
            if not any(_alike(mutant, other) for other in batch):
                batch.append(mutant)
                break
        else:
            found.append([mutant])
    return found


def _alike(one: Mutant, other: Mutant) -> bool:
    near = one.where.split(".aws_")[0] in other.where or other.where.split(".aws_")[0] in one.where
    overlap = one.file == other.file and bool({*_lines(one)} & {*_lines(other)})
    return (one.caught_by == other.caught_by and near) or overlap


def _lines(mutant: Mutant) -> range:
    """The lines of its file that a mutant changes."""
    content = (REPOSITORY / "modules" / mutant.file).read_text(encoding="utf-8")
    first = mutant.around(content)[0].count("\n")
    return range(first, first + mutant.text.count("\n") + 1)


def mutated(batch: list[Mutant]) -> dict[str, str]:
    """The files of the modules that differ, with their new content."""
    found: dict[str, str] = {}
    for mutant in sorted(batch, key=lambda one: -(one.nth or 1)):
        path = REPOSITORY / "modules" / mutant.file
        found[mutant.file] = mutant.apply(
            found.get(mutant.file) or path.read_text(encoding="utf-8")
        )
    return found
