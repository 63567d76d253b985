"""Asks the server of a run for its counts, and tells it how slow to be."""

from __future__ import annotations

import json
import urllib.request
from typing import Any


def control(server: str, what: str, method: str = "GET", body: Any = None) -> Any:
    """Send one request to the server's own page `what`; return its answer."""
    request = urllib.request.Request(
        f"{server}/_standin/{what}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.loads(answer.read())
