"""One good declaration, and every wrong edit named in one line."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from hub_config import settings

WRONG = [
    # (what stands there, what somebody writes, the line that names it)
    (
        "guarantee = 32, limit = 64 }",
        "guarantee = 128, limit = 64 }",
        "hub.toml: profiles.large.memory_gib: guarantee 128 is above limit 64",
    ),
    (
        "{ guarantee = 0.5, limit = 2 }",
        "{ guarantee = 0, limit = 2 }",
        "profiles.tiny.cpu.guarantee: input should be greater than 0, got 0",
    ),
    (
        "{ guarantee = 1, limit = 2 }",
        "{ guarantee = 1, limit = 8 }",
        "profiles.tiny: memory limit 8 is more than twice the guarantee 1: ",
    ),
    (
        'images       = ["gpu"]',
        'images       = ["cuda"]',
        "profiles.gpu.images: no image 'cuda'; there are base, gpu, matlab, hub",
    ),
    (
        'images       = ["gpu"]',
        "images       = []",
        "profiles.gpu.images: tuple should have at least 1 item",
    ),
    (
        'node_pool    = "user-gpu"',
        'node_pool    = "gpus"',
        "profiles.gpu.node_pool: no node pool 'gpus'; there are core, user-cpu",
    ),
    (
        "{ guarantee = 24, limit = 48 }",
        "{ guarantee = 24, limit = 96 }",
        "profiles.xlarge: asks for 96 cores, 96 GiB, 0 GPUs; the largest machine of ",
    ),
    ("gpus         = 1", "gpus         = 2", "profiles.gpu: asks for 7 cores"),
    ("default      = true", "defualt      = true", "defualt: no such setting; see"),
    (
        "default      = true",
        "",
        "profiles: exactly one must be the default, got none",
    ),
    (
        'display_name = "Large"',
        'default      = true\ndisplay_name = "Large"',
        "profiles: exactly one must be the default, got base, large",
    ),
    ('display_name = "Large"', 'display_name = " "', "profiles.large.display_name"),
    (
        "[profiles.large]",
        "[profiles.Large]",
        "profiles.Large: string should match pattern",
    ),
    (
        '["g4dn.2xlarge"]',
        '["g4dn.9xlarge"]',
        "node_pools.user-gpu: no machine 'g4dn.9xlarge' in instances.toml; there are",
    ),
    (
        "max_nodes      = 3",
        'max_nodes      = "many"',
        "node_pools.core.max_nodes: input should be a valid integer",
    ),
    (
        'capacity       = "spot"',
        'capacity       = "cheap"',
        "node_pools.dask.capacity: input should be 'on-demand' or 'spot', got 'cheap'",
    ),
    (
        "{ default = 4, max = 32 }",
        "{ default = 64, max = 32 }",
        "dask.worker_memory_gib: default 64 is above max 32",
    ),
    (
        "{ default = 4, max = 32 }",
        "{ default = 4, max = 200 }",
        "dask: asks for 8 cores, 200 GiB, 0 GPUs; the largest machine of pool 'dask'",
    ),
    (
        "cores_per_person      = 64",
        "cores_per_person      = 4",
        "dask: one worker may have 8 cores, but all workers of a person only 4",
    ),
    (
        "idle_timeout_min      = 30",
        "idle_timeout_min      = 0",
        "dask.idle_timeout_min: input should be greater than 0, got 0",
    ),
    (
        "cull_after_min      = 60",
        "cull_after_min      = 15",
        "idle: cull_after_min 15 is below twice report_interval_min 10: ",
    ),
    (
        "busy_cap_h          = 24",
        "busy_cap_h          = 100",
        "idle: busy_cap_h 100 is above max_age_h 72",
    ),
    (
        "admins      = []",
        'admins      = ["grace"]',
        "login.admins.0: input should be a valid integer, got 'grace'",
    ),
    (
        "timeout_s   = 5",
        "timeout_s   = 300",
        "login.timeout_s: input should be less than or equal to 30, got 300",
    ),
    (
        '"https://api.dandiarchive.org/api"',
        '"api.dandiarchive.org"',
        "archives.dandi.api_url: string should match pattern",
    ),
    (
        '"ARCHIVE_TOKEN_DANDI"',
        '"s3cret-token"',
        "archives.dandi.token_env: string should match pattern",
    ),
    (
        '"archive-hub/gpu:2026.11.0"',
        '"archive-hub/gpu"',
        "images.gpu: string should match pattern",
    ),
    ("quota_gib = 50", "quota_gb = 50", "home.quota_gib: is missing"),
    ("quota_gib = 50", "quota_gib = fifty", "hub.toml: not TOML: Invalid value"),
    (
        '"hub.staging.example.org"',
        '"https://hub.staging.example.org"',
        "environments.staging.host: string should match pattern",
    ),
]


IDS = [line[:50] for _, _, line in WRONG]


@pytest.mark.parametrize(("old", "new", "line"), WRONG, ids=IDS)
def test_a_wrong_setting_is_named_in_one_line(tmp_path, old, new, line):
    text = settings.DECLARATION.read_text()
    assert old in text
    (tmp_path / "hub.toml").write_text(text.replace(old, new, 1))
    with pytest.raises(settings.SettingsError) as failure:
        settings.load(tmp_path / "hub.toml")
    assert line in str(failure.value)
    assert all(row.startswith("hub.toml: ") for row in str(failure.value).splitlines())


def test_each_fault_of_several_has_its_own_line(tmp_path):
    text = settings.DECLARATION.read_text()
    text = text.replace("quota_gib = 50", "quota_gib = 0")
    text = text.replace("grace_h     = 24", "grace_h     = -1")
    (tmp_path / "hub.toml").write_text(text)
    with pytest.raises(settings.SettingsError) as failure:
        settings.load(tmp_path / "hub.toml")
    assert len(str(failure.value).splitlines()) == 2


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(settings.SettingsError, match=r"none\.toml: No such file"):
        settings.load(tmp_path / "none.toml")


def test_settings_cannot_be_changed(hub):
    with pytest.raises(ValidationError, match="frozen"):
        hub.home.quota_gib = 1000


def test_the_six_profiles_are_the_ones_the_tutorial_promises(hub):
    promised = {
        "tiny": (0.5, 2, 1, 2, 0),
        "base": (6, 12, 16, 32, 0),
        "large": (12, 24, 32, 64, 0),
        "xlarge": (24, 48, 64, 96, 0),
        "gpu": (4, 7, 15, 28, 1),
        "matlab": (6, 12, 16, 32, 0),
    }
    declared = {
        name: (
            profile.cpu.guarantee,
            profile.cpu.limit,
            profile.memory_gib.guarantee,
            profile.memory_gib.limit,
            profile.gpus,
        )
        for name, profile in hub.profiles.items()
    }
    assert declared == promised
    assert hub.default_profile == "base"
