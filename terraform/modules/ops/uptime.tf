# Asks the hub from outside whether all of its parts work; two minutes to a mail.

resource "aws_route53_health_check" "hub" {
  type              = "HTTPS"
  fqdn              = var.host
  port              = 443
  resource_path     = "/hub/health/parts"
  request_interval  = 30
  failure_threshold = 2
  tags              = { Name = "${var.name}-hub" }
}

resource "aws_cloudwatch_metric_alarm" "hub" {
  region              = local.health_region
  alarm_name          = "${var.name}-hub"
  alarm_description   = "The hub, or a part of it, does not work; see docs/howto/alarms.md"
  namespace           = "AWS/Route53"
  metric_name         = "HealthCheckStatus"
  dimensions          = { HealthCheckId = aws_route53_health_check.hub.id }
  statistic           = "Minimum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.alarms[local.health_region].arn]
  ok_actions          = [aws_sns_topic.alarms[local.health_region].arn]
}
