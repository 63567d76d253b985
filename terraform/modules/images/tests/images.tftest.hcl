mock_provider "aws" {
  source          = "../../mocks"
  override_during = plan
}

variables {
  prefix = "archive-hub-test"
  images = { base = "archive-hub/base:2026.11.0", hub = "archive-hub/hub:2026.11.0" }
}

run "a_tag_never_changes" {
  command = plan

  assert {
    condition     = alltrue([for repository in aws_ecr_repository.this : repository.image_tag_mutability == "IMMUTABLE"])
    error_message = "a tag that changes makes a rollback a guess"
  }
  assert {
    condition     = aws_ecr_repository.this["base"].name == "archive-hub-test/archive-hub/base"
    error_message = "a repository is named after the environment and the image, without its tag"
  }
}

run "an_image_tagged_latest_is_refused" {
  command = plan
  variables {
    images = { base = "archive-hub/base:latest" }
  }
  expect_failures = [var.images]
}

run "an_image_without_a_tag_is_refused" {
  command = plan
  variables {
    images = { base = "archive-hub/base" }
  }
  expect_failures = [var.images]
}

run "too_few_versions_for_a_rollback_are_refused" {
  command = plan
  variables {
    kept = 1
  }
  expect_failures = [var.kept]
}
