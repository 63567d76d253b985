"""When to try again, and when to give up: full jitter, few tries, never a hang."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from .errors import TransferFailed
from .stats import count

TRIES = 6

Wait = Callable[[float], None]

#: The wait before try n is a random part of ``FIRST_WAIT_S * 2**n``, at most
#: `MOST_WAIT_S`.
FIRST_WAIT_S, MOST_WAIT_S = 0.1, 5.0


class Backoff:
    """Counts the failures of one read in a row.

    Parameters
    ----------
    what : str
        Names the read in the error, as in ``"s3://bucket/key, bytes 0 to 99"``.
    wait : callable
        Waits so many seconds; raises if nobody wants the bytes any more.
    """

    def __init__(self, what: str, wait: Wait = time.sleep) -> None:
        self.what, self.wait, self.failures = what, wait, 0

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
        self.wait(random.uniform(0, longest))

    def progressed(self) -> None:
        """Forget the failures: some of the body arrived."""
        self.failures = 0
