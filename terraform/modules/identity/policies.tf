# Rights of the small controllers.

locals {
  external_dns = [
    {
      Sid      = "WriteTheHubsNames"
      Effect   = "Allow"
      Action   = "route53:ChangeResourceRecordSets"
      Resource = "arn:aws:route53:::hostedzone/${var.zone_id}"
      Condition = {
        "ForAllValues:StringLike" = {
          # The last pattern is external-dns's own note of which records are its.
          "route53:ChangeResourceRecordSetsNormalizedRecordNames" = [
            var.host, "*.${var.host}", "\\052.${var.host}", "*-${var.host}", "*-\\052.${var.host}",
          ]
        }
      }
    },
    { Sid = "ReadTheZone", Effect = "Allow", Action = "route53:ListResourceRecordSets", Resource = "arn:aws:route53:::hostedzone/${var.zone_id}" },
    { Sid = "FindTheZone", Effect = "Allow", Action = ["route53:ListHostedZones", "route53:ListTagsForResources"], Resource = "*" },
  ]

  external_secrets = [{
    Sid      = "ReadItsParameters"
    Effect   = "Allow"
    Action   = ["ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"]
    Resource = "arn:aws:ssm:${var.region}:${var.account_id}:parameter${var.parameter_prefix}/*"
  }]

  fluent_bit = [{
    Sid      = "WriteTheHubsLogs"
    Effect   = "Allow"
    Action   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents", "logs:PutRetentionPolicy"]
    Resource = ["arn:aws:logs:${var.region}:${var.account_id}:log-group:/hub/${var.name}/*"]
  }]
}
