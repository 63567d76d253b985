"""One place for what a person must be told: this server's notices and the hub's.

A notice has an identity, so that saying it again replaces it; `text` may hold
``{until}``, which the page replaces by `until` in the viewer's own time zone.  The hub
serves the same shape, a JSON list, at the address in ``ARCHIVE_HUB_NOTICES_URL``.
"""

import json
import os
import time
from dataclasses import asdict, dataclass
from typing import Any, Literal

from tornado.httpclient import AsyncHTTPClient

Level = Literal["info", "warning", "error"]
HUB_TIMEOUT_S = 3.0
HUB_AGE_S = 20.0


@dataclass(frozen=True)
class Notice:
    """What is shown to the person.

    Parameters
    ----------
    id
        Names the matter; a later notice of the same name replaces this one.
    level
        How it is shown: an error and a warning stand until withdrawn.
    text
        One or two plain sentences; ``{until}`` stands for the time below.
    until
        ISO 8601 with zone, or None.
    """

    id: str
    level: Level
    text: str
    until: str | None = None


class Board:
    """The notices of this server, and the last ones that the hub told."""

    def __init__(self, log: Any) -> None:
        self._log = log
        self._own: dict[str, Notice] = {}
        self._hub: list[dict[str, Any]] = []
        self._hub_asked_s = float("-inf")

    def post(self, notice: Notice) -> None:
        """Show `notice` instead of the one with its id."""
        self._own[notice.id] = notice

    def withdraw(self, notice_id: str) -> None:
        """Show the notice no longer; none of that id is fine."""
        self._own.pop(notice_id, None)

    async def all(self) -> list[dict[str, Any]]:
        """Return the hub's notices, then the server's."""
        await self._ask_hub()
        return [*self._hub, *(asdict(notice) for notice in self._own.values())]

    async def _ask_hub(self) -> None:
        """Refresh the hub's notices; keep the last ones when it cannot be asked."""
        url = os.environ.get("ARCHIVE_HUB_NOTICES_URL")
        if not url or time.monotonic() - self._hub_asked_s < HUB_AGE_S:
            return
        self._hub_asked_s = time.monotonic()
        token = os.environ.get("JUPYTERHUB_API_TOKEN", "")
        headers = {"Authorization": f"token {token}"}
        try:
            answer = await AsyncHTTPClient().fetch(
                url, headers=headers, request_timeout=HUB_TIMEOUT_S
            )
            self._hub = [checked(item) for item in json.loads(answer.body)]
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            self._log.warning("notices: the hub did not tell its own: %s", error)
        except Exception as error:  # tornado's HTTPClientError derives from Exception
            self._log.warning("notices: the hub did not answer: %s", error)


def checked(item: Any) -> dict[str, Any]:
    """Return the hub's notice `item` with exactly our fields.

    Raises
    ------
    KeyError, TypeError
        It is no notice.
    """
    until = item.get("until")
    return asdict(
        Notice(str(item["id"]), item.get("level", "info"), str(item["text"]), until)
    )
