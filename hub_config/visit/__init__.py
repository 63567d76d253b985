"""A person as a program: logs in, starts a server, runs cells, stops."""
