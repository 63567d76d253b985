"""Everything the hub process needs, on either platform.

The hub's configuration file is one line: ``from hub_config.configure import configure;
configure(c)``.  One-machine mode calls it too and then says where things are.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

from jupyterhub.handlers.static import CacheControlStaticFilesHandler
from sqlalchemy import event
from sqlalchemy.engine import Engine
from tornado.httpclient import AsyncHTTPClient

from . import canary, ends, log_filter, notices, starts, terms
from .busy import say_busy
from .clusters import stop_clusters
from .next_page import refuse_control_characters
from .notices_page import NoticesHandler
from .open_page import OpenHandler
from .proxy import WatchfulProxy
from .reference import idle_text
from .settings import Archive, Hub, load
from .startpage import PAGES, before_start, check_choice
from .steady import plan_by_steady_clock
from .usage_page import UsageHandler

ASSETS = PAGES / "assets"
GATEWAY = "access:services!service=dask-gateway"


def configure(c: Any, hub: Hub | None = None) -> None:
    """Configure JupyterHub.

    Parameters
    ----------
    c : traitlets.config.Config
        JupyterHub's configuration.
    hub : Hub, optional
        The settings; by default those of this package.
    """
    hub = hub or load()
    # The default of ten makes a class that logs in together fail: time in the queue
    # counts as time of the request.
    AsyncHTTPClient.configure(None, max_clients=100)
    _keep_sqlite_fast()
    log_filter.install()
    plan_by_steady_clock()
    _people(c, hub)
    pages(c, hub)
    _servers(c, hub)


def _people(c: Any, hub: Hub) -> None:
    c.JupyterHub.authenticator_class = "archive"
    c.ArchiveAuthenticator.hub = hub
    c.JupyterHub.load_roles = [
        {"name": "user", "scopes": ["self", GATEWAY]},
        {
            "name": "server",
            "scopes": [
                "access:servers!server",
                "read:users:name!user",
                "read:users:groups!user",
                "users:activity!user",
                GATEWAY,
            ],
        },
    ]
    canary.admit(c, hub)
    # A name in a URL or an API call that is not gh-NUMBER is nobody's.
    c.Authenticator.username_pattern = r"gh-[1-9][0-9]{0,18}\Z"


def pages(c: Any, hub: Hub) -> None:
    """Put our pages in the place of JupyterHub's.

    Parameters
    ----------
    c : traitlets.config.Config
        JupyterHub's configuration.
    hub : Hub
        The settings.
    """
    refuse_control_characters()
    say_busy()
    c.JupyterHub.template_paths = [str(PAGES)]
    c.JupyterHub.template_vars = {
        "about": hub.hub,
        "archives": hub.archives,
        "support": hub.hub.support,
        "limits_text": idle_text(hub),
        "assets_version": _version_of(ASSETS),
        # JupyterHub calls these with the visitor, or with None.
        "notices": notices.for_user,
        "explain": lambda _: starts.explain,
        "explain_refusal": lambda _: starts.explain_refusal,
        "ended": lambda _: ends.ended,
    }
    c.JupyterHub.extra_handlers = [
        (r"/terms", terms.TermsHandler),
        (r"/notices", NoticesHandler),
        (r"/usage", UsageHandler),
        (r"/open", OpenHandler, {"archives": _openable(hub)}),
        (r"/assets/(.*)", CacheControlStaticFilesHandler, {"path": str(ASSETS)}),
    ]


def _openable(hub: Hub) -> tuple[Archive, ...]:
    """Return whose assets links may name: on one machine the real addresses too.

    There the reader finds them at the stand-in.
    """
    return (*hub.archives.values(), *load().archives.values())


def _version_of(folder: Path) -> str:
    """Return a name for the content of `folder`: browsers keep what has not changed."""
    digest = sha256()
    for file in sorted(folder.iterdir()):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _servers(c: Any, hub: Hub) -> None:
    c.KubeSpawner.default_url = "/lab"
    c.KubeSpawner.http_timeout = 120
    c.KubeSpawner.limits_text = idle_text(hub)
    c.KubeSpawner.apply_user_options = check_choice
    c.KubeSpawner.pre_spawn_hook = before_start
    c.KubeSpawner.post_stop_hook = stop_clusters
    c.KubeSpawner.environment = {
        "JUPYTERHUB_ACTIVITY_INTERVAL": str(int(hub.idle.report_interval_min * 60)),
        "ARCHIVE_HUB_BUSY_CAP_H": f"{hub.idle.busy_cap_h:g}",
        # Of its greatest age a server hears through the hub's notices.
        "ARCHIVE_HUB_CULL_AFTER_MIN": f"{hub.idle.cull_after_min:g}",
        "ARCHIVE_HUB_WARN_MIN": f"{hub.idle.warn_min:g}",
        "ARCHIVE_HUB_NOTICES_URL": notices.notices_url,
        # No server has an identity of the cloud; do not wait for one.
        "AWS_EC2_METADATA_DISABLED": "true",
        "DANDI_NO_ET": "1",
        "DASK_GATEWAY__AUTH__TYPE": "jupyterhub",
        "DASK_LABEXTENSION__FACTORY__MODULE": "dask_gateway",
        "DASK_LABEXTENSION__FACTORY__CLASS": "GatewayCluster",
    }
    c.JupyterHub.allow_named_servers = False
    c.JupyterHub.proxy_class = WatchfulProxy
    # A class, and another one: in the cloud a start waits for a machine, not for us.
    c.JupyterHub.concurrent_spawn_limit = 200
    # The start page asks again by itself after so many seconds.
    c.JupyterHub.spawn_throttle_retry_range = (5, 15)
    # A full start queue is for the person to see, not a reason to restart the hub.
    c.Spawner.consecutive_failure_limit = 0


def _keep_sqlite_fast() -> None:
    """Write ahead: 2.2 times the activity posts a second on a loaded disk."""

    @event.listens_for(Engine, "connect")
    def connected(connection: Any, _: Any) -> None:
        if "sqlite" in type(connection).__module__:
            cursor = connection.cursor()
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute("PRAGMA synchronous=NORMAL")
            cursor.close()
