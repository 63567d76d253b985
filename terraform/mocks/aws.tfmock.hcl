# What AWS would answer, for tests: the few values that the configuration looks into.

mock_resource "aws_eks_cluster" {
  defaults = {
    arn        = "arn:aws:eks:us-east-2:111122223333:cluster/archive-hub-test"
    version    = "1.35"
    vpc_config = { cluster_security_group_id = "sg-0123456789abcdef0" }
  }
}

mock_resource "aws_iam_role" {
  defaults = { arn = "arn:aws:iam::111122223333:role/mocked" }
}

mock_resource "aws_iam_instance_profile" {
  defaults = { arn = "arn:aws:iam::111122223333:instance-profile/mocked" }
}

mock_resource "aws_sqs_queue" {
  defaults = { arn = "arn:aws:sqs:us-east-2:111122223333:mocked" }
}

mock_resource "aws_ecr_repository" {
  defaults = { arn = "arn:aws:ecr:us-east-2:111122223333:repository/mocked" }
}

mock_resource "aws_cloudwatch_log_group" {
  defaults = { arn = "arn:aws:logs:us-east-2:111122223333:log-group:mocked" }
}

mock_resource "aws_s3_bucket" {
  defaults = { arn = "arn:aws:s3:::archive-hub-state-111122223333" }
}

mock_resource "aws_kms_key" {
  defaults = { arn = "arn:aws:kms:us-east-2:111122223333:key/00000000-0000-0000-0000-000000000000" }
}

mock_resource "aws_acm_certificate" {
  defaults = {
    domain_validation_options = [
      {
        domain_name           = "hub.example.org"
        resource_record_name  = "_proof.hub.example.org"
        resource_record_type  = "CNAME"
        resource_record_value = "_value.acm-validations.aws"
      },
      {
        domain_name           = "*.hub.example.org"
        resource_record_name  = "_proof.hub.example.org"
        resource_record_type  = "CNAME"
        resource_record_value = "_value.acm-validations.aws"
      },
    ]
  }
}

mock_data "aws_region" {
  defaults = { region = "us-east-2" }
}

mock_data "aws_route53_zone" {
  defaults = { zone_id = "Z0123456789EXAMPLE" }
}

mock_data "aws_iam_openid_connect_provider" {
  defaults = { arn = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com" }
}
