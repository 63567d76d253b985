"""Two kinds of threads: many that wait for the network, few that decode.

A forked child has none of its parent's threads, so it begins with fresh pools.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

from . import limits


@lru_cache(maxsize=1)
def fetching() -> ThreadPoolExecutor:
    """Return the pool that runs requests."""
    return ThreadPoolExecutor(limits.CONNECTIONS, thread_name_prefix="archive-fetch")


@lru_cache(maxsize=1)
def decoding() -> ThreadPoolExecutor:
    """Return the pool that decodes chunks."""
    return ThreadPoolExecutor(limits.cores(), thread_name_prefix="archive-decode")


def _after_fork() -> None:
    fetching.cache_clear()
    decoding.cache_clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
