# Values of this environment that only AWS needs.  The account and the addresses are examples:
# Terraform refuses any account but the one named here.

environment = "production"
account_id  = "111122223333"

cidr      = "10.42.0.0/16"
zones     = ["us-east-2a", "us-east-2b"]
zone_name = "example.org"

core_nodes    = 2
home_size_gib = 500

api_cidrs       = ["203.0.113.0/24"]
admin_role_arns = { operator = "arn:aws:iam::111122223333:role/hub-operator" }

github_repository  = "example/archive-hub"
monthly_budget_usd = 1500
alert_emails       = ["operator@example.org"]
