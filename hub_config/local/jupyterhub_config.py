"""The hub's configuration file on one machine."""

from hub_config.local.configure import configure

configure(get_config())  # type: ignore[name-defined]  # noqa: F821
