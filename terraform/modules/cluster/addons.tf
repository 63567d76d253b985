# What AWS keeps current inside the cluster.  Policies are enforced by Calico (helm/platform):
# the VPC CNI's own engine ignores pods without an owner, and KubeSpawner's have none.

locals {
  addons = {
    vpc-cni = {
      before_nodes = true
      settings = {
        enableNetworkPolicy = "false"
        env                 = { ENABLE_PREFIX_DELEGATION = "true", WARM_PREFIX_TARGET = "1" }
      }
    }
    kube-proxy             = { before_nodes = true, settings = {} }
    eks-pod-identity-agent = { before_nodes = true, settings = {} }
    coredns                = { before_nodes = false, roles = {} }
    aws-ebs-csi-driver     = { before_nodes = false, roles = { ebs-csi-controller-sa = var.ebs_csi_role_arn } }
  }
}

data "aws_eks_addon_version" "recommended" {
  for_each           = local.addons
  addon_name         = each.key
  kubernetes_version = aws_eks_cluster.this.version
}

# A machine without a network never becomes ready, so these come first.
resource "aws_eks_addon" "before_nodes" {
  for_each                    = { for name, addon in local.addons : name => addon if addon.before_nodes }
  cluster_name                = aws_eks_cluster.this.name
  addon_name                  = each.key
  addon_version               = lookup(var.addon_versions, each.key, data.aws_eks_addon_version.recommended[each.key].version)
  configuration_values        = length(each.value.settings) > 0 ? jsonencode(each.value.settings) : null
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "OVERWRITE"
}

# These run as pods and would wait for a machine.
resource "aws_eks_addon" "after_nodes" {
  for_each                    = { for name, addon in local.addons : name => addon if !addon.before_nodes }
  cluster_name                = aws_eks_cluster.this.name
  addon_name                  = each.key
  addon_version               = lookup(var.addon_versions, each.key, data.aws_eks_addon_version.recommended[each.key].version)
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "OVERWRITE"

  dynamic "pod_identity_association" {
    for_each = each.value.roles
    content {
      service_account = pod_identity_association.key
      role_arn        = pod_identity_association.value
    }
  }

  depends_on = [aws_eks_node_group.core]
}
