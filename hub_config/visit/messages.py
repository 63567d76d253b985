"""What a browser and a kernel say to each other about a cell.

Jupyter's messaging protocol 5.3, as `server` and the crowd of a rehearsal speak it.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass
class Output:
    """What a cell printed, and how it ended."""

    text: str = ""
    status: str = ""
    error: str = ""

    def take(self, kind: str, content: Mapping[str, Any]) -> None:
        """Add one message of the kernel."""
        if kind == "stream" and content["name"] == "stdout":
            self.text += content["text"]
        elif kind == "execute_result":
            self.text += content["data"].get("text/plain", "")
        elif kind == "error":
            self.error = f"{content['ename']}: {content['evalue']}"
        elif kind == "execute_reply":
            self.status = content["status"]


def request(code: str) -> dict[str, Any]:
    """Return the message that runs a cell; its answers name its ``msg_id``."""
    number = uuid.uuid4().hex
    header = {
        "msg_id": number,
        "msg_type": "execute_request",
        "username": "",
        "session": number,
        "version": "5.3",
        "date": datetime.now(UTC).isoformat(),
    }
    content = {
        "code": code,
        "silent": False,
        "store_history": False,
        "user_expressions": {},
        "allow_stdin": False,
    }
    message = {"header": header, "parent_header": {}, "metadata": {}}
    return {**message, "content": content, "channel": "shell"}
