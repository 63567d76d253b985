mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name  = "archive-hub-test"
  cidr  = "10.42.0.0/16"
  zones = ["us-east-2a", "us-east-2b"]
}

# Applied, since which tables there are is known only then.
run "archive_reads_and_layers_bypass_nat_on_every_route_table" {
  command = apply

  assert {
    condition     = length(aws_vpc_endpoint.s3.route_table_ids) == 1 + length(var.zones)
    error_message = "a route table without the S3 endpoint sends archive data through NAT, 45 USD a TB"
  }
  assert {
    condition     = aws_vpc_endpoint.s3.vpc_endpoint_type == "Gateway"
    error_message = "an interface endpoint costs by the GB; the gateway endpoint is free"
  }
}

run "one_nat_gateway_serves_all_zones" {
  command = plan

  assert {
    condition     = length(aws_nat_gateway.this) == 1
    error_message = "each NAT gateway more costs 33 USD a month"
  }
}

run "each_zone_may_have_its_own_nat_gateway" {
  command = plan
  variables {
    nat_per_zone = true
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 2
    error_message = "nat_per_zone must give one for each zone"
  }
}

run "reordering_zones_moves_no_subnet" {
  command = plan
  variables {
    zones = ["us-east-2c", "us-east-2a"]
  }

  assert {
    condition     = aws_subnet.private["us-east-2a"].cidr_block == "10.42.0.0/19"
    error_message = "a subnet's range must depend on its zone's letter only: moving it destroys machines"
  }
}

run "subnets_give_no_machine_a_public_address" {
  command = plan

  assert {
    condition     = alltrue([for subnet in aws_subnet.public : subnet.map_public_ip_on_launch != true])
    error_message = "a public address on a machine bypasses the load balancer"
  }
}

run "shared_address_space_is_refused" {
  command = plan
  variables {
    cidr = "100.64.0.0/16"
  }
  expect_failures = [var.cidr]
}

run "a_range_that_is_none_is_refused" {
  command = plan
  variables {
    cidr = "10.42.0.0/33"
  }
  expect_failures = [var.cidr]
}

run "a_range_that_overlaps_services_is_refused" {
  command = plan
  variables {
    cidr = "172.20.0.0/16"
  }
  expect_failures = [var.cidr]
}

run "a_range_too_small_for_pods_is_refused" {
  command = plan
  variables {
    cidr = "10.42.0.0/24"
  }
  expect_failures = [var.cidr]
}

run "a_single_zone_is_refused" {
  command = plan
  variables {
    zones = ["us-east-2a"]
  }
  expect_failures = [var.zones]
}
