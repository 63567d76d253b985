"""Links that come in from other sites: what they name is read anew, or refused."""
