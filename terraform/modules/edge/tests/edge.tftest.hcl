mock_provider "aws" {
  source          = "../../mocks"
  override_during = plan
}

variables {
  name            = "archive-hub-test"
  host            = "hub.example.org"
  zone_name       = "example.org"
  alarm_topic_arn = "arn:aws:sns:us-east-2:111122223333:alarms"
}

run "one_record_proves_host_and_wildcard" {
  command = plan

  assert {
    condition     = contains(aws_acm_certificate.hub.subject_alternative_names, "*.hub.example.org")
    error_message = "each person's server has a subdomain of its own"
  }
  assert {
    condition     = length(aws_route53_record.proof) == 1
    error_message = "host and wildcard share a record; a second one of the same name is refused by AWS"
  }
}

run "a_host_outside_the_zone_is_refused" {
  command = plan
  variables {
    zone_name = "example.com"
  }
  expect_failures = [var.host]
}

run "an_address_in_place_of_a_name_is_refused" {
  command = plan
  variables {
    host = "https://hub.example.org"
  }
  expect_failures = [var.host]
}
