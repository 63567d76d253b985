"""The sample archive: whole or absent, valid, and true to what it says of itself."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time

import pytest

from hub_config.local.sample_archive import (
    NoInterpreter,
    SamplesError,
    make_samples,
    place_samples,
)
from hub_config.local.samples.shelf import Shelf, blob_key, digest, zarr_key

OPEN = """
import json, sys
import numpy as np
from dandi.dandiapi import DandiAPIClient
import fsspec, h5py
from pynwb import NWBHDF5IO
client = DandiAPIClient()
def opened(dandiset, path):
    asset = client.get_dandiset(dandiset, "draft").get_asset_by_path(path)
    remote = fsspec.open(asset.get_content_url(follow_redirects=1)).open()
    return NWBHDF5IO(file=h5py.File(remote, "r"), load_namespaces=True).read()
def paths(dandiset):
    assets = client.get_dandiset(dandiset, "draft").get_assets()
    return sorted(a.path for a in assets if a.path.endswith(".nwb"))
"""

PLACE_CELLS = """
nwb = opened("000054", "sub-F1/sub-F1_ses-20190407T210000_behavior+ophys.nwb")
place = nwb.processing["behavior"]["Position"]["position"].data[:]
table = nwb.processing["ophys"]["ImageSegmentation"]["PlaneSegmentation"]
traces = nwb.processing["ophys"]["DfOverF"]["RoiResponseSeries"].data[:]
bins = np.digitize(place, np.arange(0, 4, 0.2))
maps = np.array([traces[bins == b].mean(axis=0) for b in range(1, 21)])
peak = (maps.argmax(axis=0) + 0.5) * 0.2
print(json.dumps(np.abs(peak - table["field_centre_m"][:]).tolist()))
"""

SHARPNESS = """
def energy(path):
    image = opened("000454", path).acquisition["TwoPhotonSeries"].data[:].mean(axis=0)
    return float((np.gradient(image)[0] ** 2).mean() / image.mean() ** 2)
raw, corrected = [energy(path) for path in paths("000454")]
print(json.dumps(corrected / raw))
"""

SURPRISE = """
def answer(path):
    nwb = opened("000037", path)
    series = nwb.processing["ophys"]["DfOverF"]["RoiResponseSeries"]
    gabors = nwb.intervals["gabors"].to_dataframe()
    frame = (np.arange(len(series.data)) / series.rate / 1.5).astype(int)
    odd = gabors.is_unexpected.to_numpy()[frame]
    mean = series.data[:, :12].mean(axis=1)
    return mean[odd].mean() - mean[~odd].mean()
print(json.dumps([float(answer(path)) for path in paths("000037")]))
"""

FIELDS = """
nwb = opened("000402", paths("000402")[0])
tables = [nwb.intervals[kind].to_dataframe() for kind in ("Clip", "Monet2", "Trippy")]
liked = []
for number in "1234":
    series = nwb.processing["ophys"]["DfOverF"]["RoiResponseSeries" + number]
    times = np.arange(len(series.data)) / series.rate
    means = [
        np.mean([series.data[(times > a + 1) & (times < b)].mean(axis=0)
                 for a, b in zip(t.start_time, t.stop_time)], axis=0) for t in tables
    ]
    liked.append(np.argmax(means, axis=0).tolist())
print(json.dumps(liked))
"""

TUNING = """
nwb = opened("900005", paths("900005")[0])
trials = nwb.trials.to_dataframe()
def curve(unit):
    spikes = nwb.units["spike_times"][unit]
    counts = [((spikes >= a) & (spikes < b)).sum()
              for a, b in zip(trials.start_time, trials.stop_time)]
    return trials.assign(n=counts).groupby("direction_deg").n.mean()
raw = nwb.acquisition["ElectricalSeries"]
at = np.round(nwb.units["spike_times"][0] * raw.rate).astype(int)
trough = raw.data[:][at, 1].mean() * raw.conversion
print(json.dumps([curve(0).idxmax(), curve(1).idxmin(), float(trough)]))
"""

SWEEPS = """
nwb = opened("900023", paths("900023")[0])
table = nwb.intracellular_recordings.to_dataframe()
step = table[("intracellular_recordings", "step_pa")]
counts = []
for row in table[("responses", "response")]:
    counts.append(int((row.timeseries.data[:] > 0).sum()))
print(json.dumps([step.tolist(), counts]))
"""

HIGH_GAMMA = """
from scipy.signal import butter, sosfiltfilt
nwb = opened("900019", paths("900019")[0])
series = nwb.acquisition["ElectricalSeries"]
band = butter(4, (70, 150), btype="bandpass", fs=series.rate, output="sos")
power = sosfiltfilt(band, series.data[:], axis=0) ** 2
on = (nwb.trials["start_time"][:] * series.rate).astype(int)
during = np.mean([power[i + 100 : i + 280].mean(axis=0) for i in on], axis=0)
before = np.mean([power[i - 200 : i].mean(axis=0) for i in on], axis=0)
print(json.dumps((during / before).tolist()))
"""

ZARR = """
import os
import s3fs, zarr
from hdmf_zarr import NWBZarrIO
assert "NUMCODECS_ALLOW_UNSAFE_PICKLE_DECODE" not in os.environ
(asset,) = [a for a in client.get_dandiset("000054", "draft").get_assets()
            if a.path.endswith(".zarr")]
key = asset.get_raw_metadata()["contentUrl"][1].partition("/services/s3/")[2]
store = s3fs.S3Map(key.rstrip("/"), s3=s3fs.S3FileSystem(anon=True))
root = zarr.open(store, mode="r")
whole = root["acquisition/TwoPhotonSeries/data"][:]
disk = NWBZarrIO(sys.argv[1], mode="r").read()
same = np.array_equal(disk.acquisition["TwoPhotonSeries"].data[:], whole)
twin = opened("000054", asset.path.removesuffix(".zarr"))
equal = np.array_equal(twin.acquisition["TwoPhotonSeries"].data[:], whole)
print(json.dumps([disk.subject.subject_id, bool(same), bool(equal)]))
"""


@pytest.fixture(scope="module")
def found(in_user_environment, sample_url) -> list:
    """What seven analyses say; one process, because importing takes longest."""
    sources = (PLACE_CELLS, SHARPNESS, SURPRISE, FIELDS, TUNING, SWEEPS, HIGH_GAMMA)
    text = in_user_environment(OPEN + "\n".join(sources), sample_url)
    return [json.loads(line) for line in text.splitlines()]


def test_analyses_find_what_was_put_into_the_imaging_samples(found):
    off, gain, surprise, liked = found[:4]
    assert max(off) < 0.5
    assert gain > 4
    # Three days of one animal, then the first day of another.
    assert 0 < surprise[0] < surprise[1] < surprise[2] > 2 * surprise[3]
    assert all(field == [cell % 3 for cell in range(16)] for field in liked)


def test_analyses_find_what_was_put_into_the_voltage_samples(found):
    (best, worst, trough_v), (steps, spikes), gamma = found[4:]
    assert best == worst == 90
    assert trough_v < -80e-6
    assert spikes == sorted(spikes)
    assert spikes[0] == 0 < spikes[-2] < spikes[-1]
    assert steps == sorted(steps)
    assert min(gamma[:4]) > 3
    assert max(gamma[4:]) < 1.3


def test_the_zarr_sample_needs_no_unsafe_setting(
    in_user_environment, sample_url, samples
):
    (asset,) = [a for a in Shelf(samples).assets("000054") if a.zarr]
    folder = samples / "objects/dandiarchive" / zarr_key(str(asset.zarr))
    found = in_user_environment(OPEN + ZARR, sample_url, str(folder))
    assert json.loads(found) == ["F2", True, True]


VALIDATE = """
import sys, warnings
warnings.simplefilter("ignore")
from pynwb import NWBHDF5IO, validate
for path in sys.argv[1:]:
    with NWBHDF5IO(path, mode="r", load_namespaces=True) as file:
        print(path, validate(io=file))
"""


def test_a_sample_of_each_maker_is_valid_nwb(in_user_environment, samples):
    shelf = Shelf(samples)
    blobs = [
        str(shelf.bucket / blob_key(next(a.blob for a in assets if a.blob)))
        for folder in sorted(shelf.catalogue.glob("[0-9]*"))
        if (assets := shelf.assets(folder.name))
    ]
    assert len(blobs) == 7
    said = in_user_environment(VALIDATE, "", *blobs).splitlines()
    assert said == [f"{blob} []" for blob in blobs]


def test_the_archive_is_small_and_holds_the_names_of_the_real_one(samples):
    shelf = Shelf(samples)
    size = sum(p.stat().st_size for p in shelf.objects.rglob("*") if p.is_file())
    assert size < 60e6
    published = {
        asset.path
        for asset in shelf.assets("000054")
        if "0.210819.1547" in asset.versions
    }
    assert "sub-F1/sub-F1_ses-20190407T210000_behavior+ophys.nwb" in published
    for made_up in ("900005", "900019", "900023"):
        record = json.loads(shelf.dandiset_file(made_up).read_text())
        assert "A stand-in for" in record["description"]


def test_a_second_run_does_nothing_and_imports_nothing(samples, user_python):
    began = time.monotonic()
    before = {p: p.stat().st_mtime_ns for p in samples.rglob("*")}
    make_samples(samples, user_python)
    assert {p: p.stat().st_mtime_ns for p in samples.rglob("*")} == before
    assert time.monotonic() - began < 5


def test_what_is_killed_half_way_is_never_half_there_and_goes_on(
    tmp_path, user_python, root
):
    command = [str(user_python), "-W", "ignore", "-m", "hub_config.local.samples"]
    command += [str(tmp_path), "000454"]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    maker = subprocess.Popen(
        command, env=environment, start_new_session=True, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("incoming/*/*.nwb")):
        assert maker.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.killpg(maker.pid, signal.SIGKILL)
    maker.wait()
    _require_whole(Shelf(tmp_path))
    subprocess.run(command, env=environment, check=True, stderr=subprocess.DEVNULL)
    shelf = Shelf(tmp_path)
    assert len(shelf.assets("000454")) == 2
    assert list(shelf.incoming.iterdir()) == []
    assert not shelf.is_complete
    _require_whole(shelf)


def _require_whole(shelf: Shelf) -> None:
    for record in shelf.catalogue.glob("*/assets/*.json"):
        asset = json.loads(record.read_text())
        blob = shelf.bucket / blob_key(asset["blob"])
        assert blob.stat().st_size == asset["size"]
        sha256 = asset["metadata"]["digest"]["dandi:sha2-256"]
        assert digest(blob, "sha256") == sha256


def test_placing_links_the_samples_and_leaves_own_files(samples, tmp_path):
    place_samples(samples, tmp_path)
    place_samples(samples, tmp_path)
    made, placed = Shelf(samples), Shelf(tmp_path)
    names = {p.relative_to(samples) for p in made.objects.rglob("*") if p.is_file()}
    assert names == {
        p.relative_to(tmp_path) for p in placed.objects.rglob("*") if p.is_file()
    }
    assert placed.assets("000054") == made.assets("000054")
    some = made.bucket / blob_key(str(made.assets("000454")[0].blob))
    assert (placed.bucket / some.relative_to(made.bucket)).samefile(some)


def test_samples_of_older_makers_are_replaced(samples, tmp_path):
    place_samples(samples, tmp_path)
    shelf = Shelf(tmp_path)
    old = shelf.assets("000454")[0]
    receipt = next(
        r for r in shelf.made.glob("*-*") if r.read_text().strip() == old.asset_id
    )
    receipt.write_text("an-older-asset\n")
    older = shelf.asset_file("000454", "an-older-asset")
    older.write_text(shelf.asset_file("000454", old.asset_id).read_text())
    place_samples(samples, tmp_path)
    assert not older.exists()
    assert len(shelf.assets("000454")) == 2


def test_no_interpreter_and_a_failing_maker_are_one_line_each(tmp_path, user_python):
    with pytest.raises(NoInterpreter, match=r"is no interpreter.*local prepare"):
        make_samples(tmp_path, tmp_path / "absent")
    (tmp_path / "catalogue").write_text("in the way")
    with pytest.raises(SamplesError, match="run again"):
        make_samples(tmp_path, user_python)
