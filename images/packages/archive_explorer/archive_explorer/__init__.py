"""A small app that looks into an asset: what is in the file, and a window of the data.

It takes the place of NWB Explorer.  jupyter-server-proxy shows it below the person's
own server, behind that server's login, and starts it when it is first asked for:
`__main__` waits on a Unix socket and starts `app` while somebody looks.  `tree` says
what is in a file, `window` reads a bounded piece of an array, `drawing` draws it,
`archive` lists what the archive has.
"""

import sys
from pathlib import Path
from typing import Any


def proxied() -> dict[str, Any]:
    """Return what jupyter-server-proxy needs; read at every start of a server."""
    command = [sys.executable, "-s", "-P", "-m", "archive_explorer", "{unix_socket}"]
    return {
        "command": command,
        "unix_socket": True,
        "timeout": 60,
        "launcher_entry": {
            "title": "Archive Explorer",
            "icon_path": str(Path(__file__).with_name("icon.svg")),
        },
    }
