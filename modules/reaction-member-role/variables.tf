variable "account_id" {
  description = "Account of the provider. Null: the module looks it up. Give it where the module call has depends_on. Terraform then looks it up only when it applies, and the plan does not know what is built from it."
  type        = string
  default     = null
}

variable "external_id" {
  description = "External id that the hub's reactions name (`member_role.external_id` of reaction)."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9+=,.@:/_-]{2,}$", var.external_id)) && length(var.external_id) <= 1224
    error_message = "external_id must be 2 to 1224 letters, digits and + = , . @ : / _ -: the one that the hub's reactions give."
  }
}

variable "guards" {
  description = "Guards whose reactions act here, by a name of your choice: modules of guards whole ({ launches = module.launches }), or { policy_json } of a handler of your own. Each may do here what its mode lets it do at home. The module fills in {{account_id}}, {{partition}} and {{role_arn}} of this role, and any Region for {{region}}."
  nullable    = false
  type = map(object({
    policy_json = string
  }))

  validation {
    condition     = length([for guard in var.guards : guard if guard.policy_json != null]) > 0
    error_message = "guards holds none that does anything here, and the role would permit nothing: name at least one, as in { launches = module.launches }; notify needs no role."
  }

  validation {
    condition     = alltrue([for guard in var.guards : guard.policy_json == null || can(flatten([jsondecode(guard.policy_json).Statement])[*].Effect)])
    error_message = "policy_json of a guard is not an IAM policy document: give JSON with a Statement, from jsonencode() or data.aws_iam_policy_document."
  }

  validation {
    condition     = length(setsubtract(flatten([for guard in var.guards : regexall("{{([^{}]*)}}", guard.policy_json == null ? "" : guard.policy_json)]), ["account_id", "partition", "region", "role_arn"])) == 0
    error_message = "policy_json of a guard has a placeholder that is not filled in: there are {{account_id}}, {{partition}}, {{region}} and {{role_arn}}."
  }
}

variable "hub_account_id" {
  description = "Account that the reactions run in."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.hub_account_id))
    error_message = "hub_account_id must be an account id of twelve digits."
  }
}

variable "hub_role_names" {
  description = "Roles of the hub's reactions that may assume this one: names with their path, * and ? are wildcards, as in [\"ec2-launch-guard-*\"]."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.hub_role_names) > 0 && alltrue([for name in var.hub_role_names : can(regex("^[A-Za-z0-9+=,.@_/*?-]+$", name)) && !contains(["*", "**"], name) && !startswith(name, "/")])
    error_message = "hub_role_names must hold the names of the reactions' roles, with their path and without a slash in front, as in [\"security/ec2-launch-guard-*\"]; * alone would admit every role of the hub."
  }
}

variable "name" {
  description = "Name of the role: the same in every account."
  type        = string
  default     = "cloudtrail-reactor-member"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9+=,.@_-]{1,64}$", var.name))
    error_message = "name must be 1 to 64 letters, digits and + = , . @ _ -, IAM's limits for a role."
  }
}

variable "organization_id" {
  description = "Organization that the hub belongs to. Null: no organization is required, for accounts without one."
  type        = string

  validation {
    condition     = var.organization_id == null || can(regex("^o-[a-z0-9]{10,32}$", var.organization_id))
    error_message = "organization_id must be the id of an organization, as in o-a1b2c3d4e5, or null for accounts without one."
  }
}

variable "path" {
  description = "IAM path of the role: the same in every account."
  type        = string
  default     = "/"
  nullable    = false

  validation {
    condition     = can(regex("^/([\\x21-\\x2e\\x30-\\x7e]+/)*$", var.path)) && length(var.path) <= 512
    error_message = "path must start and end with a slash, as in \"/security/\", and be at most 512 characters long."
  }
}

variable "permissions_boundary" {
  description = "ARN of the policy that bounds the role."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary == null || can(regex("^arn:[^:]+:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary))
    error_message = "permissions_boundary is not the ARN of an IAM policy: give \"arn:aws:iam::<account>:policy/<name>\"."
  }
}

variable "region" {
  description = "Region of the provider. Null: the module looks it up. Give it where the module call has depends_on, like account_id."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of the role."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    # https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
    condition     = length(var.tags) <= 50 && alltrue([for key, value in var.tags : key != "" && length(key) <= 128 && try(length(value) <= 256, false) && can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]*$", key)) && can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]*$", value)) && !startswith(lower(key), "aws:")])
    error_message = "tags holds up to 50 tags, with keys of 1 to 128 and values of up to 256 letters, digits, spaces and _ . : / = + - @, and no key that starts with \"aws:\", which AWS keeps for itself: rename those that differ."
  }
}
