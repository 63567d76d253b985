variable "name" {
  description = "Name of the environment; also the first part of its parameters' names."
  type        = string
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
