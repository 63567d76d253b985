"""Dask preload: a client that was cut off keeps the futures that the scheduler kept.

`distributed` gives up all futures of a client whose connection breaks, also where a
proxy was replaced and scheduler and results are there as before.  With this, the client
asks the scheduler first; what the scheduler knows goes on, the rest is given up as
ever.  Only messages of `distributed` itself are sent; the scheduler's part is
`dask_scheduler`.

Like `dask_client` it is imported in whatever environment a client runs in, so it needs
nothing but Dask.  ``Client._reconnect`` is private: `tests/hub_server` notices when
it changes.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

#: For so long it tries to come back, or for ``distributed.comm.timeouts.connect`` if
#: that is longer; a proxy that is replaced may take half of it.
TRIES_S = 60.0

_GONE = {
    "reason": "scheduler-connection-lost",
    "msg": "The connection to the scheduler was lost, and it no longer has this "
    "result. Run your work again.",
}


def dask_setup(client: Any) -> None:
    """Let the client take up its futures again; called by Dask when it starts."""
    connects_again: Callable[[], Awaitable[None]] | None
    if connects_again := getattr(client, "_reconnect", None):
        client._reconnect = lambda: _reconnect(client, connects_again)


async def _reconnect(
    client: Any, connects_again: Callable[[], Awaitable[None]]
) -> None:
    held, timeout_s = client.futures, client._timeout
    client.futures, client._timeout = {}, max(timeout_s, TRIES_S)
    connecting = asyncio.ensure_future(connects_again())
    # In its first turn it gives up what stands in `futures`: nothing.
    await asyncio.sleep(0)
    client.futures, client._timeout = held, timeout_s
    keys = [*held]
    await connecting
    if client.status == "running":
        await _take_up(client, keys)


async def _take_up(client: Any, keys: list[Any]) -> None:
    """Want again what the scheduler knows, give up the rest."""
    try:
        known = await client.scheduler.get_task_status(keys=keys)
    except OSError:
        if client.status == "running":
            client.scheduler_comm.abort()  # cut off again: so begin again
        return
    taken = []
    for key in keys:
        if (future := client.futures.get(key)) is None:
            continue  # let go of meanwhile
        if known.get(key) is None:
            future.cancel(**_GONE)
            del client.futures[key]
        else:
            future.retry()  # until the scheduler says again how it stands
            taken.append(key)
    if taken:
        wanted = {"op": "client-desires-keys", "keys": taken, "client": client.id}
        client._send_to_scheduler(wanted)
