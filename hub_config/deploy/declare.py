"""Write an environment into ``hub.toml``; every comment stays."""

from __future__ import annotations

import os
from pathlib import Path

from ..settings import SettingsError, load
from .programs import DeployError


def declare(file: Path, name: str, **values: str) -> bool:
    """Set what an environment's table says; tell whether that changed anything.

    Parameters
    ----------
    file : Path
        The declaration.
    name : str
        Of the environment.
    **values : str
        Keys of its table.

    Raises
    ------
    DeployError
        tomlkit is not installed, or the file cannot be written.
    SettingsError
        The settings would not fit; the file is as it was.
    """
    try:
        import tomlkit
    except ImportError:
        raise DeployError(
            "init: tomlkit is not installed; pip install 'archive-hub[operate]'"
        ) from None
    # Reading it first says what was wrong before.
    load(file)
    before = file.read_text("utf-8")
    document = tomlkit.parse(before)
    environments = document.setdefault("environments", tomlkit.table(True))
    place = environments.setdefault(name, tomlkit.table())
    for key, value in values.items():
        if place.get(key) != value:
            place[key] = value
    after = tomlkit.dumps(document)
    if after == before:
        return False
    draft = file.with_name(f".{file.name}")
    try:
        draft.write_text(after, "utf-8")
        load(draft)
        os.replace(draft, file)
    except SettingsError as error:
        raise SettingsError(str(error).replace(draft.name, file.name)) from None
    except OSError as error:
        raise DeployError(f"{file}: {error.strerror}; nothing was written") from None
    finally:
        draft.unlink(missing_ok=True)
    return True
