"""Derived files follow the declaration, and a stale one is named."""

from __future__ import annotations

import json

from hub_config import render
from hub_config.settings import GIB


def test_derived_files_are_current(hub, root):
    assert render.stale(hub, root) == [], "run `archive-hub render`"


def test_a_stale_file_is_named(hub, tmp_path):
    render.write(hub, tmp_path)
    page = tmp_path / "docs/reference/profiles.md"
    page.write_text(page.read_text().replace("16 to 32", "8 to 32"))
    (tmp_path / "helm/hub/staging.generated.yaml").unlink()
    assert sorted(render.stale(hub, tmp_path)) == [
        "docs/reference/profiles.md",
        "helm/hub/staging.generated.yaml",
    ]


def test_writing_twice_changes_nothing(hub, tmp_path):
    assert len(render.write(hub, tmp_path)) == len(render.files(hub))
    assert render.write(hub, tmp_path) == []


def test_one_setting_reaches_every_consumer(hub, tmp_path):
    base = hub.profiles["base"]
    memory = base.memory_gib.model_copy(update={"guarantee": 20, "limit": 40})
    profiles = {**hub.profiles, "base": base.model_copy(update={"memory_gib": memory})}
    render.write(hub.model_copy(update={"profiles": profiles}), tmp_path)
    values = (tmp_path / "helm/hub/values.generated.yaml").read_text()
    assert f'"mem_limit": {40 * GIB}' in values
    assert "20 to 40" in (tmp_path / "docs/reference/profiles.md").read_text()


def test_terraform_gets_the_pools_of_each_environment(hub):
    variables = json.loads(render.terraform_variables(hub, "production"))
    assert variables["host"] == "hub.example.org"
    assert variables["node_pools"]["user-gpu"]["gpus"] == 1
    assert variables["node_pools"]["dask"]["capacity"] == "spot"


def test_every_setting_is_on_the_settings_page(hub):
    page = render.settings_page()
    for table in ("hub", "archives.NAME", "profiles.NAME", "dask", "idle", "home"):
        assert f"## `[{table}]`" in page
    for key in ("grace_h", "cull_after_min", "cores_per_person", "registry"):
        assert f"| `{key}` |" in page
