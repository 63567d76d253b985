# The core machines: hub, proxy, gateway, home server and controllers.  All others are
# Karpenter's, which itself runs here.

resource "aws_iam_role" "core" {
  name_prefix = "${var.name}-core-"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ec2.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "core" {
  for_each = toset([
    "AmazonEKSWorkerNodePolicy",
    "AmazonEKS_CNI_Policy",
    "AmazonEC2ContainerRegistryPullOnly",
    "AmazonSSMManagedInstanceCore", # a shell without ssh, keys or an open port
  ])
  role       = aws_iam_role.core.name
  policy_arn = "arn:aws:iam::aws:policy/${each.key}"
}

resource "aws_launch_template" "core" {
  name_prefix            = "${var.name}-core-"
  update_default_version = true

  # One hop ends at the machine: no pod can ask for the machine's identity.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  block_device_mappings {
    device_name = "/dev/xvda"
    ebs {
      volume_size           = 80
      volume_type           = "gp3"
      encrypted             = true
      delete_on_termination = true
    }
  }

  # The provider's default tags do not reach what the group starts.
  dynamic "tag_specifications" {
    for_each = toset(["instance", "volume", "network-interface"])
    content {
      resource_type = tag_specifications.value
      tags          = { Name = "${var.name}-core", hub = var.name, "hub/purpose" = "core" }
    }
  }
}

resource "aws_eks_node_group" "core" {
  cluster_name    = aws_eks_cluster.this.name
  node_group_name = "core"
  node_role_arn   = aws_iam_role.core.arn
  subnet_ids      = [var.subnet_ids[var.core_zone]]
  ami_type        = "AL2023_x86_64_STANDARD"
  instance_types  = var.core.instance_types
  capacity_type   = "ON_DEMAND"
  labels          = { "hub.jupyter.org/node-pool" = "core", "hub.jupyter.org/node-purpose" = "core" }

  scaling_config {
    min_size     = var.core.nodes
    max_size     = var.core.max_nodes
    desired_size = var.core.nodes
  }

  launch_template {
    id      = aws_launch_template.core.id
    version = aws_launch_template.core.latest_version
  }

  update_config {
    max_unavailable = 1
  }

  node_repair_config {
    enabled = true
  }

  lifecycle {
    ignore_changes = [scaling_config[0].desired_size]
  }

  depends_on = [aws_iam_role_policy_attachment.core, aws_eks_addon.before_nodes]
}

# Karpenter finds the group that its machines join by this tag.
resource "aws_ec2_tag" "discovery" {
  resource_id = aws_eks_cluster.this.vpc_config[0].cluster_security_group_id
  key         = "karpenter.sh/discovery"
  value       = var.name
}
