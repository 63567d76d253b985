# The controller's rights.  It starts and ends only what carries this cluster's tags.

locals {
  ec2   = "arn:aws:ec2:${var.region}"
  owned = "kubernetes.io/cluster/${var.cluster_name}"
  made = [
    for kind in ["fleet", "instance", "volume", "network-interface", "launch-template", "spot-instances-request"] :
    "${local.ec2}:*:${kind}/*"
  ]

  policies = {
    start = [
      {
        Sid    = "UseWhatIsThere"
        Effect = "Allow"
        Action = ["ec2:RunInstances", "ec2:CreateFleet"]
        Resource = [
          "${local.ec2}::image/*", "${local.ec2}::snapshot/*", "${local.ec2}:*:security-group/*",
          "${local.ec2}:*:subnet/*", "${local.ec2}:*:capacity-reservation/*",
        ]
      },
      {
        Sid       = "UseOwnTemplates"
        Effect    = "Allow"
        Action    = ["ec2:RunInstances", "ec2:CreateFleet"]
        Resource  = "${local.ec2}:*:launch-template/*"
        Condition = { StringEquals = { "aws:ResourceTag/${local.owned}" = "owned" } }
      },
      {
        Sid      = "MakeOnlyWhatIsTagged"
        Effect   = "Allow"
        Action   = ["ec2:RunInstances", "ec2:CreateFleet", "ec2:CreateLaunchTemplate"]
        Resource = local.made
        Condition = {
          StringEquals = { "aws:RequestTag/${local.owned}" = "owned", "aws:RequestTag/eks:eks-cluster-name" = var.cluster_name }
          StringLike   = { "aws:RequestTag/karpenter.sh/nodepool" = "*" }
        }
      },
      {
        Sid      = "TagWhileMaking"
        Effect   = "Allow"
        Action   = "ec2:CreateTags"
        Resource = local.made
        Condition = {
          StringEquals = {
            "aws:RequestTag/${local.owned}" = "owned"
            "ec2:CreateAction"              = ["RunInstances", "CreateFleet", "CreateLaunchTemplate"]
          }
        }
      },
      {
        Sid      = "NameItsMachines"
        Effect   = "Allow"
        Action   = "ec2:CreateTags"
        Resource = "${local.ec2}:*:instance/*"
        Condition = {
          StringEquals                = { "aws:ResourceTag/${local.owned}" = "owned" }
          "ForAllValues:StringEquals" = { "aws:TagKeys" = ["eks:eks-cluster-name", "karpenter.sh/nodeclaim", "Name"] }
        }
      },
    ]

    end = [{
      Sid       = "EndOnlyItsOwn"
      Effect    = "Allow"
      Action    = ["ec2:TerminateInstances", "ec2:DeleteLaunchTemplate"]
      Resource  = ["${local.ec2}:*:instance/*", "${local.ec2}:*:launch-template/*"]
      Condition = { StringEquals = { "aws:ResourceTag/${local.owned}" = "owned" } }
    }]

    look = [
      {
        Sid    = "LookAtMachines"
        Effect = "Allow"
        Action = [
          "ec2:DescribeCapacityReservations", "ec2:DescribeImages", "ec2:DescribeInstances",
          "ec2:DescribeInstanceStatus", "ec2:DescribeInstanceTypeOfferings", "ec2:DescribeInstanceTypes",
          "ec2:DescribeLaunchTemplates", "ec2:DescribePlacementGroups", "ec2:DescribeSecurityGroups",
          "ec2:DescribeSpotPriceHistory", "ec2:DescribeSubnets",
        ]
        Resource  = "*"
        Condition = { StringEquals = { "aws:RequestedRegion" = var.region } }
      },
      { Sid = "LookAtPrices", Effect = "Allow", Action = "pricing:GetProducts", Resource = "*" },
      { Sid = "LookAtProfiles", Effect = "Allow", Action = "iam:ListInstanceProfiles", Resource = "*" },
      { Sid = "LookAtItsProfile", Effect = "Allow", Action = "iam:GetInstanceProfile", Resource = aws_iam_instance_profile.node.arn },
      { Sid = "FindMachineImages", Effect = "Allow", Action = "ssm:GetParameter", Resource = "arn:aws:ssm:${var.region}::parameter/aws/service/*" },
      {
        Sid      = "LookAtItsCluster"
        Effect   = "Allow"
        Action   = "eks:DescribeCluster"
        Resource = "arn:aws:eks:${var.region}:${var.account_id}:cluster/${var.cluster_name}"
      },
    ]

    hear = [{
      Sid      = "HearInterruptions"
      Effect   = "Allow"
      Action   = ["sqs:DeleteMessage", "sqs:GetQueueUrl", "sqs:ReceiveMessage"]
      Resource = aws_sqs_queue.interruption.arn
    }]

    hand = [{
      Sid       = "HandItsMachinesTheirRole"
      Effect    = "Allow"
      Action    = "iam:PassRole"
      Resource  = aws_iam_role.node.arn
      Condition = { StringEquals = { "iam:PassedToService" = "ec2.amazonaws.com" } }
    }]
  }
}
