"""Keeps secrets of addresses out of the log.

JupyterHub takes them out of its own line for each request.  Tornado writes a second
line for each refused one, with the whole address in it.
"""

from __future__ import annotations

import logging
import re

_SECRET = re.compile(
    r"([?&](?:[\w-]*(?:token|secret|password|key|code|state|auth|signature)[\w-]*)=)"
    r"[^&\s'\")]+",
    re.IGNORECASE,
)
LOGGERS = ("tornado.general", "tornado.application", "tornado.access")


class NoSecretsInAddresses(logging.Filter):
    """Writes ``[secret]`` for what an address gives to such a parameter."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record; it is always kept."""
        record.msg, record.args = hushed(record.getMessage()), ()
        return True


def hushed(line: str) -> str:
    """Return a line without the secrets of the addresses in it."""
    return _SECRET.sub(r"\1[secret]", line)


def install() -> None:
    """Filter what Tornado logs; once more changes nothing."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(one, NoSecretsInAddresses) for one in logger.filters):
            logger.addFilter(NoSecretsInAddresses())
