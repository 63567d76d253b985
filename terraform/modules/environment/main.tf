# One environment: the eight modules, wired.  Staging and production differ in values only.

locals {
  parameter_prefix = "/archive-hub/${var.environment}"

  quotas = toset([
    for pool in values(var.node_pools) : pool.gpus > 0 ? "gpu" : pool.capacity == "spot" ? "spot" : "standard"
  ])
}

module "network" {
  source       = "../network"
  name         = var.hub_name
  cidr         = var.cidr
  zones        = var.zones
  nat_per_zone = var.nat_per_zone
}

module "cluster" {
  source              = "../cluster"
  name                = var.hub_name
  kubernetes_version  = var.kubernetes_version
  subnet_ids          = module.network.private_subnet_ids
  core_zone           = var.zones[0]
  api_cidrs           = var.api_cidrs
  admin_role_arns     = merge(var.admin_role_arns, { deploy = module.ops.deploy_role_arn })
  deletion_protection = var.deletion_protection
  ebs_csi_role_arn    = module.identity.ebs_csi_role_arn
  core = {
    instance_types = var.node_pools["core"].instance_types
    nodes          = var.core_nodes
    max_nodes      = var.node_pools["core"].max_nodes
  }
}

module "karpenter" {
  source       = "../karpenter"
  cluster_name = module.cluster.name
  account_id   = var.account_id
  region       = var.region
}

module "identity" {
  source           = "../identity"
  parameter_prefix = local.parameter_prefix
  name             = var.hub_name
  cluster_name     = module.cluster.name
  account_id       = var.account_id
  region           = var.region
  host             = var.host
  zone_id          = module.edge.zone_id
}

module "home" {
  source          = "../home"
  name            = var.hub_name
  zone            = var.zones[0]
  size_gib        = var.home_size_gib
  quota_gib       = var.home_quota_gib
  snapshot_id     = var.home_snapshot_id
  alarm_topic_arn = module.ops.alarm_topic_arn
}

module "images" {
  source       = "../images"
  prefix       = var.hub_name
  images       = var.images
  force_delete = !var.deletion_protection
}

module "edge" {
  source          = "../edge"
  name            = var.hub_name
  host            = var.host
  zone_name       = var.zone_name
  alarm_topic_arn = module.ops.alarm_topic_arn
}

module "ops" {
  source             = "../ops"
  name               = var.hub_name
  host               = var.host
  account_id         = var.account_id
  region             = var.region
  monthly_budget_usd = var.monthly_budget_usd
  alert_emails       = var.alert_emails
  github_repository  = var.github_repository
  github_environment = var.environment
  repository_arns    = module.images.repository_arns
  quotas             = local.quotas
  nat_gateway_ids    = module.network.nat_gateway_ids
  activate_cost_tags = var.activate_cost_tags
}
