"""The start page: sizes and images to choose from, and a refusal for all else.

`StartPage` is mixed into both spawners.  It draws KubeSpawner's ``profile_list`` with
our template and checks what comes back before anything starts, from form and API alike.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, select_autoescape
from jupyterhub.utils import maybe_future
from kubespawner import KubeSpawner
from tornado import web
from traitlets import Any as AnyValue
from traitlets import Unicode, default

from . import budget, licence
from .starts import Waits, watch
from .terms import lead_to_terms, require_accepted

PAGES = Path(__file__).with_name("pages")


class RefusedChoice(web.HTTPError):
    """A choice that this hub does not offer: HTTP 400, with the reason for the page."""

    def __init__(self, reason: str) -> None:
        super().__init__(400, reason)
        self.jupyterhub_message = reason


class StartPage(KubeSpawner):  # type: ignore[misc]
    """KubeSpawner with our start page.

    Profiles may carry two keys that KubeSpawner does not know: ``note``, shown beside
    the description, and ``unavailable``, a reason: then it is listed but refused.
    """

    # JupyterHub stores what an API call sends before anybody can refuse it.  As a Dict,
    # a stored list would break every later page of that person.
    user_options = AnyValue(help="What was chosen; anything until it is checked.")

    limits_text = Unicode("", config=True, help="When a server stops, in words.")
    machine_text = Unicode("", config=True, help="How limits are held here, in words.")

    # What the form brought, until it is read, and what this start gets of it: in memory
    # only, for JupyterHub stores `user_options`.
    typed_licence = ""
    licence_server = ""

    # Of all people's starts: what one waited, the next will wait.
    waits = Waits()

    @default("user_options")
    def _nothing_chosen(self) -> dict[str, str]:
        return {}

    @default("options_form")
    def _options_form_default(self) -> Any:
        """Draw the page anew for each visit: the last choice and the waits change."""
        return self._draw

    async def _draw(self, spawner: Any) -> str:
        lead_to_terms(self)
        return self._render_options_form(await self._profiles())

    async def _profiles(self) -> list[dict[str, Any]]:
        profiles = self.profile_list
        if callable(profiles):
            profiles = await maybe_future(profiles(self))
        listed: list[dict[str, Any]] = self._get_initialized_profile_list(profiles)
        return listed

    @property
    def usual_wait(self) -> str:
        """How long a start of the chosen profile usually takes, in words."""
        return self.waits.text(self.profile_name)

    @property
    def size_name(self) -> str:
        """What the page calls the chosen profile; empty if it is no longer listed."""
        profiles = self.profile_list if isinstance(self.profile_list, list) else []
        names = {one.get("slug"): one["display_name"] for one in profiles}
        return str(names.get(self.profile_name, ""))

    @property
    def profile_name(self) -> str:
        """The chosen profile's name in the settings; empty if none was chosen."""
        options = self.user_options if isinstance(self.user_options, dict) else {}
        return str(options.get("profile", ""))

    def _render_options_form(self, profile_list: list[dict[str, Any]]) -> str:
        profiles = self._get_initialized_profile_list(profile_list)
        return (
            _templates()
            .get_template("start-form.html")
            .render(
                profiles=profiles,
                chosen=self._chosen(profiles),
                typed_licence=self._typed_once(),
                waits=self.waits,
                limits_text=self.limits_text,
                machine_text=self.machine_text,
            )
        )

    def _chosen(self, profiles: list[dict[str, Any]]) -> dict[str, str]:
        """Return the last choice if it is still offered, else the default."""
        last = self.user_options if isinstance(self.user_options, dict) else {}
        offered = [one for one in profiles if not one.get("unavailable")]
        try:
            self._validate_user_options(profiles)
        except RefusedChoice:
            last = {}
        slug = last.get("profile") or next(
            (one["slug"] for one in offered if one.get("default")), offered[0]["slug"]
        )
        return {**last, "profile": slug}

    async def last_choice(self) -> dict[str, str]:
        """Return the last choice if it is still offered, else the default."""
        return self._chosen(await self._profiles())

    def _validate_user_options(self, profile_list: list[dict[str, Any]]) -> None:
        """Refuse what is not on the list; called before a server starts.

        Raises
        ------
        RefusedChoice
            With the reason, for the page and the API.
        """
        by_slug = {one["slug"]: one for one in profile_list}
        if not isinstance(self.user_options, dict):
            raise RefusedChoice(
                f"The choice must be an object with the size as 'profile', "
                f"not {_shown(self.user_options)}."
            )
        options = dict(self.user_options)
        slug = options.pop("profile", None)
        if slug is None and not options:
            return
        if not isinstance(slug, str) or slug not in by_slug:
            raise RefusedChoice(
                f"There is no size {_shown(slug)}; there are {', '.join(by_slug)}."
            )
        profile = by_slug[slug]
        if profile.get("unavailable"):
            raise RefusedChoice(f"{profile['display_name']}: {profile['unavailable']}")
        offered = profile.get("profile_options", {})
        for key, value in options.items():
            choices = offered.get(key, {}).get("choices", {})
            if not isinstance(value, str) or value not in choices:
                raise RefusedChoice(
                    f"{profile['display_name']} has no choice {_shown(key)} = "
                    f"{_shown(value)}."
                )

    def _typed_once(self) -> str:
        """Return what was refused, for the form to be corrected, and forget it."""
        typed, self.typed_licence = self.typed_licence, ""
        return typed

    def take_licence(self, profile_list: list[dict[str, Any]]) -> None:
        """Read what the form brought for this start.

        Raises
        ------
        RefusedChoice
            With the reason, for the page.
        """
        self.licence_server = ""
        slug = self.profile_name
        chosen = next((one for one in profile_list if one["slug"] == slug), {})
        try:
            if "licence_servers" in chosen:
                self.licence_server = licence.read(
                    self.typed_licence, chosen["licence_servers"]
                )
        except licence.LicenceRefused as refusal:
            raise RefusedChoice(str(refusal)) from None
        self.typed_licence = ""

    def get_env(self) -> dict[str, str]:
        """Return the server's environment, the person's licence server in it."""
        env: dict[str, str] = super().get_env()
        if self.licence_server:
            env[licence.VARIABLE] = self.licence_server
        return env

    def forget_choice(self) -> None:
        """Take a refused choice out of the database, where JupyterHub has put it."""
        if self.orm_spawner is not None:
            self.orm_spawner.user_options = None
            self.db.commit()

    def options_from_query(self, query: dict[str, list[str]]) -> dict[str, str]:
        """Take a link's choice to the form, which alone starts a server.

        Any page can make a browser follow a link out of sight, and on the hub's own
        domain as whoever is signed in: another person's server is there.

        Raises
        ------
        RefusedChoice
            Always; with what to do, for the page.
        """
        if licence.FIELD in query:
            raise RefusedChoice(
                "A licence server does not belong in a link: links are kept in logs. "
                "Type it into the form."
            )
        if "profile" in query:
            self.user_options = self._options_from_form(query)
        raise RefusedChoice("A link starts no server by itself: press Start.")

    def _options_from_form(self, formdata: dict[str, list[str]]) -> dict[str, str]:
        """Read the form; what it does not know is dropped, as KubeSpawner does."""
        known = {
            key: value
            for key, value in formdata.items()
            if key == "profile" or key.startswith("profile-option-")
        }
        self.typed_licence = ",".join(formdata.get(licence.FIELD, []))
        options: dict[str, str] = super()._options_from_form(known)
        return options


async def check_choice(spawner: StartPage, user_options: object) -> None:
    """Refuse a choice before anything starts; JupyterHub's ``apply_user_options``.

    Raises
    ------
    RefusedChoice
        With the reason, for the page and the API.
    """
    profiles = await spawner._profiles()
    try:
        if isinstance(user_options, dict) and licence.FIELD in user_options:
            raise RefusedChoice(
                "A licence server goes through the start form only: "
                "the hub would store what an API call brings."
            )
        spawner._validate_user_options(profiles)
    except RefusedChoice:
        spawner.forget_choice()
        raise
    spawner.take_licence(profiles)


def before_start(spawner: StartPage) -> None:
    """Do what comes before every start; JupyterHub's ``pre_spawn_hook``.

    Raises
    ------
    TermsNotAccepted
        The person must accept the terms first.
    BudgetSpent
        The person used this month's or this day's share.
    """
    require_accepted(spawner)
    budget.require_within(spawner)
    watch(spawner, spawner.waits, spawner.profile_name)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:60] + "…"


@lru_cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(PAGES), autoescape=select_autoescape(), trim_blocks=True
    )
