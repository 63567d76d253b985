"""A Jupyter Server extension that treats the person well who works in a user server.

Running work counts as activity, up to a cap; the server starts although the home is
full and says what fills it; memory running out is told before and after; tutorials and
a person's own packages are there; heavy server extensions load when they are first
asked for.  `launch` starts the server, `environment` decides where files go,
`extension` puts the parts together; every other module is one part.
"""

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "hub_server"}]


def _load_jupyter_server_extension(serverapp: Any) -> None:
    from hub_server import extension

    extension.load(serverapp)


async def _start_jupyter_server_extension(serverapp: Any) -> None:
    from hub_server import extension

    extension.start(serverapp)
