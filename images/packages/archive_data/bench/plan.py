"""What is measured: networks, ways to read, and which cells in which order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

FAR = {"latency_ms": 30, "connection_mb_s": 80}
NETWORKS: dict[str, dict[str, float]] = {
    "far": FAR,
    "capped": {**FAR, "bandwidth_mb_s": 100},
    "near": {"latency_ms": 10, "connection_mb_s": 80},
}

#: What each way imports before the clock starts.
IMPORTS = {
    "local disk": "",
    "archive_data": "archive_data,imagecodecs,zarr,hdmf_zarr",
    "archive_data no index": "archive_data,imagecodecs",
    "remfile": "remfile,requests",
    "s3fs default": "s3fs,aiobotocore.session",
    "s3fs readahead 1 MB": "s3fs,aiobotocore.session",
    "s3fs blockcache 4 MB": "s3fs,aiobotocore.session",
    "s3fs background 4 MB": "s3fs,aiobotocore.session",
    "fsspec http + cache": "fsspec.implementations.http,aiohttp",
    "download with boto3": "boto3",
    "lindi, prebuilt": "lindi",
    "kerchunk, prebuilt": "s3fs,aiobotocore.session,zarr",
    "virtualizarr": "virtualizarr.parsers,obstore.store,zarr",
    "zarr and s3fs": "zarr,s3fs,aiobotocore.session,hdmf_zarr",
    "zarr 3 and obstore": "zarr,obstore.store",
    "archive_data, zarr3": "archive_data,imagecodecs,zarr,hdmf_zarr",
    "zarr 3 and s3fs": "zarr,s3fs,aiobotocore.session,hdmf_zarr",
    "local disk, zarr3": "zarr,hdmf_zarr",
    "dask": (
        "dask.distributed,dask.array,archive_data,imagecodecs,remfile,requests,"
        "s3fs,aiobotocore.session,zarr"
    ),
}

#: These run in the environment of the kernel zarr3, with virtualizarr added.
ZARR3 = frozenset(
    {
        "virtualizarr",
        "zarr 3 and obstore",
        "zarr 3 and s3fs",
        "archive_data, zarr3",
        "local disk, zarr3",
    }
)

SHORT = (
    "local disk",
    "archive_data",
    "remfile",
    "s3fs background 4 MB",
    "lindi, prebuilt",
)
BEST = (*SHORT, "kerchunk, prebuilt", "virtualizarr")
NEAR = (*SHORT[:4], "virtualizarr")
EVERY = (
    *SHORT[:2],
    "archive_data no index",
    *SHORT[2:],
    "s3fs default",
    "s3fs readahead 1 MB",
    "s3fs blockcache 4 MB",
    "fsspec http + cache",
    "download with boto3",
    "kerchunk, prebuilt",
    "virtualizarr",
)
DASK = (
    "archive_data",
    "remfile",
    "remfile, each task",
    "s3fs background 4 MB",
    "kerchunk, prebuilt",
)
ZARR_V2 = ("local disk", "archive_data", "zarr and s3fs")
ZARR_V3 = (
    "local disk, zarr3",
    "archive_data, zarr3",
    "zarr 3 and s3fs",
    "zarr 3 and obstore",
)
MOST = ("open", "channel", "second", "stream", "units")
BULK = ("channel", "second", "stream")


@dataclass(frozen=True)
class Part:
    """What is measured over one network."""

    network: str
    methods: tuple[str, ...]
    operations: tuple[str, ...]
    files: tuple[str, ...] = ("big", "small")

    def cells(self) -> Iterator[tuple[str, str]]:
        """Yield file and operation."""
        for file in self.files:
            for operation in self.operations:
                yield file, operation


Plan = tuple[Part, ...]

#: Some 3 minutes on two idle cores.
SHORT_PLAN: Plan = (Part("far", SHORT, MOST), Part("far", SHORT, ("windows",)))

#: Meant for 20 minutes on two idle cores; what a goal speaks of comes first.
#: Every peer takes part where that costs seconds; where slow ones need half a minute
#: for one row, only the best and the plain download.
FULL_PLAN: Plan = (
    Part("far", EVERY, ("open", "channel", "second")),
    Part("far", (*BEST, "download with boto3"), ("stream", "units")),
    Part("capped", BEST, BULK),
    Part("far", BEST, ("windows",)),
    Part("far", (*BEST, "archive_data no index"), ("open",), ("scatter",)),
    Part("far", DASK, ("dask",)),
    Part("far", ZARR_V2, ("open", *BULK), ("zarr2",)),
    Part("far", ZARR_V3, ("open", *BULK), ("zarr3",)),
    Part("far", BEST, ("frames", "patch"), ("video",)),
    Part("near", NEAR, BULK),
)


def files(plan: Plan) -> list[str]:
    """Return the files of a plan, each once."""
    return list(dict.fromkeys(file for part in plan for file in part.files))


def worker(name: str, operation: str) -> str:
    """Return which process measures a way: all that use Dask share its workers."""
    return "dask" if operation == "dask" else name


def workers(plan: Plan) -> list[str]:
    """Return the processes of a plan, each once; the first makes the indexes."""
    found = (
        worker(name, operation)
        for part in plan
        for operation in part.operations
        for name in part.methods
    )
    return list(dict.fromkeys(("archive_data", *found)))


def only(plan: Plan, words: list[str]) -> Plan:
    """Return the cells whose network, file or operation is one of the words."""
    return tuple(
        Part(part.network, part.methods, (operation,), (file,))
        for part in plan
        for file, operation in part.cells()
        if not words or {part.network, file, operation} & set(words)
    )
