variable "name" {
  description = "Name of the environment and of its EKS cluster."
  type        = string
}

variable "account_id" {
  description = "Number of the AWS account."
  type        = string
}

variable "region" {
  description = "Region of the environment."
  type        = string
}

variable "host" {
  description = "Public name of the hub, asked every half minute whether it works."
  type        = string
}

variable "monthly_budget_usd" {
  description = "What a month may cost; mails go out at 50, 80 and 100 % and when the forecast passes it."
  type        = number

  validation {
    condition     = var.monthly_budget_usd >= 100 && var.monthly_budget_usd <= 50000
    error_message = "monthly_budget_usd must be between 100 and 50000: below, it cries daily; above, ask first."
  }
}

variable "alert_emails" {
  description = "Who is told about money and alarms; each confirms once by mail."
  type        = set(string)

  validation {
    condition     = length(var.alert_emails) > 0 && alltrue([for mail in var.alert_emails : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", mail))])
    error_message = "alert_emails must hold at least one mail address: an alarm that nobody gets is none."
  }
}

variable "github_repository" {
  description = "Repository whose deployments may act here: OWNER/NAME."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.github_repository))
    error_message = "github_repository must be OWNER/NAME, without wildcards."
  }
}

variable "github_environment" {
  description = "GitHub environment of that repository, with its reviewers."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9-]+$", var.github_environment))
    error_message = "github_environment must be a plain name, without wildcards."
  }
}

variable "repository_arns" {
  description = "Image repositories that a deployment pushes to, by name."
  type        = map(string)
}

variable "quotas" {
  description = "Quotas that the pools draw on (standard, gpu, spot): an alarm at 80 % of each."
  type        = set(string)

  validation {
    condition     = alltrue([for quota in var.quotas : contains(["standard", "gpu", "spot"], quota)])
    error_message = "quotas must be of standard, gpu and spot."
  }
}

variable "nat_gateway_ids" {
  description = "NAT gateways by zone, watched for archive data that takes the dear way."
  type        = map(string)
}

variable "nat_gib_per_day" {
  description = "What may come in through one NAT gateway in a day, in GiB, before somebody is told (0.045 USD each)."
  type        = number
  default     = 200
}

variable "activate_cost_tags" {
  description = "Whether to activate the tags for cost reports; AWS knows a tag only a day after its first use."
  type        = bool
  default     = false
}
