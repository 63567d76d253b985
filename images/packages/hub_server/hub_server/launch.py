"""The command ``hub-server``: starts Lab such that nothing in the home can prevent it.

Under a hub it becomes ``jupyterhub-singleuser``, else ``jupyter lab``.  The server runs
with ``-s -P``: neither a package that the person installed nor a file in the current
folder can shadow one of its modules.  Kernels do not inherit these flags.
"""

import os
import sys

from hub_server.environment import prepare


def command(arguments: list[str], under_hub: bool) -> list[str]:
    """Return the command line of the server.

    Parameters
    ----------
    arguments
        What follows ``hub-server``; passed on.
    under_hub
        Whether a hub started this server.
    """
    module = "jupyterhub.singleuser" if under_hub else "jupyterlab"
    return [sys.executable, "-s", "-P", "-m", module, *arguments]


def main() -> None:
    """Prepare the environment and become the server."""
    try:
        prepare(os.environ)
    except OSError as error:
        sys.exit(
            f"ARCHIVE_HUB_SCRATCH: no server runs without a scratch folder: {error}; "
            "name one that this user can write"
        )
    line = command(sys.argv[1:], "JUPYTERHUB_API_TOKEN" in os.environ)
    os.execv(line[0], line)
