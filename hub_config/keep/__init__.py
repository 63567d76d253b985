"""What must not be lost: backups, homes, the hub's database, and their way back."""
