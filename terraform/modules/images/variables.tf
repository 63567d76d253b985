variable "images" {
  description = "Images by name, as in hub.toml: repository:tag."
  type        = map(string)

  validation {
    condition     = length(var.images) > 0 && alltrue([for image in values(var.images) : can(regex("^[a-z0-9./-]+:[A-Za-z0-9_.-]+$", image))])
    error_message = "images must be repository:tag, lower case."
  }
  validation {
    condition     = alltrue([for image in values(var.images) : !endswith(image, ":latest")])
    error_message = "images must not be tagged latest: nobody could say what runs, or go back."
  }
}

variable "prefix" {
  description = "Put before each repository, so that two environments of one account do not meet."
  type        = string
}

variable "kept" {
  description = "How many versions of each image are kept."
  type        = number
  default     = 10

  validation {
    condition     = var.kept >= 3
    error_message = "kept must be at least 3: a rollback needs the versions before."
  }
}

variable "force_delete" {
  description = "Whether destroying takes repositories that still hold images."
  type        = bool
  default     = false
}

variable "pull_through" {
  description = "Public registries that are mirrored here on first use, by prefix, e.g. { quay = \"quay.io\" }."
  type        = map(string)
  default     = {}
}
