"""What every user server sets in Jupyter, in one function.

Called by the one-line ``jupyter_server_config.py`` that this package installs beside
the environment's other Jupyter settings; a person's own ``~/.jupyter`` still comes
later.
"""

import os
from typing import Any

from hub_server.deferred import DEFERRED
from hub_server.environment import prepare, scratch_dir


def configure(c: Any) -> None:
    """Set the traits.

    Parameters
    ----------
    c
        The configuration object of a Jupyter server (`traitlets.config.Config`).
    """
    prepare(os.environ)
    databases = scratch_dir(os.environ) / "databases"
    c.ServerApp.jpserver_extensions = {
        "hub_server": True,
        **{name: False for name in DEFERRED},
    }
    c.ServerApp.kernel_websocket_connection_class = (
        "hub_server.sockets.PromptConnection"
    )
    c.ServerApp.kernel_spec_manager_class = "hub_server.kernels.KernelSpecs"
    # Extensions come with the image; the index is not asked, nor its client imported.
    c.LabApp.extension_manager = "readonly"
    # The trash is a folder on the home: with it a full home cannot be emptied.
    c.FileContentsManager.delete_to_trash = False
    c.BaseFileIdManager.db_path = str(databases / "file_id.db")
    c.SQLiteYStore.db_path = str(databases / "ystore.db")
