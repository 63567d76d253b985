"""Read by every Jupyter server of this environment."""

from hub_server.config import configure

configure(get_config())  # noqa: F821
