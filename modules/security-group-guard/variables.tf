variable "allowed_groups" {
  description = "Security groups, as wildcards of their id or name, that may be open to the world."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "allowed_ports" {
  description = "Ports of `ports` that may be open to the world in every group after all."
  type        = list(number)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for port in var.allowed_ports : port >= 0 && port <= 65535 && floor(port) == port])
    error_message = "allowed_ports may hold whole numbers from 0 to 65535 only."
  }
}

variable "mode" {
  description = "What the guard may do. dry_run: what it would do is logged, nothing is touched and no alert leaves. notify: alerts leave, nothing else is touched. enforce: the rule is revoked too."
  type        = string
  default     = "dry_run"
  nullable    = false

  validation {
    condition     = contains(["dry_run", "notify", "enforce"], var.mode)
    error_message = "mode must be dry_run, notify or enforce: start with dry_run and read in the log what would be done."
  }
}

variable "ports" {
  description = "Ports that may not be open to the world; null takes a list of those that are attacked most (SSH, RDP, databases, Docker, Kubernetes and their like)."
  type        = list(number)
  default     = null

  validation {
    condition     = var.ports == null ? true : length(var.ports) > 0 && alltrue([for port in var.ports : port >= 0 && port <= 65535 && floor(port) == port])
    error_message = "ports must hold at least one whole number from 0 to 65535; null takes the usual ones."
  }
}
