mock_provider "aws" {
  source          = "../../mocks"
  override_during = plan
}

variables {
  hub_name       = "archive-hub-test"
  host           = "hub.example.org"
  region         = "us-east-2"
  registry       = "111122223333.dkr.ecr.us-east-2.amazonaws.com/archive-hub-test"
  home_quota_gib = 50
  images         = { base = "archive-hub/base:2026.11.0", hub = "archive-hub/hub:2026.11.0" }
  node_pools = {
    core     = { instance_types = ["m7i.large"], max_nodes = 3, capacity = "on-demand", gpus = 0 }
    user-gpu = { instance_types = ["g4dn.2xlarge"], max_nodes = 10, capacity = "on-demand", gpus = 1 }
    dask     = { instance_types = ["m7i.4xlarge"], max_nodes = 20, capacity = "spot", gpus = 0 }
  }

  environment        = "test"
  account_id         = "111122223333"
  cidr               = "10.42.0.0/16"
  zones              = ["us-east-2a", "us-east-2b"]
  zone_name          = "example.org"
  home_size_gib      = 500
  admin_role_arns    = { operator = "arn:aws:iam::111122223333:role/hub-operator" }
  github_repository  = "example/archive-hub"
  monthly_budget_usd = 1500
  alert_emails       = ["operator@example.org"]
}

run "the_releases_are_told_what_they_need" {
  command = plan

  assert {
    condition     = output.deployment.node_instance_profile == "archive-hub-test-node" && output.deployment.zone == "us-east-2a"
    error_message = "Karpenter's machines need their profile, and the homes' zone"
  }
  assert {
    condition     = output.deployment.registry == "111122223333.dkr.ecr.us-east-2.amazonaws.com/archive-hub-test"
    error_message = "the registry is the account's own, in the region"
  }
}

run "a_registry_elsewhere_is_told" {
  command = plan
  variables {
    registry = "localhost"
  }
  expect_failures = [check.registry]
}

run "a_hub_without_a_core_pool_is_refused" {
  command = plan
  variables {
    node_pools = { user-cpu = { instance_types = ["m7i.4xlarge"], max_nodes = 20, capacity = "on-demand", gpus = 0 } }
  }
  expect_failures = [var.node_pools]
}

run "a_core_pool_on_spot_is_refused" {
  command = plan
  variables {
    node_pools = { core = { instance_types = ["m7i.large"], max_nodes = 3, capacity = "spot", gpus = 0 } }
  }
  expect_failures = [var.node_pools]
}

run "a_thousand_machines_are_refused" {
  command = plan
  variables {
    node_pools = { core = { instance_types = ["m7i.large"], max_nodes = 1000, capacity = "on-demand", gpus = 0 } }
  }
  expect_failures = [var.node_pools]
}

run "zones_of_another_region_are_refused" {
  command = plan
  variables {
    zones = ["us-west-2a", "us-west-2b"]
  }
  expect_failures = [var.zones]
}

run "a_region_that_is_none_is_refused" {
  command = plan
  variables {
    region = "ohio"
  }
  expect_failures = [var.region]
}

run "an_environment_without_an_admin_is_refused" {
  command = plan
  variables {
    admin_role_arns = {}
  }
  expect_failures = [var.admin_role_arns]
}

run "an_account_that_is_none_is_refused" {
  command = plan
  variables {
    account_id = "1111-2222-3333"
  }
  expect_failures = [var.account_id]
}
