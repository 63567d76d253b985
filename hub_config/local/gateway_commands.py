"""Dask Gateway and its proxy, which the launcher keeps running beside the hub.

By default the proxy is a child of the gateway.  Then a killed gateway would cut all
clients from their clusters, and a client that is cut off gives up its results.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

from .process import LEASH
from .state import Run

CONFIG = Path(__file__).with_name("dask_gateway_config.py")


def commands(run: Run) -> list[list[str]]:
    """Return a command for each; what they need to know is in the environment."""
    # Found, not imported: the command line need not load the gateway for it.
    found = find_spec("dask_gateway_server")
    assert found is not None, "pyproject.toml names it"
    assert found.origin is not None
    proxy = Path(found.origin).parent / "proxy" / "dask-gateway-proxy"
    gateway = [sys.executable, "-m", "dask_gateway_server", "--config", str(CONFIG)]
    return [
        [*LEASH, *gateway],
        [
            *LEASH,
            str(proxy),
            "-address",
            f"127.0.0.1:{run.ports['gateway_proxy']}",
            "-tcp-address",
            f"127.0.0.1:{run.ports['gateway_tcp']}",
            "-api-url",
            f"{run.inner('gateway_api')}/api/v1/routes",
            "-log-level",
            "warn",
        ],
    ]
