output "vpc_id" {
  description = "The VPC."
  value       = aws_vpc.this.id
}

output "private_subnet_ids" {
  description = "Private subnets by zone."
  value       = { for zone, subnet in aws_subnet.private : zone => subnet.id }
}

output "public_subnet_ids" {
  description = "Public subnets by zone; only the load balancer and NAT live there."
  value       = { for zone, subnet in aws_subnet.public : zone => subnet.id }
}

output "nat_gateway_ids" {
  description = "NAT gateways by zone."
  value       = { for zone, gateway in aws_nat_gateway.this : zone => gateway.id }
}

output "s3_route_table_ids" {
  description = "Route tables that reach S3 without NAT: all of them."
  value       = aws_vpc_endpoint.s3.route_table_ids
}
