"""``archive-hub rehearse``: stand-in people walk through the tutorial beforehand."""
