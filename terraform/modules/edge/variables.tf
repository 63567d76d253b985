variable "host" {
  description = "Host name of the hub, as in hub.toml."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9-]+(\\.[a-z0-9-]+)+$", var.host))
    error_message = "host must be a host name such as hub.example.org."
  }
  validation {
    condition     = endswith(var.host, ".${var.zone_name}") || var.host == var.zone_name
    error_message = "host must lie in the DNS zone zone_name: the certificate is proven by a record there."
  }
}

variable "zone_name" {
  description = "Public Route 53 zone that holds the host, e.g. example.org; it must exist before."
  type        = string
}

variable "name" {
  description = "Name of the environment."
  type        = string
}

variable "alarm_topic_arn" {
  description = "SNS topic that is told when the certificate does not renew."
  type        = string
}
