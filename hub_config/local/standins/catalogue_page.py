"""The archive for the eye: a plain page of dandisets and their assets."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from urllib.parse import urlencode

from hub_config.local.samples.shelf import DRAFT, AssetRecord
from hub_config.local.standins.answers import Addresses
from hub_config.local.standins.records import Dandiset

_HEAD = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Archive (local stand-in)</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto;
       padding: 0 1rem; color: #222; background: #fff; }
table { border-collapse: collapse; width: 100%; }
td { padding: .2rem .8rem .2rem 0; border-top: 1px solid #ddd;
     overflow-wrap: anywhere; }
td:last-child { text-align: right; white-space: nowrap; }
</style>
"""


def page(dandisets: Iterable[Dandiset], at: Addresses) -> str:
    """Write the page of some dandisets.

    Parameters
    ----------
    dandisets : iterable of Dandiset
        What to show.
    at : Addresses
        Where links lead.
    """
    parts = [
        _HEAD,
        "<h1>Archive (local stand-in)</h1>",
        "<p>Small invented data in the shape of real dandisets; ",
        f'the API is at <a href="{escape(at.api)}/info/">{escape(at.api)}</a>.</p>',
    ]
    for dandiset in dandisets:
        parts += _section(dandiset, at)
    return "\n".join(parts)


def _section(dandiset: Dandiset, at: Addresses) -> Iterable[str]:
    record = dandiset.record
    link = escape(f"{at.archive}/dandiset/{record.identifier}")
    yield f'<h2><a href="{link}">{record.identifier}</a> {escape(record.name)}</h2>'
    yield f"<p>{escape(record.description)}</p>"
    yield "<table>"
    for asset in dandiset.assets_of(DRAFT):
        yield _row(asset, at)
    yield "</table>"


def _row(asset: AssetRecord, at: Addresses) -> str:
    name = escape(asset.path)
    if asset.blob:
        name = f'<a href="{escape(at.download(asset.asset_id))}">{name}</a>'
    size = f"{asset.size / 1e6:.1f} MB"
    return f"<tr><td>{name}</td><td>{_into_the_hub(asset, at)}</td><td>{size}</td></tr>"


def _into_the_hub(asset: AssetRecord, at: Addresses) -> str:
    """Link to the hub on the same port, as an archive's own page would."""
    link = f"/hub/open?{urlencode({'asset': at.download(asset.asset_id)})}"
    return f'<a href="{escape(link)}">Open in the hub</a>'
