"""The addresses of this package in a running server."""

import json
from pathlib import Path
from urllib.parse import quote

from jupyter_server.base.handlers import APIHandler, JupyterHandler
from jupyter_server.utils import url_path_join
from tornado import web

from hub_server.notices import Board
from hub_server.processes import NotTold, ask

OPENED = "opened"
OPEN_LIMIT_S = 60.0


class Refused(Exception):
    """There is no notebook to go to.

    Parameters
    ----------
    status
        HTTP status of the page that says so.
    reason
        A sentence for the person.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


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


class OpenHandler(JupyterHandler):
    """``GET archive-hub/open?asset=REFERENCE``, ``&path=PATH``: to its notebook.

    A link can point here, also through ``/hub/user-redirect/archive-hub/open?…``.  It
    writes at most one new file, to ``opened`` (see `opened`), and runs nothing.
    """

    def initialize(self, root: str) -> None:
        """Take the folder that Lab shows; called by tornado."""
        self._root = root

    def get_template_path(self) -> str:
        """Return where our own page lies; called by tornado."""
        return str(Path(__file__).with_name("pages"))

    @web.authenticated
    async def get(self) -> None:
        """Make the notebook, or find it, and go there; else say why not."""
        try:
            name = await self._make()
        except Refused as refused:
            self.set_status(refused.status)
            lab = url_path_join(self.base_url, "lab")
            await self.render("refused.html", reason=str(refused), lab=lab)
            return
        self.redirect(url_path_join(self.base_url, "lab/tree", OPENED, quote(name)))

    async def _make(self) -> str:
        """Return the notebook's name.

        Raises
        ------
        Refused
            There is none.
        """
        asset = self.get_query_argument("asset", "")
        if not asset:
            raise Refused(
                400, "The link names no asset: it ends in archive-hub/open?asset=…"
            )
        if self.request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
            raise Refused(400, "This address is for a person to follow.")
        folder = str(Path(self._root).expanduser() / OPENED)
        given = (folder, asset, *self.get_query_arguments("path")[:1])
        try:
            answer = await ask(
                "hub_server.opened", *given, limit_s=OPEN_LIMIT_S, nice=0
            )
        except NotTold as error:
            reason = f"The notebook was not made; try it again. {error}"
            raise Refused(503, reason) from error
        if "notebook" not in answer:
            raise Refused(answer["status"], answer["reason"])
        return str(answer["notebook"])
