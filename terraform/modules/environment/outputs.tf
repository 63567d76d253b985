locals {
  registry = "${var.account_id}.dkr.ecr.${var.region}.amazonaws.com/${var.hub_name}"
}

# A warning, not an error: the first apply is what makes the registry.
check "registry" {
  assert {
    condition     = var.registry == local.registry
    error_message = "hub.toml: environments.${var.environment}.registry is ${var.registry}; this environment's images are in ${local.registry}; write that, then `archive-hub render`."
  }
}

output "deployment" {
  description = "What the releases need to know."
  value = {
    host                  = var.host
    region                = var.region
    cluster_name          = module.cluster.name
    cluster_endpoint      = module.cluster.endpoint
    vpc_id                = module.network.vpc_id
    zone                  = module.home.zone
    home_volume_id        = module.home.volume_id
    certificate_arn       = module.edge.certificate_arn
    interruption_queue    = module.karpenter.queue_name
    node_instance_profile = module.karpenter.node_instance_profile
    discovery_tag         = var.hub_name
    registry              = local.registry
    deploy_role_arn       = module.ops.deploy_role_arn
    parameter_prefix      = local.parameter_prefix
    service_accounts      = module.identity.service_accounts
    s3_route_table_ids    = module.network.s3_route_table_ids
  }
}
