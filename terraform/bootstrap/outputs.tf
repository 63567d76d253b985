output "init" {
  description = "How each environment finds its state."
  value       = "terraform init -backend-config=bucket=${aws_s3_bucket.state.id} -backend-config=region=${var.region}"
}
