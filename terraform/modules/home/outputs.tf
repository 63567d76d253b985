output "volume_id" {
  description = "The volume that jupyterhub-home-nfs mounts."
  value       = aws_ebs_volume.home.id
}

output "zone" {
  description = "Where the volume, and so the people's machines, must be."
  value       = aws_ebs_volume.home.availability_zone
}
