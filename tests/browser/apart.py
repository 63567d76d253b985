"""A hub whose visitors are attacked by a server of one of its people."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub_config.local.launcher import Launcher
from hub_config.local.state import State

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
HOST = "hub.localhost"


class ApartHub(Launcher):
    """With a subdomain for each server, or all on one host as JupyterHub's default."""

    config_file = Path(__file__).with_name("apart_hub.py")
    subdomains = True

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.run.port}" if self.subdomains else self.run.url

    def server(self, name: str) -> str:
        """Return where the server of this hub user is."""
        host = f"{name}.{HOST}" if self.subdomains else "127.0.0.1"
        return f"http://{host}:{self.run.port}/user/{name}/"

    def _environment(self) -> dict[str, str]:
        more = {"APART_URL": self.url} if self.subdomains else {}
        return super()._environment() | more


@contextmanager
def apart_hub(folder: Path, subdomains: bool) -> Iterator[ApartHub]:
    """Run the hub while the block runs; print the end of its log."""
    state = State(folder)
    state.make()
    with state.held():
        hub = ApartHub(state, state.begin(0))
        hub.subdomains = subdomains
        handlers = {number: signal.getsignal(number) for number in SIGNALS}
        try:
            hub.start()
            yield hub
        finally:
            hub.stop()
            for number, handler in handlers.items():
                signal.signal(number, handler)
            print((state.path / "logs" / "hub.log").read_text()[-8000:])
