variable "name" {
  description = "Name of the environment."
  type        = string
}

variable "zone" {
  description = "Availability zone of the volume; people's machines must be in the same one."
  type        = string
}

variable "size_gib" {
  description = "Size of the volume that holds all homes, in GiB; it is billed whole and can only grow."
  type        = number

  validation {
    condition     = var.size_gib >= 10 * var.quota_gib
    error_message = "size_gib must hold at least ten full homes (10 x home_quota_gib)."
  }
  validation {
    condition     = var.size_gib <= 16384 && floor(var.size_gib) == var.size_gib
    error_message = "size_gib must be a whole number up to 16384, the largest gp3 volume everywhere."
  }
}

variable "quota_gib" {
  description = "What one person may keep, in GiB, as in hub.toml."
  type        = number
}

variable "throughput_mib_s" {
  description = "Throughput of the volume in MiB/s; above 125 it costs 0.04 USD a month each."
  type        = number
  default     = 250

  validation {
    condition     = var.throughput_mib_s >= 125 && var.throughput_mib_s <= 1000
    error_message = "throughput_mib_s must be between 125 and 1000."
  }
  validation {
    condition     = var.throughput_mib_s <= var.iops / 4
    error_message = "throughput_mib_s needs four iops for each MiB/s; raise iops."
  }
}

variable "iops" {
  description = "Operations a second; above 3000 each costs 0.005 USD a month."
  type        = number
  default     = 3000

  validation {
    condition     = var.iops >= 3000 && var.iops <= 16000
    error_message = "iops must be between 3000 and 16000."
  }
}

variable "snapshot_id" {
  description = "Make the volume from this snapshot, when rebuilding after a loss; null for an empty one."
  type        = string
  default     = null
}

variable "snapshots_kept" {
  description = "How many daily snapshots are kept."
  type        = number
  default     = 14

  validation {
    condition     = var.snapshots_kept >= 7 && var.snapshots_kept <= 90
    error_message = "snapshots_kept must be between 7 and 90 days."
  }
}

variable "alarm_topic_arn" {
  description = "SNS topic that is told when the volume is the bottleneck."
  type        = string
}
