output "service_accounts" {
  description = "Which Kubernetes service account has an AWS role, by controller: namespace/name."
  value       = { for name, controller in local.controllers : name => "${controller.namespace}/${controller.service_account}" }
}
