mock_provider "aws" {
  source          = "../../mocks"
  override_during = plan
}

variables {
  name             = "archive-hub-test"
  ebs_csi_role_arn = "arn:aws:iam::111122223333:role/archive-hub-test-ebs-csi"
  subnet_ids       = { us-east-2a = "subnet-a", us-east-2b = "subnet-b" }
  core_zone        = "us-east-2a"
  core             = { instance_types = ["m7i.large"], nodes = 2, max_nodes = 3 }
  admin_role_arns  = { operator = "arn:aws:iam::111122223333:role/hub-operator" }
}

run "the_api_is_private_unless_somebody_is_named" {
  command = plan

  assert {
    condition     = aws_eks_cluster.this.vpc_config[0].endpoint_public_access == false
    error_message = "without api_cidrs the Kubernetes API must not be on the internet"
  }
}

run "no_pod_can_ask_for_the_machines_identity" {
  command = plan

  assert {
    condition     = aws_launch_template.core.metadata_options[0].http_put_response_hop_limit == 1
    error_message = "two hops let every pod take the machine's role"
  }
  assert {
    condition     = aws_launch_template.core.metadata_options[0].http_tokens == "required"
    error_message = "without tokens a web request is enough to read the machine's keys"
  }
}

run "core_machines_stand_beside_the_homes" {
  command = plan

  assert {
    condition     = aws_eks_node_group.core.subnet_ids == toset(["subnet-a"])
    error_message = "a volume of homes cannot be attached in another zone"
  }
}

run "the_cluster_is_hard_to_lose" {
  command = plan

  assert {
    condition     = aws_eks_cluster.this.deletion_protection
    error_message = "deletion must be refused by default"
  }
  assert {
    condition     = aws_eks_cluster.this.upgrade_policy[0].support_type == "STANDARD"
    error_message = "extended support costs six times as much"
  }
  assert {
    condition     = aws_eks_cluster.this.access_config[0].authentication_mode == "API"
    error_message = "access must be written here, not in a ConfigMap"
  }
}

run "calico_is_the_only_policy_engine" {
  command = plan

  assert {
    condition     = jsondecode(aws_eks_addon.before_nodes["vpc-cni"].configuration_values).enableNetworkPolicy == "false"
    error_message = "the VPC CNI's engine ignores user servers, which are bare pods"
  }
}

run "the_volume_driver_starts_with_its_role" {
  command = plan

  assert {
    condition     = try(one(aws_eks_addon.after_nodes["aws-ebs-csi-driver"].pod_identity_association).role_arn, null) == var.ebs_csi_role_arn
    error_message = "a pod that starts before its role exists never gets it"
  }
}

run "an_old_kubernetes_is_refused" {
  command = plan
  variables {
    kubernetes_version = "1.30"
  }
  expect_failures = [var.kubernetes_version]
}

run "the_whole_internet_is_refused" {
  command = plan
  variables {
    api_cidrs = ["0.0.0.0/0"]
  }
  expect_failures = [var.api_cidrs]
}

run "a_cluster_without_admin_is_refused" {
  command = plan
  variables {
    admin_role_arns = {}
  }
  expect_failures = [var.admin_role_arns]
}

run "a_person_in_place_of_a_role_is_refused" {
  command = plan
  variables {
    admin_role_arns = { operator = "arn:aws:iam::111122223333:user/operator" }
  }
  expect_failures = [var.admin_role_arns]
}

run "more_core_machines_than_allowed_are_refused" {
  command = plan
  variables {
    core = { instance_types = ["m7i.large"], nodes = 4, max_nodes = 3 }
  }
  expect_failures = [var.core]
}

run "core_machines_in_an_unknown_zone_are_refused" {
  command = plan
  variables {
    core_zone = "us-east-2c"
  }
  expect_failures = [var.core_zone]
}

run "a_name_too_long_for_its_roles_is_refused" {
  command = plan
  variables {
    name = "archive-hub-for-everybody-at-all"
  }
  expect_failures = [var.name]
}
