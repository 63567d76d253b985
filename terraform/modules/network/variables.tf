variable "name" {
  description = "Name of the environment; the prefix of every name and the value of the tag `hub`."
  type        = string
}

variable "cidr" {
  description = "Address range of the VPC: RFC 1918, /16 to /18."
  type        = string

  validation {
    condition     = can(cidrhost(var.cidr, 0)) && try(cidrhost(var.cidr, 0) == split("/", var.cidr)[0], false)
    error_message = "cidr must be a network address such as 10.42.0.0/16."
  }
  validation {
    # 100.64.0.0/10 counts as public to network policies: people would reach every pod and node.
    condition     = can(regex("^(10\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.|192\\.168\\.)", var.cidr))
    error_message = "cidr must be private (10/8, 172.16/12 or 192.168/16); 100.64/10 is open to user servers."
  }
  validation {
    condition     = !startswith(var.cidr, "172.20.")
    error_message = "cidr must not overlap 172.20.0.0/16, the addresses of Kubernetes services."
  }
  validation {
    condition     = try(tonumber(split("/", var.cidr)[1]) >= 16 && tonumber(split("/", var.cidr)[1]) <= 18, false)
    error_message = "cidr must be a /16, /17 or /18: pods take addresses in blocks of 16."
  }
}

variable "zones" {
  description = "Availability zones by name; the first holds the homes and the people's machines."
  type        = list(string)

  validation {
    condition     = length(var.zones) >= 2 && length(distinct(var.zones)) == length(var.zones)
    error_message = "zones must name at least two different availability zones: EKS and the load balancer need two."
  }
  validation {
    condition     = alltrue([for zone in var.zones : can(regex("^[a-z]{2}(-[a-z]+)+-[0-9][a-f]$", zone))])
    error_message = "zones must be names such as us-east-2a."
  }
}

variable "nat_per_zone" {
  description = "One NAT gateway in each zone (33 USD a month each) instead of one for all."
  type        = bool
  default     = false
}

variable "flow_log_retention_days" {
  description = "How long rejected connections are remembered."
  type        = number
  default     = 30
}
