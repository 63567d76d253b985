"""Where a user server and its kernels keep files: what can be lost lies on scratch.

A home may be full, and may be a network file system, on which SQLite locks badly.  So
everything that is remade at will (sockets, caches, workspaces, histories) goes to the
scratch folder, and nothing on the way to a running kernel writes to the home.

Variables of the hub that are read here:

``ARCHIVE_HUB_SCRATCH``
    Scratch folder; default: a folder of this user under the temporary folder.
``ARCHIVE_HUB_TUTORIALS``
    Folder that tutorials are copied from; default ``/opt/tutorials``.
"""

import json
import os
import stat
import tempfile
from collections.abc import Mapping, MutableMapping
from pathlib import Path

PRELOADS = [
    str(Path(__file__).with_name(name))
    for name in ("dask_client.py", "dask_reconnect.py")
]
RESCUED = {
    "IPYTHONDIR": "ipython",
    "JUPYTER_CONFIG_DIR": "jupyter-config",
    "JUPYTER_DATA_DIR": "jupyter-data",
    "JUPYTERLAB_SETTINGS_DIR": "lab-settings",
}


def scratch_dir(environ: Mapping[str, str]) -> Path:
    """Return the scratch folder; it may not exist yet."""
    named = environ.get("ARCHIVE_HUB_SCRATCH")
    if named:
        return Path(named)
    return Path(tempfile.gettempdir()) / f"hub-server-{os.getuid()}"


def home_dir(environ: Mapping[str, str]) -> Path:
    """Return the person's home."""
    return Path(environ.get("HOME") or Path.home())


def tutorials_dir(environ: Mapping[str, str]) -> Path:
    """Return the folder that tutorials are copied from."""
    return Path(environ.get("ARCHIVE_HUB_TUTORIALS") or "/opt/tutorials")


def takes_files(folder: Path) -> bool:
    """Tell whether a small file and a folder can be made in `folder` now.

    Asked by doing it: a quota shows in no figure of the file system.
    """
    try:
        with (
            tempfile.TemporaryDirectory(prefix=".probe-", dir=folder) as probe,
            open(Path(probe) / "file", "wb") as file,
        ):
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        return False
    return True


def prepare(environ: MutableMapping[str, str]) -> None:
    """Make the scratch folders and point Jupyter, Dask and the caches at them.

    Parameters
    ----------
    environ
        Changed in place; what is already set stays, so an operator can choose
        otherwise.

    Raises
    ------
    OSError
        The scratch folder cannot be made: without one no server can run.
    """
    scratch = scratch_dir(environ)
    if "ARCHIVE_HUB_SCRATCH" not in environ:
        _claim(scratch)
    places = {
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "XDG_CACHE_HOME": "cache",
        "FSSPEC_FILECACHE_CACHE_STORAGE": "cache/fsspec",
        "FSSPEC_SIMPLECACHE_CACHE_STORAGE": "cache/fsspec",
        "FSSPEC_BLOCKCACHE_CACHE_STORAGE": "cache/fsspec",
    }
    for folder in {*places.values(), "databases", "dask-clients"}:
        (scratch / folder).mkdir(mode=0o700, parents=True, exist_ok=True)
    environ.setdefault("ARCHIVE_HUB_SCRATCH", str(scratch))
    for name, folder in places.items():
        environ.setdefault(name, str(scratch / folder))
    environ.setdefault("DASK_DISTRIBUTED__CLIENT__PRELOAD", json.dumps(PRELOADS))
    # Dask would tell each notebook in red that it found the preload.
    quiet = {"distributed.preloading": "warning", "distributed.utils": "warning"}
    environ.setdefault("DASK_LOGGING", json.dumps(quiet))
    if not takes_files(home_dir(environ)):
        _rescue(environ, scratch)


def _claim(folder: Path) -> None:
    """Make a folder whose name everybody can guess ours alone.

    Raises
    ------
    PermissionError
        Somebody else made it first.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to somebody else")


def _rescue(environ: MutableMapping[str, str], scratch: Path) -> None:
    """Let the settings be written on scratch, and read from the full home too."""
    home = home_dir(environ)
    _append(environ, "JUPYTER_CONFIG_PATH", home / ".jupyter")
    _append(environ, "JUPYTER_PATH", home / ".local/share/jupyter")
    for name, folder in RESCUED.items():
        (scratch / folder).mkdir(mode=0o700, exist_ok=True)
        environ.setdefault(name, str(scratch / folder))


def _append(environ: MutableMapping[str, str], name: str, folder: Path) -> None:
    parts = [part for part in environ.get(name, "").split(os.pathsep) if part]
    if str(folder) not in parts:
        environ[name] = os.pathsep.join([*parts, str(folder)])
