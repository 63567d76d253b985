"""Fixtures that several tests share.

hub
    The settings of this repository.
root
    The folder of this repository.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from hub_config import settings


@pytest.fixture(scope="session")
def root() -> Path:
    return Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def hub() -> settings.Hub:
    return settings.load()
