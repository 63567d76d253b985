# Rights of the AWS load balancer controller: it looks at much and changes only what carries
# its cluster's tag.

locals {
  elb       = "arn:aws:elasticloadbalancing:${var.region}:${var.account_id}"
  own       = { StringEquals = { "aws:ResourceTag/elbv2.k8s.aws/cluster" = var.cluster_name } }
  tagged    = { StringEquals = { "aws:RequestTag/elbv2.k8s.aws/cluster" = var.cluster_name } }
  balancers = ["${local.elb}:loadbalancer/app/*/*", "${local.elb}:targetgroup/*/*"]
  group     = "arn:aws:ec2:${var.region}:${var.account_id}:security-group/*"

  load_balancer = [
    {
      Sid    = "Look"
      Effect = "Allow"
      Action = [
        "acm:ListCertificates", "ec2:DescribeAccountAttributes", "ec2:DescribeAddresses",
        "ec2:DescribeAvailabilityZones", "ec2:DescribeInstances", "ec2:DescribeInternetGateways",
        "ec2:DescribeNetworkInterfaces", "ec2:DescribeRouteTables", "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets", "ec2:DescribeTags", "ec2:DescribeVpcs",
        "elasticloadbalancing:DescribeCapacityReservation", "elasticloadbalancing:DescribeTrustStores",
        "elasticloadbalancing:DescribeListenerAttributes", "elasticloadbalancing:DescribeListenerCertificates",
        "elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeLoadBalancerAttributes",
        "elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeRules",
        "elasticloadbalancing:DescribeTags", "elasticloadbalancing:DescribeTargetGroupAttributes",
        "elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetHealth",
      ]
      Resource = "*"
    },
    {
      Sid      = "LookAtCertificates"
      Effect   = "Allow"
      Action   = "acm:DescribeCertificate"
      Resource = "arn:aws:acm:${var.region}:${var.account_id}:certificate/*"
    },
    {
      Sid       = "MakeTagged"
      Effect    = "Allow"
      Action    = ["elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:CreateTargetGroup"]
      Resource  = local.balancers
      Condition = local.tagged
    },
    {
      Sid    = "TagWhileMaking"
      Effect = "Allow"
      Action = "elasticloadbalancing:AddTags"
      Condition = {
        StringEquals = {
          "aws:RequestTag/elbv2.k8s.aws/cluster" = var.cluster_name
          "elasticloadbalancing:CreateAction"    = ["CreateLoadBalancer", "CreateTargetGroup"]
        }
      }
      Resource = local.balancers
    },
    {
      Sid    = "ChangeItsOwn"
      Effect = "Allow"
      Action = [
        "elasticloadbalancing:AddTags", "elasticloadbalancing:DeleteLoadBalancer", "elasticloadbalancing:DeleteTargetGroup",
        "elasticloadbalancing:ModifyLoadBalancerAttributes", "elasticloadbalancing:ModifyTargetGroup",
        "elasticloadbalancing:ModifyTargetGroupAttributes", "elasticloadbalancing:RemoveTags",
        "elasticloadbalancing:SetIpAddressType", "elasticloadbalancing:SetSecurityGroups", "elasticloadbalancing:SetSubnets",
        "elasticloadbalancing:CreateListener", "elasticloadbalancing:DeregisterTargets", "elasticloadbalancing:RegisterTargets",
      ]
      Resource  = local.balancers
      Condition = local.own
    },
    {
      Sid    = "ChangeListeners"
      Effect = "Allow"
      Action = [
        "elasticloadbalancing:AddListenerCertificates", "elasticloadbalancing:AddTags", "elasticloadbalancing:CreateRule",
        "elasticloadbalancing:DeleteListener", "elasticloadbalancing:DeleteRule", "elasticloadbalancing:ModifyListener",
        "elasticloadbalancing:ModifyListenerAttributes", "elasticloadbalancing:ModifyRule",
        "elasticloadbalancing:RemoveListenerCertificates", "elasticloadbalancing:RemoveTags", "elasticloadbalancing:SetRulePriorities",
      ]
      Resource = ["${local.elb}:listener/app/*/*/*", "${local.elb}:listener-rule/app/*/*/*/*"]
    },
    { Sid = "MakeGroup", Effect = "Allow", Action = ["ec2:CreateSecurityGroup", "ec2:GetSecurityGroupsForVpc"], Resource = "arn:aws:ec2:${var.region}:${var.account_id}:vpc/*" },
    { Sid = "MakeTaggedGroup", Effect = "Allow", Action = "ec2:CreateSecurityGroup", Resource = local.group, Condition = local.tagged },
    {
      Sid       = "TagGroup"
      Effect    = "Allow"
      Action    = "ec2:CreateTags"
      Resource  = local.group
      Condition = { StringEquals = { "aws:RequestTag/elbv2.k8s.aws/cluster" = var.cluster_name, "ec2:CreateAction" = "CreateSecurityGroup" } }
    },
    { Sid = "EndItsGroup", Effect = "Allow", Action = "ec2:DeleteSecurityGroup", Resource = local.group, Condition = local.own },
    # The machines' own group carries no tag of the controller, and must let the balancer in.
    {
      Sid      = "LetTheBalancerIn"
      Effect   = "Allow"
      Action   = ["ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"]
      Resource = local.group
    },
    {
      Sid       = "MakeServiceRole"
      Effect    = "Allow"
      Action    = "iam:CreateServiceLinkedRole"
      Resource  = "arn:aws:iam::${var.account_id}:role/aws-service-role/elasticloadbalancing.amazonaws.com/*"
      Condition = { StringEquals = { "iam:AWSServiceName" = "elasticloadbalancing.amazonaws.com" } }
    },
  ]
}
