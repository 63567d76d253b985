# What hub.toml says: hub.auto.tfvars.json, derived.  The module checks the values.

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
}

variable "node_pools" {
  description = "Machines that scale together: kinds, most at a time, on-demand or spot, GPUs of one machine."
  type = map(object({
    instance_types = list(string)
    max_nodes      = number
    capacity       = string
    gpus           = number
  }))
}
