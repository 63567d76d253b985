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
