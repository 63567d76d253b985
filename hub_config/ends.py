"""Why a server ended that nobody stopped, in words for its owner.

Most servers end because they were idle or were stopped, and the page says so.  Who had
one whose machine was taken away, or that took too much memory, must not read that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# What a status or an event of a pod says that had to leave its machine.
_TAKEN_AWAY = frozenset(
    {
        "Evicted",
        "NodeLost",
        "NodeNotReady",
        "NodeShutdown",
        "Preempted",
        "Preempting",
        "Shutdown",
        "TaintManagerEviction",
        "Terminated",
    }
)
_MACHINE = (
    "The machine that it ran on was taken away or failed. What was only in memory is "
    "lost; start it again and go on from your files."
)
_MEMORY = (
    "It needed more memory than a server of its size has. Choose a larger size, or "
    "read less at a time."
)

# By user name, while this hub runs; after that the page says what it says of all.
_ENDED: dict[str, str] = {}


def why(pod: Mapping[str, Any] | None, events: Sequence[Mapping[str, Any]]) -> str:
    """Return why a server ended, as far as Kubernetes tells.

    Parameters
    ----------
    pod : mapping or None
        The pod as it was last seen, as JSON; None if it is gone.
    events : sequence of mapping
        Of this pod, since its start, as JSON.

    Returns
    -------
    str
        A sentence or two; empty for one that was shut down from within.
    """
    if pod is None:
        return _MACHINE
    status: Mapping[str, Any] = pod.get("status") or {}
    reasons = {status.get("reason"), *(event.get("reason") for event in events)}
    ended = _ended_container(status)
    if ended.get("reason") == "OOMKilled":
        return _MEMORY
    # Told to go, not by us: a machine that is emptied lets it end with status 0.
    leaves = (pod.get("metadata") or {}).get("deletionTimestamp")
    if leaves or reasons & _TAKEN_AWAY or not ended:
        return _MACHINE
    if ended.get("exitCode") == 0:
        return ""
    return (
        f"Its program ended by itself (status {ended.get('exitCode')}). If that comes "
        "again, your home may be full or hold a broken setting."
    )


def _ended_container(status: Mapping[str, Any]) -> Mapping[str, Any]:
    for container in status.get("containerStatuses") or ():
        if ended := (container.get("state") or {}).get("terminated"):
            found: Mapping[str, Any] = ended
            return found
    return {}


def note(person: str, because: str = "") -> None:
    """Remember why a person's server ended by itself; nothing: it starts anew.

    The spawner cannot: JupyterHub drops it when its server has ended.
    """
    _ENDED[person] = because


def ended(person: str) -> str:
    """Return why a person's last server ended by itself; empty if it did not."""
    return _ENDED.get(person, "")
