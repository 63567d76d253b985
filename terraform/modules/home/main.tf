# The homes: one encrypted volume that Terraform refuses to destroy, and its daily snapshots.

resource "aws_ebs_volume" "home" {
  availability_zone = var.zone
  size              = var.size_gib
  type              = "gp3"
  iops              = var.iops
  throughput        = var.throughput_mib_s
  encrypted         = true
  snapshot_id       = var.snapshot_id
  tags = {
    Name                 = "${var.name}-home"
    "archive-hub/backup" = var.name
  }

  lifecycle {
    prevent_destroy = true
    # It matters once, when the volume is made.
    ignore_changes = [snapshot_id]
  }
}

resource "aws_iam_role" "snapshots" {
  name_prefix = "${var.name}-dlm-"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "dlm.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "snapshots" {
  role       = aws_iam_role.snapshots.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSDataLifecycleManagerServiceRole"
}

resource "aws_dlm_lifecycle_policy" "home" {
  description        = "${var.name} homes"
  execution_role_arn = aws_iam_role.snapshots.arn
  state              = "ENABLED"

  policy_details {
    resource_types = ["VOLUME"]
    target_tags    = { "archive-hub/backup" = var.name }

    schedule {
      name      = "daily"
      copy_tags = true
      create_rule {
        interval = 24
        times    = ["07:30"]
      }
      retain_rule {
        count = var.snapshots_kept
      }
    }
  }
}

locals {
  exceeded = {
    throughput = "VolumeThroughputExceededCheck"
    iops       = "VolumeIOPSExceededCheck"
  }
}

# Everybody's notebooks feel slow before anything else shows it.
resource "aws_cloudwatch_metric_alarm" "exceeded" {
  for_each            = local.exceeded
  alarm_name          = "${var.name}-home-${each.key}"
  alarm_description   = "Homes are slow: the volume is at its ${each.key} for most of 15 minutes; see docs/howto/alarms.md"
  namespace           = "AWS/EBS"
  metric_name         = each.value
  dimensions          = { VolumeId = aws_ebs_volume.home.id }
  statistic           = "Average"
  period              = 300
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0.5
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alarm_topic_arn]
}
