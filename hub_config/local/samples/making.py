"""Making the sample archive: what is there already is left alone.

So an interrupted run goes on where it stopped. Two processes share the work.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

import dandi.metadata.nwb  # noqa: F401  (imported once, before the workers fork)
from hdmf_zarr import NWBZarrIO
from numcodecs import JSON
from pynwb import NWBHDF5IO, NWBFile
from tqdm import tqdm

from hub_config.local.samples.ingest import content_of, put
from hub_config.local.samples.looking import describe
from hub_config.local.samples.plan import DANDISETS, samples
from hub_config.local.samples.shelf import Shelf, stable_uuid

_WORKERS = 2


def missing(shelf: Shelf, dandisets: Sequence[str] = ()) -> list[int]:
    """List the numbers of the samples that are not there yet.

    Parameters
    ----------
    shelf : Shelf
        The archive.
    dandisets : sequence of str
        Only these; empty for all.
    """
    return [
        number
        for number, sample in enumerate(samples())
        if not dandisets or sample.place.dandiset in dandisets
        if not _receipt(shelf, sample.place.dandiset, sample.place.path).exists()
    ]


def make_one(root: Path, number: int) -> None:
    """Make one sample and put it into the archive."""
    shelf, sample = Shelf(root), samples()[number]
    with warnings.catch_warnings(), shelf.workspace() as place:
        warnings.simplefilter("ignore")
        ready = place / sample.place.path.rpartition("/")[2]
        _write(sample.make(), ready)
        described, content = describe(ready), content_of(ready)
        asset_id = put(shelf, ready, sample.place, described, content)
    # Object ids differ from run to run, so the asset's id cannot tell that it is made.
    receipt = _receipt(shelf, sample.place.dandiset, sample.place.path)
    receipt.parent.mkdir(parents=True, exist_ok=True)
    receipt.write_text(asset_id + "\n")


def _receipt(shelf: Shelf, dandiset: str, path: str) -> Path:
    return shelf.made / stable_uuid("sample", dandiset, path)


def _write(nwb: NWBFile, path: Path) -> None:
    if path.suffix == ".zarr":
        # JSON instead of the default: numcodecs 0.15.2 refuses to read pickles.
        writer = NWBZarrIO(str(path), mode="w", object_codec_class=JSON)
    else:
        writer = NWBHDF5IO(path, mode="w")
    with writer as file:
        file.write(nwb)


def make(shelf: Shelf, dandisets: Sequence[str] = ()) -> int:
    """Make what is missing, with a bar of progress; return how many were made.

    Parameters
    ----------
    shelf : Shelf
        The archive.
    dandisets : sequence of str
        Only these; empty for all.
    """
    shelf.sweep()
    for dandiset in DANDISETS:
        shelf.create_dandiset(dandiset)
    numbers = missing(shelf, dandisets)
    # A fork need not import pynwb again; elsewhere than on Linux it is not safe.
    context = get_context("fork" if sys.platform == "linux" else "spawn")
    with ProcessPoolExecutor(_WORKERS, mp_context=context) as pool:
        jobs = [pool.submit(make_one, shelf.root, number) for number in numbers]
        for job in tqdm(as_completed(jobs), total=len(jobs), desc="sample archive"):
            job.result()
    if not missing(shelf):
        shelf.complete.touch()
    return len(numbers)
