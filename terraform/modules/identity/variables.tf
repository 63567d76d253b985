variable "name" {
  description = "Name of the environment."
  type        = string
}

variable "parameter_prefix" {
  description = "Where this environment's secrets are in the Parameter Store, e.g. /archive-hub/production."
  type        = string

  validation {
    condition     = can(regex("^(/[a-z0-9-]+){2,}$", var.parameter_prefix))
    error_message = "parameter_prefix must have two parts or more: one alone would open every environment's secrets."
  }
}

variable "cluster_name" {
  description = "Name of the EKS cluster."
  type        = string
}

variable "account_id" {
  description = "Number of the AWS account."
  type        = string
}

variable "region" {
  description = "Region of the cluster."
  type        = string
}

variable "host" {
  description = "Host name of the hub; external-dns may write this name and those below it."
  type        = string
}

variable "zone_id" {
  description = "DNS zone that holds the host."
  type        = string
}
