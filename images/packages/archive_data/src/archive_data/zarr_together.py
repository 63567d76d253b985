"""What Zarr 3 reads from: the chunks that it asks for at once are fetched in one pass.

Zarr 3 asks for one chunk in each of its tasks.  Fetched alone, each would be cut into
short requests and none would know of the others.
"""

from __future__ import annotations

import asyncio
from typing import Any

from fsspec.implementations.asyn_wrapper import AsyncFileSystemWrapper

from .errors import ZarrReadFailed
from .zarr_files import ZarrFiles


class Together(AsyncFileSystemWrapper):
    """Files for an event loop, which gathers what is asked for in one of its turns.

    Parameters
    ----------
    files : ZarrFiles
        Where the objects come from.
    """

    def __init__(self, files: ZarrFiles) -> None:
        super().__init__(files, asynchronous=True)
        self._files = files
        self._asked: dict[str, asyncio.Future[Any]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        # The wrapper sets its own on the object, so a method would not be seen.
        self._cat_file = self._gather

    async def _gather(
        self, path: str, start: int | None = None, end: int | None = None, **_: Any
    ) -> Any:
        loop = asyncio.get_running_loop()
        if not self._asked:
            loop.call_soon(self._send)
        if path not in self._asked:
            self._asked[path] = loop.create_future()
        data = await asyncio.shield(self._asked[path])
        return data[start:end]

    def _send(self) -> None:
        asked, self._asked = self._asked, {}
        task = asyncio.get_running_loop().create_task(self._bring(asked))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _bring(self, asked: dict[str, asyncio.Future[Any]]) -> None:
        found: dict[str, Any] = {}
        try:
            found = await asyncio.to_thread(self._fetch, [*asked])
        except BaseException as error:
            found = dict.fromkeys(asked, error)
        for path, future in asked.items():
            if isinstance(data := found[path], BaseException):
                future.set_exception(data)
                future.exception()  # who asked may be gone
            else:
                future.set_result(data)

    def _fetch(self, paths: list[str]) -> dict[str, Any]:
        """Return each object, or why it cannot be read."""
        try:
            found: dict[str, Any] = self._files.cat(paths, on_error="return")
        except ZarrReadFailed as error:
            # Without a network none comes; what is damaged takes no other with it.
            if len(paths) == 1 or isinstance(error.__cause__, ConnectionError):
                return dict.fromkeys(paths, error)
            found = {path: self._fetch([path])[path] for path in paths}
        return found
