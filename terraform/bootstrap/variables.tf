variable "account_id" {
  description = "Number of the AWS account; Terraform refuses any other."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id must be the 12 digits of an AWS account."
  }
}

variable "region" {
  description = "Region of the state bucket; best the hub's."
  type        = string
  default     = "us-east-2"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be a region such as us-east-2."
  }
}

variable "service_roles" {
  description = "AWS services that need a role of their own in this account; [] where they have it."
  type        = set(string)
  default     = ["spot.amazonaws.com"]
}
