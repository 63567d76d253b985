mock_provider "aws" {
  source          = "../mocks"
  override_during = plan
}

variables {
  account_id = "111122223333"
}

run "the_state_can_be_brought_back_and_is_closed" {
  command = plan

  assert {
    condition     = aws_s3_bucket_versioning.state.versioning_configuration[0].status == "Enabled"
    error_message = "a state that was overwritten must come back"
  }
  assert {
    condition     = aws_s3_bucket_public_access_block.state.block_public_policy && aws_s3_bucket_public_access_block.state.restrict_public_buckets
    error_message = "the state must never be public"
  }
}

run "an_account_that_is_none_is_refused" {
  command = plan
  variables {
    account_id = "production"
  }
  expect_failures = [var.account_id]
}

run "a_region_that_is_none_is_refused" {
  command = plan
  variables {
    region = "ohio"
  }
  expect_failures = [var.region]
}
