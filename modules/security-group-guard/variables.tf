variable "allowed_groups" {
  description = "Security groups, as wildcards of their id or name, that may be open to the world. Whoever makes a group chooses its name: let nobody else make groups of these names, or give ids."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = !anytrue([for group in var.allowed_groups : startswith(group, "arn:")])
    error_message = "allowed_groups must hold ids or names of security groups, as in [\"sg-0a1b2c3d\", \"bastion-*\"], not ARNs."
  }
}

variable "allowed_ports" {
  description = "Exceptions to `ports`: ports that may be open to the world in every group."
  type        = list(number)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for port in var.allowed_ports : port >= 0 && port <= 65535 && floor(port) == port])
    error_message = "allowed_ports may hold whole numbers from 0 to 65535 only."
  }
}

variable "mode" {
  description = "Mode of the guard. dry_run: the guard logs what it would do, changes nothing and sends no alert. notify: it also sends alerts. enforce: it also revokes the rule."
  type        = string
  default     = "dry_run"
  nullable    = false

  validation {
    condition     = contains(["dry_run", "notify", "enforce"], var.mode)
    error_message = "mode must be dry_run, notify or enforce: start with dry_run and read in the log what would be done."
  }
}

variable "ports" {
  description = "Ports that may not be open to the world. Null: the ports that are attacked most (SSH, RDP, databases, Docker, Kubernetes and the like)."
  type        = list(number)
  default     = null

  validation {
    condition     = var.ports == null ? true : length(var.ports) > 0 && alltrue([for port in var.ports : port >= 0 && port <= 65535 && floor(port) == port])
    error_message = "ports must hold at least one whole number from 0 to 65535; null takes the usual ones."
  }

  validation {
    condition     = var.ports == null ? true : length(var.ports) == 0 || length(setsubtract(var.ports, var.allowed_ports)) > 0
    error_message = "allowed_ports has all of ports, so that the guard would look at none: leave out of one list what is in both."
  }
}

variable "world_prefix" {
  description = "Prefix length of IPv4 from which peers count as the world: all peers of a port together, rules and prefix lists of the group alike, public addresses only. 8 means 16.8 million addresses, or as large a share of IPv6."
  type        = number
  default     = 8
  nullable    = false

  validation {
    condition     = var.world_prefix >= 1 && var.world_prefix <= 24 && floor(var.world_prefix) == var.world_prefix
    error_message = "world_prefix must be a whole number from 1 (half of all addresses) to 24 (256 addresses)."
  }
}
