# The certificate: for the hub and, by wildcard, for each person's own subdomain.

data "aws_route53_zone" "this" {
  name         = var.zone_name
  private_zone = false
}

resource "aws_acm_certificate" "hub" {
  domain_name               = var.host
  subject_alternative_names = ["*.${var.host}"]
  validation_method         = "DNS"
  tags                      = { Name = var.name }

  lifecycle {
    create_before_destroy = true
  }
}

# The wildcard is proven by the same record as the host itself: one record, not two.
resource "aws_route53_record" "proof" {
  for_each = {
    for proof in aws_acm_certificate.hub.domain_validation_options : proof.domain_name => proof
    if proof.domain_name == var.host
  }
  zone_id = data.aws_route53_zone.this.zone_id
  name    = each.value.resource_record_name
  type    = each.value.resource_record_type
  records = [each.value.resource_record_value]
  ttl     = 300
}

resource "aws_acm_certificate_validation" "hub" {
  certificate_arn         = aws_acm_certificate.hub.arn
  validation_record_fqdns = [for record in aws_route53_record.proof : record.fqdn]
}

# AWS renews by itself 60 days before the end, as long as the record stands.
resource "aws_cloudwatch_metric_alarm" "expiry" {
  alarm_name          = "${var.name}-certificate"
  alarm_description   = "The certificate ends in 30 days and did not renew; see docs/howto/alarms.md"
  namespace           = "AWS/CertificateManager"
  metric_name         = "DaysToExpiry"
  dimensions          = { CertificateArn = aws_acm_certificate.hub.arn }
  statistic           = "Minimum"
  period              = 86400
  evaluation_periods  = 1
  comparison_operator = "LessThanThreshold"
  threshold           = 30
  alarm_actions       = [var.alarm_topic_arn]
}
