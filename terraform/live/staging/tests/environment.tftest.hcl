mock_provider "aws" {
  source          = "../../mocks"
  override_during = plan
}

run "the_values_of_this_environment_are_accepted" {
  command = plan
  variables {
    # hub.toml learns it from the first apply.
    registry = "${var.account_id}.dkr.ecr.${var.region}.amazonaws.com/${var.hub_name}"
  }

  assert {
    condition     = output.deployment.cluster_name == var.hub_name && output.deployment.host == var.host
    error_message = "the environment must carry its own name and host"
  }
}
