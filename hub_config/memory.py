"""Gives memory that the hub freed back to the system, for whoever else needs it.

After a thousand logins and starts glibc keeps some megabytes that hold nothing, between
others that do.
"""

from __future__ import annotations

import ctypes

from tornado.ioloop import PeriodicCallback

TRIM_EVERY_S = 15


def trim() -> None:
    """Give back what is free, where the C library can: glibc; musl and macOS cannot."""
    if malloc_trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
        malloc_trim(0)


def keep_small() -> None:
    """Begin to give back, every few seconds; the event loop must run."""
    PeriodicCallback(trim, 1000 * TRIM_EVERY_S).start()
