# What checkov must notice; only ever copied beside the tree under test.

resource "aws_security_group" "open" { # CKV_AWS_24
  name        = "open"
  description = "ssh to the world"
  vpc_id      = "vpc-0123456789abcdef0"
  ingress {
    description = "ssh"
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_efs_file_system" "clear" { # CKV_AWS_42
  encrypted = false
}

resource "aws_eks_cluster" "open" { # CKV_AWS_38
  name     = "open"
  role_arn = "arn:aws:iam::111122223333:role/eks"
  vpc_config {
    subnet_ids             = ["subnet-0123456789abcdef0"]
    endpoint_public_access = true
    public_access_cidrs    = ["0.0.0.0/0"]
  }
}

resource "aws_iam_policy" "everything" { # CKV_AWS_62
  name = "everything"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "*", Resource = "*" }]
  })
}

resource "aws_launch_template" "old" { # CKV_AWS_79
  metadata_options {
    http_tokens = "optional"
  }
}
