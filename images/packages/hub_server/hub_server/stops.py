"""Warns some minutes before this server stops by itself.

A hub stops servers that are idle, or too old.  It tells the server both limits, and the
server, which knows when it began and when it was last used, can tell the person in
time.

``ARCHIVE_HUB_CULL_AFTER_MIN``
    Minutes without activity after which the hub stops the server.
``ARCHIVE_HUB_MAX_AGE_H``
    Hours after which the hub stops the server in any case.
``ARCHIVE_HUB_WARN_MIN``
    Minutes before a stop at which its owner is told; default 10.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from hub_server.notices import Board, Notice

IDLE = (
    "Nobody used this server for a while: it stops at {until}. Running a cell or "
    "opening a file keeps it. Your files stay; variables in kernels are lost."
)
AGE = (
    "This server has reached its greatest age and stops at {until}. Save your work: "
    "files stay, variables in kernels are lost. You can start a new server at once."
)


def due(
    now: datetime,
    started: datetime,
    last: datetime,
    limits: dict[str, timedelta],
    ahead: timedelta,
) -> dict[str, datetime]:
    """Return which stops come soon.

    Parameters
    ----------
    now, started, last
        Times with zone: of asking, of the server's start, of the last activity.
    limits
        ``idle`` and ``age``, each only where the hub has such a limit.
    ahead
        What "soon" means.

    Returns
    -------
    dict
        ``idle`` or ``age`` -> time of the stop.
    """
    since = {"idle": last, "age": started}
    stops = {kind: since[kind] + limit for kind, limit in limits.items()}
    return {kind: stop for kind, stop in stops.items() if stop - now <= ahead}


class StopWatch:
    """Posts the warnings at every tick.

    Parameters
    ----------
    web_app
        The server's web application: knows start and last activity.
    board
        Where the notice is shown.
    limits, ahead
        As for `due`.
    """

    def __init__(
        self,
        web_app: Any,
        board: Board,
        limits: dict[str, timedelta],
        ahead: timedelta,
    ) -> None:
        self._web_app = web_app
        self._board = board
        self._limits = limits
        self._ahead = ahead

    def tick(self) -> None:
        """Look once."""
        started = self._web_app.settings["started"]
        last = self._web_app.last_activity()
        stops = due(datetime.now(UTC), started, last, self._limits, self._ahead)
        for kind, text in (("idle", IDLE), ("age", AGE)):
            if kind in stops:
                until = stops[kind].isoformat(timespec="seconds")
                self._board.post(Notice(f"stop-{kind}", "warning", text, until))
            else:
                self._board.withdraw(f"stop-{kind}")
