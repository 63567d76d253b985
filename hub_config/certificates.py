"""The certificates that this machine trusts, read once.

A client of its own for each question would read them each time, which takes longer than
to ask: 50 ms.
"""

from __future__ import annotations

import ssl
from functools import cache

import httpx


@cache
def trusted() -> ssl.SSLContext:
    """Return what `verify=` of a short-lived httpx client wants."""
    return httpx.create_ssl_context()
