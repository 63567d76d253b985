"""Builds, checks and weighs the container images; knows nothing of the hub."""
