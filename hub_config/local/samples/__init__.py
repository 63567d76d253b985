"""The sample archive: small NWB assets in the shape of well-known dandisets.

This package runs in the *user environment* (`images/base/requirements.lock`), where
pynwb lives, and imports nothing of the hub's environment:
``python -m hub_config.local.samples DEST`` with the repository on ``PYTHONPATH``.
What it writes is described in `shelf`.
"""
