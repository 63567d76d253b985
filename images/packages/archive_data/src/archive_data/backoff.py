"""When to try again, and when to give up: full jitter, few tries, never a hang."""

from __future__ import annotations

import random
import time

from .errors import TransferFailed
from .stats import count

TRIES = 6

#: The wait before try n is a random part of ``FIRST_WAIT_S * 2**n``, at most
#: `MOST_WAIT_S`.
FIRST_WAIT_S, MOST_WAIT_S = 0.1, 5.0


class Backoff:
    """Counts the failures of one read in a row.

    Parameters
    ----------
    what : str
        Names the read in the error, as in ``"s3://bucket/key, bytes 0 to 99"``.
    """

    def __init__(self, what: str) -> None:
        self.what, self.failures = what, 0

    def failed(self, why: object) -> None:
        """Wait before the next try.

        Raises
        ------
        TransferFailed
            It was the last one.
        """
        self.failures += 1
        count("retries")
        if self.failures >= TRIES:
            raise TransferFailed(
                f"{self.what}: not read in {TRIES} tries, the last said {str(why)!r}; "
                "check the network and try again"
            )
        longest = min(MOST_WAIT_S, FIRST_WAIT_S * 2**self.failures)
        time.sleep(random.uniform(0, longest))

    def progressed(self) -> None:
        """Forget the failures: some of the body arrived."""
        self.failures = 0
