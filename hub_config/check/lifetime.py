"""Rules about how servers start and end: what works goes on, what idles stops."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..profiles import POOL_LABEL
from .deployment import Deployment
from .findings import Fault, rule
from .quantities import number

# How often a server reports activity, where JUPYTERHUB_ACTIVITY_INTERVAL says nothing.
DEFAULT_REPORT_S = 300
SPOT_KEYS = re.compile(r"capacity-?type|lifecycle|spot", re.IGNORECASE)
SLOW = re.compile(
    r"\b(pip3? install|gitpuller|git clone|datalad|(conda|mamba) install|chown -R)\b"
)
LONGEST_START_S = 900


@rule("L1")
def culler_is_patient(d: Deployment) -> Iterator[Fault]:
    """Cull after at least twice the interval at which servers report activity.

    Below that a server that works looks idle between two reports and is stopped.
    """
    if not d.has("jupyterhub") or d.get("jupyterhub.cull.enabled", True) is False:
        return
    reported = d.get("jupyterhub.singleuser.extraEnv.JUPYTERHUB_ACTIVITY_INTERVAL")
    interval_s = number(reported) or DEFAULT_REPORT_S
    timeout_s = number(d.get("jupyterhub.cull.timeout", 3600)) or 0
    if timeout_s < 2 * interval_s:
        text = f"culls after {timeout_s:g} s, servers report every {interval_s:g} s"
        path = ("jupyterhub", "cull", "timeout")
        yield path, f"{text}; raise it above {2 * interval_s:g}"


@rule("L2")
def culler_is_on(d: Deployment) -> Iterator[Fault]:
    """Cull idle servers.

    A forgotten server costs a machine until somebody looks at the bill.
    """
    if d.get("jupyterhub.cull.enabled", True) is False:
        yield (
            ("jupyterhub", "cull", "enabled"),
            "idle servers never stop; set it to true",
        )


@rule("L3")
def servers_have_an_end(d: Deployment) -> Iterator[Fault]:
    """Give servers a maximum age.

    An open tab or a loop counts as activity: the idle culler alone never stops them.
    """
    culls = d.has("jupyterhub") and d.get("jupyterhub.cull.enabled", True)
    if culls and not d.get("jupyterhub.cull.maxAge", 0):
        yield (
            ("jupyterhub", "cull", "maxAge"),
            "servers live for ever; set it in seconds",
        )


@rule("L4")
def no_spot_for_people(d: Deployment) -> Iterator[Fault]:
    """Run user servers on on-demand machines.

    A spot machine is taken away at two minutes' notice, with every server on it.  Dask
    workers may be there: their work is done again.
    """
    for path, value in d.walk():
        place = path[:2] == ("jupyterhub", "singleuser") and len(path) > 2
        spot = isinstance(value, str) and value.lower() == "spot"
        if place and spot and SPOT_KEYS.search(".".join(map(str, path))):
            yield path, "people's servers are on spot machines; use on-demand"
    for server in d.servers():
        selector = server.traits.get("node_selector") or {}
        name = selector.get(POOL_LABEL) if isinstance(selector, dict) else None
        pool = d.hub.node_pools.get(str(name))
        if pool and pool.capacity == "spot":
            yield server.path, f"pool {name!r} is of spot machines; use on-demand"


@rule("L5")
def nothing_slow_before_the_start(d: Deployment) -> Iterator[Fault]:
    """Use no network and change no owners on the way to a server.

    Each start waits for it, and fails with it.  Put packages and notebooks in images.
    """
    for path, value in d.walk():
        hooks = "lifecycleHooks" in path or "initContainers" in path
        found = SLOW.search(value) if hooks and isinstance(value, str) else None
        if found:
            yield path, f"{found[0]!r} before each start; put its result in the image"
        if path[-1:] == ("CHOWN_HOME",) and str(value).lower() in ("yes", "1", "true"):
            yield path, "the whole home is walked at each start; remove it"


@rule("L6")
def starts_end(d: Deployment) -> Iterator[Fault]:
    """Let a start fail within 15 minutes.

    A longer timeout hides what is wrong: nobody waits 40 minutes for a notebook.
    """
    timeout_s = number(d.get("jupyterhub.singleuser.startTimeout", 300)) or 0
    if timeout_s > LONGEST_START_S:
        text = f"a start may take {timeout_s / 60:g} min; lower it to 600 s"
        yield ("jupyterhub", "singleuser", "startTimeout"), text


@rule("L7")
def hub_survives_failed_starts(d: Deployment) -> Iterator[Fault]:
    """Do not restart the hub for failed starts.

    The chart restarts it after five in a row; a pool without free machines is no fault
    of the hub, and its restart takes the pages from everybody.
    """
    if d.has("jupyterhub") and d.get("jupyterhub.hub.consecutiveFailureLimit", 5) != 0:
        text = "failed starts restart the hub; set it to 0"
        yield ("jupyterhub", "hub", "consecutiveFailureLimit"), text
