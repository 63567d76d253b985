"""Does a cluster enforce network policies?  Run in a pod that a policy is about.

``python -m hub_config.check.enforcement OPEN:PORT CLOSED:PORT``: a policy of this pod
allows the first and not the second; both listen.  The chart's test pod runs it.
"""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable

# A policy is about a new pod a moment after its start.
PATIENCE_S = 20.0
TIMEOUT_S = 2.0


def reaches(target: str, timeout_s: float = TIMEOUT_S) -> bool:
    """Tell whether a connection to ``HOST:PORT`` is accepted."""
    host, _, port = target.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout_s).close()
    except OSError:
        return False
    return True


def _eventually(wanted: bool, target: str, patience_s: float) -> bool:
    end = time.monotonic() + patience_s
    while reaches(target) is not wanted:
        if time.monotonic() > end:
            return False
        time.sleep(0.2)
    return True


def judge(
    opened: str, closed: str, say: Callable[[str], object], patience_s: float
) -> int:
    """Try both and say what it means.

    Parameters
    ----------
    opened, closed : str
        ``HOST:PORT`` that the policies of this pod allow, and that they do not.
    say : callable
        Told the finding, in one line.
    patience_s : float
        How long the policies may take to be about this pod.

    Returns
    -------
    int
        0: enforced.  1: not enforced.  2: nobody can tell.
    """
    if not _eventually(True, opened, patience_s):
        say(f"network policies: cannot tell: {opened} does not answer, and it should")
        return 2
    if not _eventually(False, closed, patience_s):
        say(
            f"network policies: NOT enforced: {closed} answers, and it should not; "
            "install an engine that enforces them (Calico), see helm/platform"
        )
        return 1
    if not reaches(opened):
        say(f"network policies: cannot tell: {opened} stopped to answer")
        return 2
    say(f"network policies: enforced: {opened} answers, {closed} does not")
    return 0


if __name__ == "__main__":
    sys.exit(judge(sys.argv[1], sys.argv[2], print, PATIENCE_S))
