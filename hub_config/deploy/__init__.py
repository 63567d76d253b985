"""A hub in a cluster: what it consists of, what a change does to whom, and its end."""
