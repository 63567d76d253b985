"""A hub as the cloud has it: servers and proxy are no part of it, and outlive it."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
STATE = Path(os.environ["UPGRADE_STATE"])
TOKEN = os.environ["UPGRADE_TOKEN"]

c = get_config()  # noqa: F821
c.JupyterHub.bind_url = os.environ["UPGRADE_URL"]
c.JupyterHub.hub_bind_url = os.environ["UPGRADE_HUB_URL"]
c.JupyterHub.db_url = f"sqlite:///{STATE / 'hub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(STATE / "cookie_secret")
c.JupyterHub.cleanup_servers = False
c.JupyterHub.cleanup_proxy = False
c.ConfigurableHTTPProxy.should_start = False
c.ConfigurableHTTPProxy.api_url = os.environ["UPGRADE_PROXY_API"]
c.ConfigurableHTTPProxy.auth_token = TOKEN
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = TOKEN
c.Authenticator.any_allow_config = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = str(STATE / "homes" / "{username}")
c.Spawner.cmd = [sys.executable, str(HERE / "stub_server.py")]
c.Spawner.notebook_dir = ""
c.JupyterHub.services = [{"name": "operator", "api_token": TOKEN}]
c.JupyterHub.load_roles = [
    {
        "name": "operator",
        "services": ["operator"],
        "scopes": ["admin:users", "admin:servers", "list:users", "read:servers"],
    }
]
