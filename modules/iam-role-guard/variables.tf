variable "allowed_paths" {
  description = "IAM paths, as wildcards, that a role may have, as in [\"/apps/*\"]; empty allows any."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for path in var.allowed_paths : can(regex("^(/|[*]).*(/|[*])$|^[/*]$", path))])
    error_message = "allowed_paths must hold paths with their slashes, or wildcards of them, as in [\"/apps/*\", \"/ci/\"]: no role's path is like ${join(", ", [for path in var.allowed_paths : path if !can(regex("^(/|[*]).*(/|[*])$|^[/*]$", path))])}."
  }
}

variable "allowed_providers" {
  description = "Identity providers, as wildcards of what a trust policy names, that a role may trust, as in [\"arn:*:saml-provider/corp\"]; null allows any."
  type        = list(string)
  default     = null
}

variable "containment" {
  description = "Action of enforce on a role that breaks a rule. deny_policy adds an inline policy that denies everything, boundary makes AWSDenyAll its boundary, delete deletes the role, none only alerts. One call takes back each of the first two."
  type        = string
  default     = "deny_policy"
  nullable    = false

  validation {
    condition     = contains(["none", "deny_policy", "boundary", "delete"], var.containment)
    error_message = "containment must be none, deny_policy, boundary or delete: prefer boundary, which needs the least permissions."
  }
}

variable "forbid_admin" {
  description = "Whether a role breaks the rules with a policy that is as good as an administrator's (every action, or all of IAM, on every resource)."
  type        = bool
  default     = true
  nullable    = false

  validation {
    condition = anytrue([
      var.forbid_admin, length(var.allowed_paths) > 0, var.allowed_providers != null, length(var.forbidden_names) > 0, length(var.forbidden_policies) > 0,
      var.required_boundary != null, length(var.required_tags) > 0, var.trusted_accounts != null, var.trusted_organizations != null,
    ])
    error_message = "No role could break a rule, since there is none: give at least one of forbid_admin, allowed_paths, allowed_providers, forbidden_names, forbidden_policies, required_boundary, required_tags, trusted_accounts and trusted_organizations."
  }
}

variable "forbidden_names" {
  description = "Role names, as wildcards, that break the rules, as in [\"admin*\"]."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for name in var.forbidden_names : can(regex("^[A-Za-z0-9_+=,.@*?-]{1,64}$", name))])
    error_message = "forbidden_names must hold names of roles, * and ? being wildcards, as in [\"admin*\"]: no role has the name of an ARN or a path."
  }
}

variable "forbidden_policies" {
  description = "ARNs of managed policies, as wildcards, that may not be attached to a role."
  type        = list(string)
  default     = ["arn:*:iam::aws:policy/AdministratorAccess", "arn:*:iam::aws:policy/IAMFullAccess"]
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.forbidden_policies : can(regex("^(arn:|[*])", arn))])
    error_message = "forbidden_policies must hold ARNs, or wildcards of them, as in [\"arn:*:iam::aws:policy/AdministratorAccess\"]: no policy's ARN is like ${join(", ", [for arn in var.forbidden_policies : arn if !can(regex("^(arn:|[*])", arn))])}."
  }
}

variable "mode" {
  description = "Mode of the guard. dry_run: the guard logs what it would do, changes nothing and sends no alert. notify: it also sends alerts. enforce: it also contains a role that breaks a rule."
  type        = string
  default     = "dry_run"
  nullable    = false

  validation {
    condition     = contains(["dry_run", "notify", "enforce"], var.mode)
    error_message = "mode must be dry_run, notify or enforce: start with dry_run and read in the log what would be done."
  }
}

variable "required_boundary" {
  description = "ARN, as a wildcard, of the permissions boundary that every role must have; null asks for none."
  type        = string
  default     = null

  validation {
    condition     = var.required_boundary == null || can(regex("^(arn:[^ ]+|[*].*):policy/.+$", var.required_boundary))
    error_message = "required_boundary must be the ARN of a policy, or a wildcard of it, as in arn:*:iam::*:policy/developer-boundary: every role would break the rule otherwise."
  }
}

variable "required_tags" {
  description = "Keys of tags that every role must have."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "trusted_accounts" {
  description = "Accounts that a role may trust besides its own; null allows any."
  type        = list(string)
  default     = []

  validation {
    condition     = var.trusted_accounts == null ? true : alltrue([for account in var.trusted_accounts : can(regex("^[0-9]{12}$", account))])
    error_message = "trusted_accounts may hold account ids of twelve digits only; null trusts any."
  }
}

variable "trusted_organizations" {
  description = "Ids of organizations (o-...) that the condition of a trust in everybody may name. Null: any organization."
  type        = list(string)
  default     = null

  validation {
    condition     = var.trusted_organizations == null ? true : alltrue([for id in var.trusted_organizations : can(regex("^o-[a-z0-9]{10,32}$", id))])
    error_message = "trusted_organizations may hold ids of organizations only, as in [\"o-exampleorgid\"]; null accepts any."
  }
}
