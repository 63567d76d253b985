"""The pages, as a tornado application on a socket that `__main__` hands over.

Everything from the archive and from a file is shown as text: the templates escape it,
and the pages' own rules let no script run.  Reading happens in one thread, one question
after the other; who waits too long is told so.
"""

import asyncio
import socket
import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

from archive_data.errors import (
    AccessDenied,
    ArchiveDataError,
    ArchiveUnreachable,
    TransferFailed,
    UnknownReference,
)
from tornado import web
from tornado.httpserver import HTTPServer

from archive_explorer import archive, drawing, tree, window

T = TypeVar("T")
HERE = Path(__file__).parent
LIMIT_S = 60.0
FILES_OPEN = 2
RULES = (
    "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'self'"
)
# First match counts: what a page answers for each kind of trouble.
STATUS: dict[type[Exception], int] = {
    UnknownReference: 400,
    AccessDenied: 403,
    ArchiveUnreachable: 503,
    TransferFailed: 503,
    tree.NotInFile: 404,
    FileNotFoundError: 404,
    ArchiveDataError: 422,
    ValueError: 422,
    OSError: 422,
}


class Reader:
    """Reads in one thread and keeps the last files open."""

    def __init__(self) -> None:
        self._worker = ThreadPoolExecutor(1)
        self._roots: OrderedDict[tuple[str, str | None], Any] = OrderedDict()
        self.used_s = time.monotonic()

    async def ask(self, call: Callable[..., T], *given: Any) -> T:
        """Return ``call(*given)``, made in the thread.

        Raises
        ------
        TimeoutError
            It takes longer than `LIMIT_S`.
        """
        self.used_s = time.monotonic()
        loop = asyncio.get_running_loop()
        asked = loop.run_in_executor(self._worker, call, *given)
        return await asyncio.wait_for(asked, LIMIT_S)

    def root(self, reference: str, path: str | None) -> Any:
        """Return the root of an asset; called in the thread."""
        key = (reference, path)
        if key not in self._roots:
            self._roots[key] = tree.open_root(reference, path)
        self._roots.move_to_end(key)
        while len(self._roots) > FILES_OPEN:
            self._roots.popitem(last=False)
        return self._roots[key]


def link(page: str, **query: Any) -> str:
    """Return a relative address; what is None or empty is left out."""
    given = {name: value for name, value in query.items() if value not in (None, "")}
    return f"{page}?{urlencode(given)}" if given else page


class Page(web.RequestHandler):
    """What all pages share."""

    def initialize(self, reader: Reader) -> None:
        """Take the reader; called by tornado."""
        self.reader = reader

    def set_default_headers(self) -> None:
        """Let the browser run and fetch nothing; called by tornado."""
        self.set_header("Content-Security-Policy", RULES)
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cache-Control", "no-store")

    def get_template_namespace(self) -> dict[str, Any]:
        """Return what every template may use; called by tornado."""
        ours = {"link": link, "said": "", "reference": "", "path": None, "search": ""}
        return super().get_template_namespace() | ours

    def whole(self, name: str, default: int) -> int:
        """Return a whole number of the address, at least 1."""
        text = self.get_query_argument(name, "") or str(default)
        if not text.isdecimal() or not 0 < int(text) < 10**9:
            raise ValueError(f"{name}: {text!r} is not a number from 1 on.")
        return int(text)

    async def show(self, page: str, call: Callable[..., Any], *given: Any) -> None:
        """Show a page of what `call` returns; a sentence where it fails."""
        try:
            found = await self.reader.ask(call, *given)
        except TimeoutError:
            await self.refuse(504, f"No answer within {LIMIT_S:.0f} s; try again.")
        except tuple(STATUS) as error:
            known = (code for kind, code in STATUS.items() if isinstance(error, kind))
            await self.refuse(next(known), str(error))
        else:
            await self.render(page, **found)

    async def refuse(self, status: int, said: str) -> None:
        """Show the first page with a sentence on it."""
        self.set_status(status)
        reference = self.get_query_argument("asset", "")
        path = self.get_query_argument("path", "") or None
        await self.render("start.html", said=said, reference=reference, path=path)


class StartPage(Page):
    """``GET /``: two forms; nobody is asked, so that it is there at once."""

    async def get(self) -> None:
        """Answer."""
        await self.render("start.html")


class DandisetsPage(Page):
    """``GET dandisets?search=&page=``: what the archive has."""

    async def get(self) -> None:
        """Answer."""
        search = self.get_query_argument("search", "")
        await self.show("dandisets.html", self._list, search)

    def _list(self, search: str) -> dict[str, Any]:
        listing = archive.dandisets(search, self.whole("page", 1))
        return {"listing": listing, "search": search}


class AssetsPage(Page):
    """``GET assets?dandiset=&version=&page=``: what a dandiset has."""

    async def get(self) -> None:
        """Answer."""
        await self.show("assets.html", self._list)

    def _list(self) -> dict[str, Any]:
        dandiset = self.get_query_argument("dandiset", "")
        version = self.get_query_argument("version", "draft")
        if not (dandiset.isdecimal() and version.replace(".", "").isalnum()):
            raise ValueError(f"{dandiset!r}, version {version!r}: is no dandiset.")
        listing = archive.assets(dandiset, version, self.whole("page", 1))
        return {"listing": listing, "dandiset": dandiset, "version": version}


class AssetPage(Page):
    """``GET asset?asset=&path=&at=&from=&length=&column=``: into one file."""

    async def get(self) -> None:
        """Answer."""
        await self.show("asset.html", self._look)

    def _look(self) -> dict[str, Any]:
        reference = self.get_query_argument("asset", "")
        if not reference:
            raise ValueError("No asset is named: write one above, or browse.")
        path = self.get_query_argument("path", "") or None
        at = self.get_query_argument("at", "") or "/"
        root = self.reader.root(reference, path)
        node = tree.find(root, at)
        found: dict[str, Any] = {
            "rows": rows,
            "reference": reference,
            "path": path,
            "at": at,
            "about": tree.about(node),
            "attributes": tree.attributes(node),
            "root": tree.tree(root, at),
            "piece": None,
            "unread": "",
        }
        if tree.is_array(node):
            try:
                piece = window.read(root, at, self._asked())
                here = {"asset": reference, "path": path, "at": at}
                found |= shown(piece, here)
            except (ValueError, ArchiveDataError) as error:
                found["unread"] = str(error)
        return found

    def _asked(self) -> window.Asked:
        length = self._number("length")
        if length is not None and length <= 0:
            raise ValueError(f"Length: {length:g} shows nothing.")
        column = int(self._number("column") or 0)
        return window.Asked(self._number("from"), length, column)

    def _number(self, name: str) -> float | None:
        text = self.get_query_argument(name, "").strip()
        if not text:
            return None
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not abs(value) < 1e15:
            raise ValueError(f"{name}: {text!r} is not a number.")
        return value


def rows(member: tree.Member, depth: int = 0) -> Iterator[tuple[int, tree.Member]]:
    """Yield the lines of the tree with their depth."""
    yield depth, member
    for below in member.below:
        yield from rows(below, depth + 1)


def shown(piece: window.Piece, here: dict[str, Any]) -> dict[str, Any]:
    """Return what the page needs to draw a piece, and to go along the data.

    Parameters
    ----------
    piece
        What was read.
    here
        Names the array, as in the page's own address.
    """
    step = max(len(piece.values) if piece.kind != "image" else 1, 1)

    def moved(steps: int) -> float:
        row = max(0, piece.first + steps * step)
        return piece.start + row * piece.per_row

    def along(steps: int) -> str:
        length = len(piece.values) * piece.per_row if piece.kind == "lines" else None
        window = {"from": repr(moved(steps)), "length": length, "column": piece.column}
        return link("asset", **here, **window) + "#here"

    drawn: dict[str, Any] = {"piece": piece, "step": step, "moved": moved}
    drawn |= {"along": along, "number": drawing.number, "strips": [], "picture": ""}
    if piece.kind == "lines":
        drawn["strips"] = drawing.strips(piece.values, piece.column)
        drawn["begin"], drawn["end"] = piece.x[0], piece.x[-1]
    elif piece.kind == "image":
        drawn["picture"] = drawing.picture(piece.values)
    return drawn


def application(reader: Reader) -> web.Application:
    """Return the application."""
    given = {"reader": reader}
    pages = [
        ("/", StartPage, given),
        ("/dandisets", DandisetsPage, given),
        ("/assets", AssetsPage, given),
        ("/asset", AssetPage, given),
        ("/(style.css)", web.StaticFileHandler, {"path": str(HERE / "pages")}),
    ]
    return web.Application(pages, template_path=str(HERE / "pages"))


async def run(place: int, idle_s: float) -> None:
    """Serve on an open socket until nobody has asked for `idle_s`."""
    reader = Reader()
    listening = socket.socket(fileno=place)
    listening.setblocking(False)
    server = HTTPServer(application(reader))
    server.add_socket(listening)
    while time.monotonic() - reader.used_s < idle_s:
        await asyncio.sleep(1)
    server.stop()
    await server.close_all_connections()


if __name__ == "__main__":
    asyncio.run(run(int(sys.argv[1]), float(sys.argv[2])))
