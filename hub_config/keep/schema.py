"""Asks, and changes, for the JupyterHub that this interpreter has.

Run by its path with another environment's interpreter, so it imports nothing of ours::

    PYTHON schema.py              prints JupyterHub's version and its schema's revision
    PYTHON schema.py DATABASE     brings a SQLite file to that schema
"""

from __future__ import annotations

import sys
from pathlib import Path

import jupyterhub
from alembic.config import Config
from alembic.script import ScriptDirectory
from jupyterhub import dbutil


def head() -> str:
    """Return the revision of the newest schema that this JupyterHub knows."""
    config = Config()
    folder = Path(jupyterhub.__file__).with_name("alembic")
    config.set_main_option("script_location", str(folder))
    return str(ScriptDirectory.from_config(config).get_current_head())


if __name__ == "__main__":
    if len(sys.argv) > 1:
        dbutil.upgrade(f"sqlite:///{sys.argv[1]}")
    print(jupyterhub.__version__, head())  # noqa: T201
