"""The reference pages of the docs, and sentences that pages and docs share."""

from __future__ import annotations

import json
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from . import tables
from .profiles import span_text
from .settings import Hub

NOTE = "Derived by `archive-hub render` from hub_config/hub.toml. Do not edit."
MARKDOWN_NOTE = f"<!-- {NOTE} -->\n"


def profiles_page(hub: Hub) -> str:
    """Return the page of the profiles."""
    rows = [
        "# Profiles\n",
        "What a person may start: guaranteed, up to the limit.\n",
        "| Profile | For | CPU cores | Memory (GiB) | GPU | Images | Node pool |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    rows += [
        f"| {profile.display_name}{' (default)' * profile.default} | {profile.summary} "
        f"| {span_text(profile.cpu)} | {span_text(profile.memory_gib)} "
        f"| {profile.gpus or 'none'} | {', '.join(profile.images)} "
        f"| {profile.node_pool} |"
        for profile in hub.profiles.values()
    ]
    rows += [
        "\n## Dask\n",
        dask_text(hub),
        "\n## When a server stops\n",
        idle_text(hub),
    ]
    return MARKDOWN_NOTE + "\n".join(rows) + "\n"


def dask_text(hub: Hub) -> str:
    """Say what a person's Dask clusters may have."""
    dask = hub.dask
    return (
        f"Over all clusters of a person: {dask.cores_per_person:g} cores, "
        f"{dask.memory_gib_per_person:g} GiB, {dask.clusters_per_person} clusters. "
        f"An idle cluster ends after {dask.idle_timeout_min:g} minutes."
    )


def idle_text(hub: Hub) -> str:
    """Say when a server stops by itself."""
    idle = hub.idle
    return (
        f"A server stops after {idle.cull_after_min:g} minutes without work. "
        f"Running work keeps it for up to {idle.busy_cap_h:g} hours. "
        f"It stops after {idle.max_age_h:g} hours in any case."
    )


def settings_page() -> str:
    """Return the page of all settings, made from the tables' own words."""
    rows = ["# Settings\n", "Every key of `hub_config/hub.toml`.\n"]
    for key, field in Hub.model_fields.items():
        table, many = _table(field)
        if table is None:
            rows += [f"## `[{key}]`\n", "A name and an image each.\n"]
            continue
        rows += [f"## `[{key}{'.NAME' if many else ''}]`\n", f"{table.__doc__}\n"]
        rows += ["| Key | Kind | Default |", "| --- | --- | --- |"]
        rows += [
            f"| `{name}` | {_kind(inner)} | {_default(inner)} |"
            for name, inner in table.model_fields.items()
        ]
        rows.append("")
    return MARKDOWN_NOTE + "\n".join(rows)


def _table(field: FieldInfo) -> tuple[type[BaseModel] | None, bool]:
    kinds: list[Any] = [field.annotation, *get_args(field.annotation)]
    for kind in kinds:
        if isinstance(kind, type) and issubclass(kind, tables.Table):
            return kind, kind is not field.annotation
    return None, True


def _kind(field: FieldInfo) -> str:
    kind: Any = field.annotation
    if isinstance(kind, type) and issubclass(kind, tables.Table):
        return "{ " + ", ".join(kind.model_fields) + " }"
    if isinstance(kind, type) and not get_args(kind):
        return {"str": "text", "int": "whole number", "float": "number"}.get(
            kind.__name__, kind.__name__
        )
    if values := [value for value in get_args(kind) if isinstance(value, str)]:
        return " or ".join(f"`{value}`" for value in values)
    return "list"


def _default(field: FieldInfo) -> str:
    return "required" if field.is_required() else f"`{json.dumps(field.default)}`"
