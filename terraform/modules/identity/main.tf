# Which controller of the cluster may do what in AWS.  User servers have no entry here, and so
# no identity at all: the archive's bucket is read anonymously.

locals {
  controllers = {
    load-balancer    = { namespace = "kube-system", service_account = "aws-load-balancer-controller", statements = local.load_balancer }
    external-dns     = { namespace = "external-dns", service_account = "external-dns", statements = local.external_dns }
    external-secrets = { namespace = "external-secrets", service_account = "external-secrets", statements = local.external_secrets }
    fluent-bit       = { namespace = "logging", service_account = "fluent-bit", statements = local.fluent_bit }
    ebs-csi          = { namespace = "kube-system", service_account = "ebs-csi-controller-sa", statements = [] }
  }
}

resource "aws_iam_role" "controller" {
  for_each = local.controllers
  name     = "${var.name}-${each.key}"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = ["sts:AssumeRole", "sts:TagSession"]
      Principal = { Service = "pods.eks.amazonaws.com" }
      Condition = {
        StringEquals = {
          "aws:RequestTag/eks-cluster-name"           = var.cluster_name
          "aws:RequestTag/kubernetes-namespace"       = each.value.namespace
          "aws:RequestTag/kubernetes-service-account" = each.value.service_account
        }
      }
    }]
  })
}

resource "aws_iam_role_policy" "controller" {
  for_each = { for name, controller in local.controllers : name => controller if length(controller.statements) > 0 }
  name     = each.key
  role     = aws_iam_role.controller[each.key].id
  policy   = jsonencode({ Version = "2012-10-17", Statement = each.value.statements })
}

# Volumes of the hub's database and of monitoring; AWS keeps this policy current with the add-on,
# which also ties the role to its pods: they would start without it if it came after them.
resource "aws_iam_role_policy_attachment" "ebs_csi" {
  role       = aws_iam_role.controller["ebs-csi"].name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicy"
}

resource "aws_eks_pod_identity_association" "controller" {
  for_each        = { for name, controller in local.controllers : name => controller if name != "ebs-csi" }
  cluster_name    = var.cluster_name
  namespace       = each.value.namespace
  service_account = each.value.service_account
  role_arn        = aws_iam_role.controller[each.key].arn
}
