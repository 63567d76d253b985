"""Stand-ins of GitHub, the archive and S3: the real protocols on the loopback address.

They are product code: ``make up`` runs them as services of the hub, and the tests use
the same ones, so that what is tested and what people see cannot disagree.
"""
