"""Take the cluster's own certificate authority as every other client does.

Since Python 3.13 a context checks by RFC 5280's letter.  The certificates of many
clusters (kind, k3s, older EKS) lack an extension that it asks for, and the hub and the
gateway would never reach the API.  Only where the authority is the one that Kubernetes
puts into each pod, the check is that of Python 3.12 again; signatures, names and dates
are verified all the same.

Imported when Python starts, by a ``.pth`` file of the hub's and the gateway's images:
the gateway's controller reads no configuration of ours.
"""

from __future__ import annotations

import ssl
from typing import Any

IN_POD = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"
_strict = ssl.create_default_context


def create_default_context(*words: Any, **named: Any) -> ssl.SSLContext:
    """Return a default context, less strict for the authority of the cluster."""
    context = _strict(*words, **named)
    if named.get("cafile") == IN_POD:
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def accept() -> None:
    """Put ours in its place."""
    ssl.create_default_context = create_default_context
