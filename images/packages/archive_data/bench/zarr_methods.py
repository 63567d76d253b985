"""The ways that go through Zarr; registered on import."""

from __future__ import annotations

from typing import Any

from methods import Opened, Place, method, opened, s3


def local_zarr(place: Place) -> Opened:
    """A Zarr on disk, by zarr and hdmf-zarr themselves."""
    import zarr

    return Opened(
        lambda: zarr.open_group(str(place.path), mode="r"),
        make_nwb=lambda: _nwb(str(place.path)),
    )


def _nwb(place: str, **options: Any) -> Any:
    from hdmf_zarr import NWBZarrIO

    return NWBZarrIO(place, mode="r", **options).read()


def _storage(place: Place) -> dict[str, Any]:
    return {
        "anon": True,
        "endpoint_url": place.server,
        "client_kwargs": {"region_name": "us-east-1"},
        "skip_instance_cache": True,
    }


@method("zarr and s3fs")
def _zarr2(place: Place) -> Opened:
    import zarr

    key = f"bench/{place.file_name}"
    files = s3(place)
    return Opened(
        lambda: zarr.open_consolidated(files.get_mapper(key), mode="r"),
        files,
        lambda: _nwb(f"s3://{key}", storage_options=_storage(place)),
    )


@method("zarr 3 and s3fs")
def _zarr3(place: Place) -> Opened:
    import zarr

    key = f"s3://bench/{place.file_name}"
    options = _storage(place)
    return Opened(
        lambda: zarr.open_group(key, mode="r", storage_options=options),
        make_nwb=lambda: _nwb(key, storage_options=options),
    )


def _obstore(place: Place, prefix: str | None = None) -> Any:
    from obstore.store import S3Store

    return S3Store(
        "bench",
        prefix=prefix,
        endpoint=place.server,
        skip_signature=True,
        region="us-east-1",
        client_options={"allow_http": True},
        virtual_hosted_style_request=False,
    )


@method("zarr 3 and obstore")
def _zarr3_obstore(place: Place) -> Opened:
    import zarr

    below = _obstore(place, place.file_name)
    store = zarr.storage.ObjectStore(below, read_only=True)
    return opened(zarr.open_group(store, mode="r"), store)


class _Group:
    """One group of a file, under its names in the whole file."""

    def __init__(self, group: Any) -> None:
        self.group = group

    def __getitem__(self, name: str) -> Any:
        return self.group[name.rpartition("/")[2]]


@method("virtualizarr")
def _virtualizarr(place: Place) -> Opened:
    import zarr
    from obspec_utils.registry import ObjectStoreRegistry
    from virtualizarr.parsers import HDFParser

    registry = ObjectStoreRegistry({"s3://bench": _obstore(place)})
    name = "TwoPhotonSeries" if place.name == "video" else "ElectricalSeriesAP"
    parser = HDFParser(
        group=f"acquisition/{name}", drop_variables=["imaging_plane", "electrodes"]
    )
    store = parser(url=f"s3://bench/{place.file_name}", registry=registry)
    return opened(_Group(zarr.open_group(store, mode="r", zarr_format=3)), store)
