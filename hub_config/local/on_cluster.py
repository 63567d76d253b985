"""The hub process of a development cluster: as in the cloud, with stand-ins.

The development values call `hub` here instead of `hub_config.kubernetes.hub`; no other
environment imports this module.
"""

from __future__ import annotations

import os
from typing import Any

from .. import kubernetes
from ..settings import load
from .declaration import with_standins
from .standins.pod import PORT
from .standins.services import ARCHIVE, GITHUB, STORAGE


def hub(c: Any) -> None:
    """Configure JupyterHub in its pod; called last in its configuration.

    Parameters
    ----------
    c : traitlets.config.Config
        As z2jh has filled it.
    """
    # User servers and Dask's pods live in different namespaces: the name has its own.
    standins = f"http://standins.{os.environ['POD_NAMESPACE']}:{PORT}"
    archive = f"{standins}{ARCHIVE}"
    kubernetes.hub(c, with_standins(load(), archive, ARCHIVE))
    c.ArchiveAuthenticator.github_url = f"{standins}{GITHUB}"
    # For the browser: relative, so that any host name and tunnel works.
    c.ArchiveAuthenticator.authorize_url = f"{GITHUB}/login/oauth/authorize"
    c.JupyterHub.services += [
        {"name": name, "url": standins, "display": name != "s3"}
        for name in ("github", "archive", "s3")
    ]
    c.KubeSpawner.environment |= {
        "DANDI_INSTANCE": archive,
        "AWS_ENDPOINT_URL": f"{standins}{STORAGE}",
    }
