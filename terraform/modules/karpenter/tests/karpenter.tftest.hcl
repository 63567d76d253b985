mock_provider "aws" {
  source          = "../../mocks"
  override_during = plan
}

variables {
  cluster_name = "archive-hub-test"
  account_id   = "111122223333"
  region       = "us-east-2"
}

run "all_four_warnings_reach_the_queue" {
  command = plan

  assert {
    condition     = length(aws_cloudwatch_event_target.this) == 4 && alltrue([for target in aws_cloudwatch_event_target.this : target.arn == aws_sqs_queue.interruption.arn])
    error_message = "spot, rebalance, state and health events must reach Karpenter"
  }
}

run "the_controller_may_not_write_iam" {
  command = plan

  assert {
    condition = alltrue([
      for policy in aws_iam_role_policy.controller : alltrue([
        for action in flatten([for statement in jsondecode(policy.policy).Statement : statement.Action]) :
        !startswith(action, "iam:") || contains(["iam:PassRole", "iam:GetInstanceProfile", "iam:ListInstanceProfiles"], action)
      ])
    ])
    error_message = "the instance profile is made here so that the controller writes no IAM"
  }
}

run "the_controller_makes_and_ends_only_its_own" {
  command = plan

  assert {
    condition = alltrue([
      for statement in flatten([for policy in aws_iam_role_policy.controller : jsondecode(policy.policy).Statement]) :
      can(statement.Condition) if length(setintersection(flatten([statement.Action]), ["ec2:TerminateInstances", "ec2:DeleteLaunchTemplate", "ec2:CreateLaunchTemplate", "ec2:CreateTags", "iam:PassRole"])) > 0
    ])
    error_message = "ending, tagging and handing on a role must be bound to this cluster's tags"
  }
}

run "machines_may_join_and_carry_the_named_profile" {
  command = plan

  assert {
    condition     = aws_eks_access_entry.node.type == "EC2_LINUX" && output.node_instance_profile == "archive-hub-test-node"
    error_message = "a machine without an access entry never joins"
  }
}
