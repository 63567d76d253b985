output "repository_urls" {
  description = "Where each image is pushed to and pulled from, by name."
  value       = { for name, repository in aws_ecr_repository.this : name => repository.repository_url }
}

output "repository_arns" {
  description = "The repositories, for the role that pushes."
  value       = { for name, repository in aws_ecr_repository.this : name => repository.arn }
}
