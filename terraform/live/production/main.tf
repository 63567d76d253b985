# This environment.  The files of staging and production are the same but for their values
# (terraform.tfvars, and hub.auto.tfvars.json, which `archive-hub render` writes).

terraform {
  required_version = ">= 1.11"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.47"
    }
  }

  # The bucket is bootstrap's; its name comes with `terraform init -backend-config=bucket=NAME`.
  backend "s3" {
    key          = "archive-hub/production.tfstate"
    encrypt      = true
    use_lockfile = true
  }
}

provider "aws" {
  region = var.region

  # Credentials of another account stop here, before anything is made.
  allowed_account_ids = [var.account_id]

  default_tags {
    tags = { hub = var.hub_name }
  }
}

module "environment" {
  source = "../../modules/environment"

  hub_name       = var.hub_name
  host           = var.host
  region         = var.region
  registry       = var.registry
  images         = var.images
  home_quota_gib = var.home_quota_gib
  node_pools     = var.node_pools

  environment         = var.environment
  account_id          = var.account_id
  cidr                = var.cidr
  zones               = var.zones
  zone_name           = var.zone_name
  core_nodes          = var.core_nodes
  home_size_gib       = var.home_size_gib
  home_snapshot_id    = var.home_snapshot_id
  kubernetes_version  = var.kubernetes_version
  nat_per_zone        = var.nat_per_zone
  api_cidrs           = var.api_cidrs
  admin_role_arns     = var.admin_role_arns
  github_repository   = var.github_repository
  monthly_budget_usd  = var.monthly_budget_usd
  alert_emails        = var.alert_emails
  activate_cost_tags  = var.activate_cost_tags
  deletion_protection = var.deletion_protection
}

output "deployment" {
  description = "What the releases need to know."
  value       = module.environment.deployment
}
