module "location" {
  source = "../location"

  account_id = var.account_id
  region     = var.region

  arns = {
    alarm_topic             = try(var.alarm_topic.arn, null)
    alert_topic             = try(var.alert_topic.arn, null)
    audit_bus               = try(var.audit_bus.arn, null)
    code_signing_config_arn = var.code_signing_config_arn
    kms_key_arn             = var.kms_key_arn
    permissions_boundary    = var.permissions_boundary
    powertools_layer_arn    = var.powertools_layer_arn
    reactor_layer_arn       = var.reactor_layer_arn
    role                    = try(var.role.arn, null)
  }
  regional_arns = {
    alarm_topic             = try(var.alarm_topic.arn, null)
    code_signing_config_arn = var.code_signing_config_arn
    kms_key_arn             = var.kms_key_arn
    powertools_layer_arn    = var.powertools_layer_arn
    reactor_layer_arn       = var.reactor_layer_arn
  }
}

locals {
  # ARNs in policy text are built from inputs, so that every policy is known
  # at plan time and free of cycles.
  _account    = module.location.account_id
  _dns_suffix = module.location.dns_suffix
  _partition  = module.location.partition
  _region     = module.location.region

  _function_arn = "arn:${local._partition}:lambda:${local._region}:${local._account}:function:${var.name}"

  # IAM is global while everything else here is Regional: with the Region in
  # its name, the same reaction can stand in two Regions of one account.
  _role_name = "${var.name}-${local._region}"

  _role_arn = (
    var.role == null
    ? "arn:${local._partition}:iam::${local._account}:role${var.role_path}${local._role_name}"
    : var.role.arn
  )

  # Lambda names the sessions of a function's role as the function: whoever else
  # assumes the role is another.
  _session_arn = "arn:${local._partition}:sts::${local._account}:assumed-role/${element(split("/", local._role_arn), -1)}/${var.name}"

  _budget         = coalesce(var.actions_per_hour, var.guard.actions_per_hour)
  _memory_size    = coalesce(var.memory_size, var.guard.memory_size)
  _settings       = var.guard.settings == null ? "{}" : var.guard.settings
  _settle_seconds = coalesce(var.settle_seconds, var.guard.settle_seconds)
  _timeout        = coalesce(var.timeout, var.guard.timeout)

  # A guard makes nothing and knows no place: what it leaves open is filled in
  # here. A role of the same apply has no ARN yet, so that only texts that name
  # it wait for it.
  _guard = {
    for name, text in { event_pattern = var.guard.event_pattern, policy_json = var.guard.policy_json } :
    name => text == null ? null : strcontains(text, "{{role_arn}}") || strcontains(text, "{{session_arn}}") ? replace(replace(local._placed[name],
    "{{role_arn}}", local._role_arn), "{{session_arn}}", local._session_arn) : local._placed[name]
  }
  _placed = {
    for name, text in { event_pattern = var.guard.event_pattern, policy_json = var.guard.policy_json } :
    name => text == null ? "" : replace(replace(replace(text,
    "{{account_id}}", local._account), "{{partition}}", local._partition), "{{region}}", local._region)
  }

  _measured_topic_arn = var.alert_topic == null ? "" : format("%-100s", "")
  _measured_findings  = { for name in ["REACTION_FINDINGS"] : name => format("%-100s", "") if var.finding_target != null }
  _measured_role_arn  = var.role == null ? local._role_arn : format("%-100s", "")

  _exemptions = {
    for kind, given in {
      accounts   = var.exempt_accounts
      iac        = sort(var.iac_principals)
      principals = var.exempt_principals
      role_paths = var.exempt_role_paths
      tags       = var.exempt_tags
    } : kind => given if length(given) > 0
  }

  _ended = sort(flatten([
    for name, given in {
      exempt_accounts   = var.exempt_accounts
      exempt_principals = var.exempt_principals
      exempt_role_paths = var.exempt_role_paths
      exempt_tags       = var.exempt_tags
    } : [for subject, until in given : "${subject} in ${name} (${until})" if try(timecmp(timeadd("${until}T00:00:00Z", "24h"), plantimestamp()) <= 0, false)]
  ]))

  # What is not asked for is not set: there are 4 KB for all of it.
  _engine = {
    REACTION_ACT_WITHIN_SECONDS = var.act_within_seconds == -1 ? null : var.act_within_seconds
    REACTION_AUDIT_BUS          = try(var.audit_bus.arn, null)
    REACTION_BUDGET             = local._budget == -1 ? null : local._budget
    REACTION_CHAT               = var.chat_alerts ? true : null
    REACTION_EXEMPTIONS         = length(local._exemptions) == 0 ? null : jsonencode(local._exemptions)
    REACTION_EXTERNAL_ID        = try(var.member_role.external_id, null)
    REACTION_FAILURE_QUEUE      = length(local._schedules) == 0 ? null : local._failure_queue_arn
    REACTION_KILL_SWITCH        = try(var.kill_switch.name, null)
    REACTION_LEDGER_DAYS        = var.ledger_days
    REACTION_MEMBER_ROLE        = local._member_role
    REACTION_PRINCIPAL_BUDGET   = local._budget == -1 ? null : var.actions_per_principal
    REACTION_SCHEDULE_ROLE      = length(local._schedules) == 0 ? null : local._schedule_role_arn
    REACTION_SETTLE_SECONDS     = local._settle_seconds == 0 ? null : local._settle_seconds
  }

  _environment = merge(
    var.environment,
    { for name, value in local._engine : name => tostring(value) if value != null },
    {
      POWERTOOLS_LOG_LEVEL         = var.log_level
      POWERTOOLS_METRICS_NAMESPACE = "CloudTrailReactor"
      POWERTOOLS_SERVICE_NAME      = var.name
      REACTION_LEDGER_TABLE        = local._ledger_name
      REACTION_MODE                = var.guard.mode
      REACTION_NAME                = var.name
      REACTION_SETTINGS            = local._settings
    },
  )

  # Lambda measures the variables as one JSON text. The topic's ARN may be
  # unknown while planning, so a stand-in of usual length is measured, and
  # jsonencode's \u003c for < is undone, as Lambda does not count it so.
  _environment_text = replace(replace(replace(
    jsonencode(merge(local._environment, { ALERT_TOPIC_ARN = local._measured_topic_arn, REACTION_ROLE = local._measured_role_arn }, local._measured_findings)),
    "\\u003c", "<"), "\\u003e", ">"), "\\u0026", "&"
  )
}

# May be meant until a day. In other accounts the reaction acts by member_role only.
check "own_account" {
  assert {
    # The account may not be known yet, and need not be where nothing is exempt.
    condition     = length(var.exempt_accounts) == 0 || var.member_role != null ? true : !contains(keys(var.exempt_accounts), local._account)
    error_message = "The reaction ${var.name} leaves everything alone: without member_role it acts in the account ${local._account} only, which is in exempt_accounts. Leave that account out, or exempt principals, role paths or tags."
  }
}
