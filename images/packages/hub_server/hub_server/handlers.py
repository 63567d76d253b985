"""The address where a page asks for notices."""

import json

from jupyter_server.base.handlers import APIHandler
from tornado import web

from hub_server.notices import Board


class NoticesHandler(APIHandler):
    """``GET hub-server/notices``: the list, as JSON."""

    # A page that polls while nobody looks at it is no activity.
    _track_activity = False

    def initialize(self, board: Board) -> None:
        """Take the board; called by tornado."""
        self._board = board

    @web.authenticated
    async def get(self) -> None:
        """Answer with all notices."""
        self.finish(json.dumps(await self._board.all()))
