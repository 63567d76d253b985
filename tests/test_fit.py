"""Profiles onto machines."""

from __future__ import annotations

import pytest

from hub_config import fit
from hub_config.settings import SettingsError, load
from hub_config.tables import NodePool, Span


def _with_profile(hub, name, **update):
    profile = hub.profiles[name].model_copy(update=update)
    return hub.model_copy(update={"profiles": {**hub.profiles, name: profile}})


@pytest.mark.parametrize(
    ("profile", "machine", "people"),
    [
        ("tiny", "m7i.4xlarge", 30),
        ("base", "m7i.4xlarge", 2),
        ("large", "m7i.8xlarge", 2),
        ("xlarge", "m7i.16xlarge", 2),
        ("gpu", "g4dn.2xlarge", 1),
        ("matlab", "m7i.4xlarge", 2),
    ],
)
def test_the_smallest_machine_that_keeps_the_promise(hub, profile, machine, people):
    found = fit.smallest(hub, fit.need_of(hub, profile))
    assert (found.machine, found.people) == (machine, people)


def test_every_machine_of_a_fit_leaves_the_limit(hub):
    for name, profile in hub.profiles.items():
        pool = hub.node_pools[profile.node_pool]
        for found in fit.fits(hub, fit.need_of(hub, name)):
            machine = pool.machines[pool.instance_types.index(found.machine)]
            assert profile.cpu.limit <= machine.usable_cpu
            assert profile.cpu.guarantee * found.people <= machine.usable_cpu


def test_a_person_shares_the_price_of_a_full_machine():
    assert fit.Fit("m7i.4xlarge", 2, 0.8064).usd_per_person_h == pytest.approx(0.4032)


def test_a_promise_that_no_machine_keeps_is_an_error(hub):
    wide = _with_profile(hub, "xlarge", cpu=Span(guarantee=48, limit=96))
    with pytest.raises(
        fit.NoMachineFits, match=r"xlarge: promises up to 96 cores"
    ) as e:
        fit.smallest(wide, fit.need_of(wide, "xlarge"))
    assert "m7i.16xlarge" in str(e.value)
    assert "\n" not in str(e.value)


def test_the_settings_refuse_such_a_promise_too(tmp_path, root):
    text = (root / "hub_config/hub.toml").read_text()
    file = tmp_path / "hub.toml"
    file.write_text(
        text.replace("guarantee = 4, limit = 7", "guarantee = 4, limit = 9")
    )
    with pytest.raises(SettingsError, match=r"profiles.gpu"):
        load(file)


def test_four_cores_and_fifteen_gib_never_fit_the_four_core_gpu_machine(hub):
    small = NodePool(instance_types=("g4dn.xlarge",), max_nodes=1, capacity="on-demand")
    pools = {**hub.node_pools, "user-gpu": small}
    with pytest.raises(fit.NoMachineFits, match=r"may buy g4dn\.xlarge"):
        fit.smallest(
            hub.model_copy(update={"node_pools": pools}), fit.need_of(hub, "gpu")
        )


def test_one_gpu_serves_one_person(hub):
    tiny = Span(guarantee=0.5, limit=1)
    many = _with_profile(hub, "gpu", cpu=tiny, memory_gib=tiny)
    assert fit.smallest(many, fit.need_of(many, "gpu")).people == 1


def test_a_trim_of_extra_large_to_23_cores_saves_a_quarter(hub):
    trim = fit.trim(hub, "xlarge")
    assert trim is not None
    assert (trim.cpu, trim.limit, trim.fit.machine) == (23, 46, "m7i.12xlarge")
    assert trim.saved_share == pytest.approx(0.25)


@pytest.mark.parametrize("profile", ["tiny", "base", "large", "gpu", "matlab"])
def test_no_trim_is_offered_that_saves_nothing(hub, profile):
    assert fit.trim(hub, profile) is None


def test_a_spot_worker_costs_the_spot_share(hub):
    spot = fit.smallest(hub, fit.worker_need(hub))
    dask = hub.node_pools["dask"].model_copy(update={"capacity": "on-demand"})
    pools = {**hub.node_pools, "dask": dask}
    full = fit.smallest(
        hub.model_copy(update={"node_pools": pools}), fit.worker_need(hub)
    )
    assert spot.usd_per_h == pytest.approx(0.35 * full.usd_per_h)


def test_a_hub_without_a_core_pool_is_an_error(hub):
    pools = {name: pool for name, pool in hub.node_pools.items() if name != "core"}
    with pytest.raises(fit.NoMachineFits, match="no pool 'core'"):
        fit.core_machine(hub.model_copy(update={"node_pools": pools}))
