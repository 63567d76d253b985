"""The stand-ins as applications: GitHub and the archive, and S3."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from ..samples.shelf import Shelf
from . import accounts, faults
from .catalogue import Archive
from .github import Client, GitHub, github_app
from .network import Network
from .people import People
from .records import Catalogue
from .services import ARCHIVE, GITHUB, STORAGE
from .storage import Storage


@dataclass(frozen=True)
class Ground:
    """What the stand-ins stand on.

    Attributes
    ----------
    folder : Path
        Holds ``people.json`` and the folder ``archive``.
    secrets : mapping
        ``github_client_id``, ``github_client_secret``, ``archive_token``,
        ``control_token``.
    storage_url : str
        Where user servers find S3: an address, or a path on the archive's own host.
    """

    folder: Path
    secrets: Mapping[str, str] = field(repr=False)
    storage_url: str = STORAGE


def people_app(ground: Ground) -> web.Application:
    """Return GitHub and the archive, which are about the same people."""
    secrets = ground.secrets
    people = People(path=ground.folder / "people.json")
    client = Client(secrets["github_client_id"], secrets["github_client_secret"])
    control = secrets["control_token"]
    app = web.Application()
    app.add_subapp(GITHUB, github_app(GitHub(people, client), control_token=control))
    archive = Archive(ground.folder / "archive", ARCHIVE, ground.storage_url)
    app.add_subapp(ARCHIVE, _archive_app(secrets, people, archive))
    archive.add_discovery(app)
    return app


def _archive_app(
    secrets: Mapping[str, str], people: People, archive: Archive
) -> web.Application:
    """Return the archive: who is registered, and what there is to read."""
    control = secrets["control_token"]
    caller = accounts.Caller("hub-service", admin=True)
    known = accounts.Accounts(people, {secrets["archive_token"]: caller})
    switch = faults.Switch()
    app = web.Application(middlewares=[faults.middleware(switch)])
    faults.add_control(app, switch, control)
    accounts.add_routes(app, known, control_token=control)
    archive.add_routes(app)
    return app


def add_storage(app: web.Application, folder: Path, network: Network) -> None:
    """Add S3 over the objects of the archive in `folder`."""
    shelf = Shelf(folder / "archive")
    # An archive without samples is empty, not broken.
    shelf.objects.mkdir(parents=True, exist_ok=True)
    embargoed = Catalogue(shelf).is_embargoed
    Storage(shelf.objects, network, embargoed).add_routes(app, STORAGE)
