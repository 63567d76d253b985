mock_provider "aws" {
  source          = "../../mocks"
  override_during = plan
}

variables {
  name            = "archive-hub-test"
  zone            = "us-east-2a"
  size_gib        = 500
  quota_gib       = 50
  alarm_topic_arn = "arn:aws:sns:us-east-2:111122223333:alarms"
}

run "homes_are_encrypted_and_copied_every_day" {
  command = plan

  assert {
    condition     = aws_ebs_volume.home.encrypted
    error_message = "homes must be encrypted"
  }
  assert {
    condition     = aws_dlm_lifecycle_policy.home.policy_details[0].schedule[0].create_rule[0].interval == 24
    error_message = "a snapshot a day is what docs promise"
  }
  assert {
    condition     = aws_ebs_volume.home.tags["archive-hub/backup"] == aws_dlm_lifecycle_policy.home.policy_details[0].target_tags["archive-hub/backup"]
    error_message = "the snapshots must be of this very volume"
  }
}

run "a_slow_volume_raises_an_alarm" {
  command = plan

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.exceeded) == 2
    error_message = "both throughput and operations can be the bottleneck"
  }
}

run "a_volume_for_fewer_than_ten_homes_is_refused" {
  command = plan
  variables {
    size_gib = 400
  }
  expect_failures = [var.size_gib]
}

run "throughput_that_the_operations_cannot_carry_is_refused" {
  command = plan
  variables {
    throughput_mib_s = 900
  }
  expect_failures = [var.throughput_mib_s]
}

run "fewer_than_a_week_of_snapshots_is_refused" {
  command = plan
  variables {
    snapshots_kept = 1
  }
  expect_failures = [var.snapshots_kept]
}

run "operations_out_of_range_are_refused" {
  command = plan
  variables {
    iops = 100000
  }
  expect_failures = [var.iops]
}
