"""What an operator is told in one line instead of a traceback."""


class Failure(Exception):
    """Something that is not as it should be: where, what, and what to do."""
