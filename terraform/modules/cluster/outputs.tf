output "name" {
  description = "Name of the EKS cluster; known only once it stands."
  value       = aws_eks_cluster.this.name
}

output "arn" {
  description = "ARN of the EKS cluster."
  value       = aws_eks_cluster.this.arn
}

output "endpoint" {
  description = "Address of the Kubernetes API."
  value       = aws_eks_cluster.this.endpoint
}

output "security_group_id" {
  description = "Security group that all machines of the cluster share."
  value       = aws_eks_cluster.this.vpc_config[0].cluster_security_group_id
}
