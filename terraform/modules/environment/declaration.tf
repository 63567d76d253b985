# What hub.toml says; `archive-hub render` writes it to live/ENVIRONMENT/hub.auto.tfvars.json.

variable "hub_name" {
  description = "Name of this hub in AWS: prefix of what it makes and value of the tag `hub`."
  type        = string
}

variable "host" {
  description = "Host name of the hub."
  type        = string
}

variable "region" {
  description = "AWS region; the archive's own, or each TB read costs 20 USD more."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be a region such as us-east-2."
  }
}

variable "registry" {
  description = "Where the images are pulled from: the prefix before each repository."
  type        = string
}

variable "images" {
  description = "Images by name: repository:tag."
  type        = map(string)
}

variable "home_quota_gib" {
  description = "What one person may keep, in GiB."
  type        = number

  validation {
    condition     = var.home_quota_gib > 0
    error_message = "home_quota_gib must be positive."
  }
}

variable "node_pools" {
  description = "Machines that scale together: kinds, most at a time, on-demand or spot, GPUs of one machine."
  type = map(object({
    instance_types = list(string)
    max_nodes      = number
    capacity       = string
    gpus           = number
  }))

  validation {
    condition     = contains(keys(var.node_pools), "core")
    error_message = "node_pools must have the pool core, which runs the hub itself."
  }
  validation {
    condition     = alltrue([for pool in values(var.node_pools) : contains(["on-demand", "spot"], pool.capacity)])
    error_message = "node_pools.*.capacity must be on-demand or spot."
  }
  validation {
    condition     = try(var.node_pools["core"].capacity, "on-demand") == "on-demand"
    error_message = "node_pools.core must be on-demand: it holds the hub and everybody's homes."
  }
  validation {
    condition     = alltrue([for pool in values(var.node_pools) : pool.max_nodes >= 1 && pool.max_nodes <= 100 && length(pool.instance_types) > 0])
    error_message = "node_pools.*.max_nodes must be between 1 and 100, with at least one kind of machine."
  }
}
