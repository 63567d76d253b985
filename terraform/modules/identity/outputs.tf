output "ebs_csi_role_arn" {
  description = "Role of the EBS driver, for its add-on."
  value       = aws_iam_role.controller["ebs-csi"].arn
}

output "service_accounts" {
  description = "Which Kubernetes service account has an AWS role, by controller: namespace/name."
  value       = { for name, controller in local.controllers : name => "${controller.namespace}/${controller.service_account}" }
}
