output "certificate_arn" {
  description = "Certificate of the load balancer, once proven."
  value       = aws_acm_certificate_validation.hub.certificate_arn
}

output "zone_id" {
  description = "The DNS zone that external-dns writes to."
  value       = data.aws_route53_zone.this.zone_id
}
