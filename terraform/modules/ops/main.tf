# Money and alarms: who is told before it gets dear or stops.

locals {
  # An alarm and its topic are in one region, and Route 53 counts in this one only.
  health_region = "us-east-1"
  alarm_regions = toset([var.region, local.health_region])
  mails = {
    for pair in setproduct(local.alarm_regions, var.alert_emails) :
    join(" ", pair) => { region = pair[0], address = pair[1] }
  }
}

resource "aws_sns_topic" "alarms" {
  for_each          = local.alarm_regions
  region            = each.key
  name              = "${var.name}-alarms"
  kms_master_key_id = aws_kms_key.alarms[each.key].id
}

resource "aws_sns_topic_subscription" "mail" {
  for_each  = local.mails
  region    = each.value.region
  topic_arn = aws_sns_topic.alarms[each.value.region].arn
  protocol  = "email"
  endpoint  = each.value.address
}

# With AWS's own key for SNS, CloudWatch may not publish and alarms vanish silently.
resource "aws_kms_key" "alarms" {
  for_each                = local.alarm_regions
  region                  = each.key
  description             = "${var.name}: alarms"
  enable_key_rotation     = true
  deletion_window_in_days = 7
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AccountDecides"
        Effect    = "Allow"
        Action    = "kms:*"
        Resource  = "*"
        Principal = { AWS = "arn:aws:iam::${var.account_id}:root" }
      },
      {
        Sid       = "AlarmsMayPublish"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Resource  = "*"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Condition = { StringEquals = { "aws:SourceAccount" = var.account_id } }
      },
    ]
  })
}

resource "aws_budgets_budget" "monthly" {
  name         = "${var.name}-monthly"
  budget_type  = "COST"
  limit_amount = tostring(var.monthly_budget_usd)
  limit_unit   = "USD"
  time_unit    = "MONTHLY"

  # Not an interpolation: to AWS a tag is KEY$VALUE.
  cost_filter {
    name   = "TagKeyValue"
    values = [format("user:hub$%s", var.name)]
  }

  dynamic "notification" {
    for_each = { half = ["ACTUAL", 50], most = ["ACTUAL", 80], all = ["ACTUAL", 100], forecast = ["FORECASTED", 100] }
    content {
      comparison_operator        = "GREATER_THAN"
      notification_type          = notification.value[0]
      threshold                  = notification.value[1]
      threshold_type             = "PERCENTAGE"
      subscriber_email_addresses = var.alert_emails
    }
  }
}

resource "aws_ce_cost_allocation_tag" "this" {
  for_each = var.activate_cost_tags ? toset(["hub", "hub/purpose"]) : toset([])
  tag_key  = each.key
  status   = "Active"
}
