mock_provider "aws" {
  source          = "../../mocks"
  override_during = plan
}

variables {
  name             = "archive-hub-test"
  cluster_name     = "archive-hub-test"
  parameter_prefix = "/archive-hub/test"
  account_id       = "111122223333"
  region           = "us-east-2"
  host             = "hub.example.org"
  zone_id          = "Z0123456789EXAMPLE"
}

run "user_servers_have_no_aws_identity" {
  command = plan

  assert {
    condition = toset(values(output.service_accounts)) == toset([
      "kube-system/aws-load-balancer-controller", "external-dns/external-dns",
      "external-secrets/external-secrets", "logging/fluent-bit", "kube-system/ebs-csi-controller-sa",
    ])
    error_message = "only these controllers may have a role in AWS"
  }
}

run "a_role_serves_one_service_account_of_one_cluster" {
  command = plan

  assert {
    condition = alltrue([
      for role in aws_iam_role.controller :
      length(jsondecode(role.assume_role_policy).Statement[0].Condition.StringEquals) == 3
    ])
    error_message = "cluster, namespace and service account must all be fixed"
  }
}

run "secrets_of_other_environments_stay_closed" {
  command = plan

  assert {
    condition     = jsondecode(aws_iam_role_policy.controller["external-secrets"].policy).Statement[0].Resource == "arn:aws:ssm:us-east-2:111122223333:parameter/archive-hub/test/*"
    error_message = "external-secrets may read its own environment's parameters only"
  }
}

run "secrets_of_all_environments_at_once_are_refused" {
  command = plan
  variables {
    parameter_prefix = "/archive-hub"
  }
  expect_failures = [var.parameter_prefix]
}
