# What only AWS needs to know.  The modules below check what they use.

variable "environment" {
  description = "Name of the environment in hub.toml; also the GitHub environment that deploys it."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,14}$", var.environment))
    error_message = "environment must be 2 to 15 lower-case letters, digits and hyphens."
  }
}

variable "account_id" {
  description = "Number of the AWS account."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id must be the 12 digits of an AWS account."
  }
}

variable "cidr" {
  description = "Address range of the VPC."
  type        = string
}

variable "zones" {
  description = "Availability zones of the region; the first holds homes and people's machines."
  type        = list(string)

  validation {
    condition     = alltrue([for zone in var.zones : startswith(zone, var.region)])
    error_message = "zones must lie in the region that hub.toml gives this environment."
  }
}

variable "zone_name" {
  description = "Public Route 53 zone that holds the host."
  type        = string
}

variable "core_nodes" {
  description = "How many core machines run always; two survive the loss of one."
  type        = number
  default     = 2
}

variable "home_size_gib" {
  description = "Size of the volume of all homes, in GiB (0.08 USD a month each); it can only grow."
  type        = number
}

variable "home_snapshot_id" {
  description = "Snapshot to rebuild the homes from; null for empty ones."
  type        = string
  default     = null
}

variable "kubernetes_version" {
  description = "Minor version of Kubernetes."
  type        = string
  default     = "1.35"
}

variable "nat_per_zone" {
  description = "A NAT gateway for each zone."
  type        = bool
  default     = false
}

variable "api_cidrs" {
  description = "Public addresses that may reach the Kubernetes API."
  type        = set(string)
  default     = []
}

variable "admin_role_arns" {
  description = "IAM roles that administer the cluster, by a name of your choice."
  type        = map(string)

  validation {
    condition     = length(var.admin_role_arns) > 0
    error_message = "admin_role_arns must name at least one IAM role: who makes the cluster is not an admin of it."
  }
}

variable "github_repository" {
  description = "Repository whose deployments may act here: OWNER/NAME."
  type        = string
}

variable "monthly_budget_usd" {
  description = "What a month may cost before mails go out."
  type        = number
}

variable "alert_emails" {
  description = "Who is told about money and alarms."
  type        = set(string)
}

variable "activate_cost_tags" {
  description = "Whether to activate the cost tags; true from the second day on."
  type        = bool
  default     = false
}

variable "deletion_protection" {
  description = "Whether AWS refuses to delete the cluster, and repositories that hold images."
  type        = bool
  default     = true
}
