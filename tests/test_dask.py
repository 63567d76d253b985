"""What a person may ask of Dask Gateway, both sides of each bound."""

from __future__ import annotations

import pytest
from dask_gateway_server.backends.base import ClusterConfig
from hypothesis import given
from hypothesis import strategies as st
from traitlets.config import Config

from hub_config import dask
from hub_config.settings import GIB


def configured(hub, request):
    options = dask.cluster_options(hub.dask)
    return options.get_configuration(options.parse_options(request), None)


def test_the_largest_worker_is_given(hub):
    got = configured(hub, {"worker_cores": 8, "worker_memory_gib": 32.0})
    assert got == {"worker_cores": 8, "worker_memory": 32 * GIB}


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"worker_cores": 9}, "worker_cores must be <= 8"),
        ({"worker_memory_gib": 33.0}, "worker_memory_gib must be <= 32"),
        ({"worker_cores": 0}, "worker_cores must be >= 1"),
        ({"image": "evil"}, "Unknown fields"),
    ],
)
def test_what_is_above_a_ceiling_is_refused(hub, request_, words):
    with pytest.raises(ValueError, match=words):
        configured(hub, request_)


def test_the_start_commands_are_ones_that_exist(hub, root):
    c = Config()
    dask.configure(c, hub)
    config = ClusterConfig(config=c)
    *command, preload = config.scheduler_cmd
    assert command == ["dask", "scheduler", "--preload"]
    place = preload.replace(".", "/") + ".py"
    assert (root / "images/packages/hub_server" / place).is_file()
    assert config.worker_cmd == ["dask", "worker"]
    assert config.idle_timeout == 30 * 60


numbers = st.integers(0, 64)


@given(numbers, numbers, st.integers(1, 8), st.integers(1, 8))
def test_all_clusters_together_stay_below_the_ceiling(cores, gib, each_core, each_gib):
    count = dask.room((64, 256), (cores, gib), (each_core, each_gib))
    assert cores + count * each_core <= max(64, cores)
    assert gib + count * each_gib <= max(256, gib)
    one_more = count + 1
    assert cores + one_more * each_core > 64 or gib + one_more * each_gib > 256
