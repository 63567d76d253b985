# Alarms; each has its paragraph in docs/howto/alarms.md.

locals {
  # AWS/Usage counts vCPUs in these classes, and SERVICE_QUOTA knows each one's quota.
  usage_class = {
    standard = "Standard/OnDemand"
    gpu      = "G/OnDemand"
    spot     = "Standard/Spot"
  }
}

resource "aws_cloudwatch_metric_alarm" "quota" {
  for_each            = var.quotas
  alarm_name          = "${var.name}-quota-${each.key}"
  alarm_description   = "80 % of the vCPU quota is in use; soon nobody can start; see docs/howto/alarms.md"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 80
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms[var.region].arn]

  metric_query {
    id          = "percent"
    expression  = "100 * used / SERVICE_QUOTA(used)"
    label       = "Per cent of the quota"
    return_data = true
  }

  metric_query {
    id = "used"
    metric {
      namespace   = "AWS/Usage"
      metric_name = "ResourceCount"
      period      = 300
      stat        = "Maximum"
      dimensions = {
        Service  = "EC2"
        Type     = "Resource"
        Resource = "vCPU"
        Class    = local.usage_class[each.key]
      }
    }
  }
}

# A lost S3 endpoint shows nowhere but on the bill.
resource "aws_cloudwatch_metric_alarm" "nat" {
  for_each            = var.nat_gateway_ids
  alarm_name          = "${var.name}-nat-${each.key}"
  alarm_description   = "Much data came in through NAT at 45 USD a TB: does the S3 endpoint work? See docs/howto/alarms.md"
  namespace           = "AWS/NATGateway"
  metric_name         = "BytesInFromDestination"
  dimensions          = { NatGatewayId = each.value }
  statistic           = "Sum"
  period              = 86400
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.nat_gib_per_day * pow(2, 30)
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms[var.region].arn]
}
