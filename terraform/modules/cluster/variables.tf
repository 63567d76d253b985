variable "name" {
  description = "Name of the environment and of the EKS cluster."
  type        = string

  validation {
    # The longest prefix made from it is NAME-karpenter-, and IAM takes 38 characters.
    condition     = can(regex("^[a-z][a-z0-9-]{2,26}$", var.name))
    error_message = "name must be 3 to 27 lower-case letters, digits and hyphens: role names are made from it."
  }
}

variable "kubernetes_version" {
  description = "Minor version of Kubernetes; one that leaves standard support costs 438 instead of 73 USD a month."
  type        = string
  default     = "1.35"

  validation {
    condition     = contains(["1.34", "1.35", "1.36"], var.kubernetes_version)
    error_message = "kubernetes_version must be 1.34, 1.35 or 1.36: what the pinned releases support."
  }
}

variable "subnet_ids" {
  description = "Private subnets by zone, for the control plane."
  type        = map(string)

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "subnet_ids must cover two zones: EKS asks for it."
  }
}

variable "core_zone" {
  description = "Zone of the core machines: the one that holds the homes."
  type        = string

  validation {
    condition     = contains(keys(var.subnet_ids), var.core_zone)
    error_message = "core_zone must be one of the zones of subnet_ids."
  }
}

variable "core" {
  description = "Machines of the core pool: kinds, how many run and how many may."
  type = object({
    instance_types = list(string)
    nodes          = number
    max_nodes      = number
  })

  validation {
    condition     = length(var.core.instance_types) > 0 && var.core.nodes >= 1 && var.core.nodes <= var.core.max_nodes
    error_message = "core must name a kind of machine, and nodes must be between 1 and max_nodes."
  }
}

variable "api_cidrs" {
  description = "Public addresses that may reach the Kubernetes API; none: only from inside the VPC."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for cidr in var.api_cidrs : can(cidrhost(cidr, 0)) && try(tonumber(split("/", cidr)[1]) >= 16, false)])
    error_message = "api_cidrs must be ranges of /16 or smaller, never the whole internet."
  }
}

variable "admin_role_arns" {
  description = "IAM roles that administer the cluster, by a name of your choice."
  type        = map(string)

  validation {
    condition     = length(var.admin_role_arns) > 0 && alltrue([for arn in values(var.admin_role_arns) : can(regex("^arn:aws:iam::[0-9]{12}:role/", arn))])
    error_message = "admin_role_arns must name at least one IAM role (arn:aws:iam::ACCOUNT:role/NAME): who makes the cluster is not an admin of it."
  }
}

variable "ebs_csi_role_arn" {
  description = "Role of the driver that makes volumes."
  type        = string
}

variable "addon_versions" {
  description = "Versions of add-ons that must differ from the one AWS recommends for this Kubernetes."
  type        = map(string)
  default     = {}
}

variable "deletion_protection" {
  description = "Whether AWS refuses to delete the cluster; false only to destroy the environment."
  type        = bool
  default     = true
}
