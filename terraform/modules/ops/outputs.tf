output "alarm_topic_arn" {
  description = "Topic that alarms are sent to."
  value       = aws_sns_topic.alarms[var.region].arn
}

output "deploy_role_arn" {
  description = "Role that a GitHub deployment takes."
  value       = aws_iam_role.deploy.arn
}
