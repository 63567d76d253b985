"""Starts a server as ever, and prints the CPU seconds that each extension cost.

Runs in the user environment.  The cost of importing Jupyter Server itself comes with
it, as the yardstick of this machine and moment.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

STEPS = ("add_extension", "link_extension", "load_extension")


def timed(step: Callable[..., Any], costs_s: Counter[str]) -> Callable[..., Any]:
    """Return `step`, adding what it takes to the account of the extension named."""

    def take(manager: Any, name: str, *rest: Any, **more: Any) -> Any:
        begin_s = time.process_time()
        try:
            return step(manager, name, *rest, **more)
        finally:
            costs_s[name] += time.process_time() - begin_s

    return take


def main() -> None:
    """Print reference and costs as JSON."""
    begin_s = time.process_time()
    from jupyter_server.serverapp import ServerApp

    reference_s = time.process_time() - begin_s
    from jupyter_server.extension.manager import ExtensionManager

    costs_s: Counter[str] = Counter()
    for name in STEPS:
        setattr(ExtensionManager, name, timed(getattr(ExtensionManager, name), costs_s))
    app = ServerApp.instance()
    app.initialize(argv=["--no-browser", "--port=0", "--allow-root"])
    json.dump({"reference_s": reference_s, "costs_s": costs_s}, sys.stdout)


if __name__ == "__main__":
    main()
