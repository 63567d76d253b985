mock_provider "aws" {
  source          = "../../mocks"
  override_during = plan
}

variables {
  name               = "archive-hub-test"
  account_id         = "111122223333"
  region             = "us-east-2"
  host               = "hub.example.org"
  monthly_budget_usd = 1500
  alert_emails       = ["operator@example.org"]
  github_repository  = "example/archive-hub"
  github_environment = "production"
  repository_arns    = { base = "arn:aws:ecr:us-east-2:111122223333:repository/archive-hub/base" }
  quotas             = ["standard", "gpu", "spot"]
  nat_gateway_ids    = { us-east-2a = "nat-0123456789abcdef0" }
}

run "only_one_repository_and_environment_may_deploy" {
  command = plan

  assert {
    condition     = jsondecode(aws_iam_role.deploy.assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"] == "repo:example/archive-hub:environment:production"
    error_message = "a pull request of a stranger must not get this role"
  }
}

run "money_is_announced_four_times" {
  command = plan

  assert {
    condition     = length(aws_budgets_budget.monthly.notification) == 4
    error_message = "half, most, all, and the forecast"
  }
}

run "the_budget_counts_this_environment_only" {
  command = plan

  assert {
    condition     = one(aws_budgets_budget.monthly.cost_filter).values == tolist([join("$", ["user:hub", "archive-hub-test"])])
    error_message = "a filter that matches nothing is a budget that is never reached"
  }
}

run "each_quota_has_an_alarm" {
  command = plan

  assert {
    condition     = toset(keys(aws_cloudwatch_metric_alarm.quota)) == toset(["standard", "gpu", "spot"])
    error_message = "a full quota looks like a broken hub"
  }
}

run "a_hub_that_is_away_is_told_in_the_region_that_counts_it" {
  command = plan

  assert {
    condition     = aws_cloudwatch_metric_alarm.hub.region == "us-east-1" && aws_cloudwatch_metric_alarm.hub.treat_missing_data == "breaching"
    error_message = "Route 53's numbers are in us-east-1, and no number is no good news"
  }

  assert {
    condition     = toset([for mail in aws_sns_topic_subscription.mail : mail.region]) == toset(["us-east-1", "us-east-2"])
    error_message = "a topic without readers is an alarm that nobody gets"
  }
}

run "in_us_east_1_there_is_one_topic" {
  command = plan
  variables {
    region = "us-east-1"
  }

  assert {
    condition     = length(aws_sns_topic.alarms) == 1
    error_message = "the same topic twice cannot be made"
  }
}

run "alarms_that_nobody_gets_are_refused" {
  command = plan
  variables {
    alert_emails = []
  }
  expect_failures = [var.alert_emails]
}

run "a_wildcard_repository_is_refused" {
  command = plan
  variables {
    github_repository = "example/*"
  }
  expect_failures = [var.github_repository]
}

run "a_wildcard_environment_is_refused" {
  command = plan
  variables {
    github_environment = "*"
  }
  expect_failures = [var.github_environment]
}

run "a_budget_of_a_typing_slip_is_refused" {
  command = plan
  variables {
    monthly_budget_usd = 150000
  }
  expect_failures = [var.monthly_budget_usd]
}

run "an_unknown_quota_is_refused" {
  command = plan
  variables {
    quotas = ["tpu"]
  }
  expect_failures = [var.quotas]
}
