output "queue_name" {
  description = "Karpenter's setting interruptionQueue."
  value       = aws_sqs_queue.interruption.name
}

output "node_instance_profile" {
  description = "The EC2NodeClass's instanceProfile."
  value       = aws_iam_instance_profile.node.name
}
