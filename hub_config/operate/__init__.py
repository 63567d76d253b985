"""What an operator does with a hub in the cloud: cost, quotas, day-2 commands."""
