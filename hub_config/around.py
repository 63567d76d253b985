"""What runs in the hub's process beside JupyterHub itself.

The authenticator calls `begin` once the hub is up: it is the one place of JupyterHub's
that gets hold of the whole.
"""

from __future__ import annotations

from typing import Any

from .canary_page import Canary, CanaryHandler
from .farewell import Sweep
from .memory import keep_small
from .meter import Meter
from .probes import parts_of
from .spent import Spent
from .vitals import PartsHandler, Vitals
from .worked_page import WorkedHandler


def begin(app: Any, authenticator: Any) -> list[tuple[Any, ...]]:
    """Look after people with servers, the hub's parts and what is used.

    Parameters
    ----------
    app : jupyterhub.app.JupyterHub
        The hub, about to serve.
    authenticator : ArchiveAuthenticator
        Its settings, gate and ledger.

    Returns
    -------
    list of tuple
        Handlers to add: pattern, class, arguments.
    """
    Sweep(app, authenticator).start()
    Meter(app, authenticator).start()
    Spent(app, authenticator).start()
    keep_small()
    parts = parts_of(app, authenticator.hub, authenticator)
    canary = Canary(app)
    if canary.is_expected:
        parts["canary"] = canary.part
    vitals = Vitals(parts, authenticator.log)
    vitals.start()
    # JupyterHub calls a callable variable with the user who looks at the page.
    app.template_vars["troubles"] = lambda _: vitals.troubles()
    return [
        (r"/health/parts", PartsHandler, {"vitals": vitals}),
        (r"/api/clusters", WorkedHandler),
        (r"/health/canary", CanaryHandler, {"canary": canary}),
    ]
