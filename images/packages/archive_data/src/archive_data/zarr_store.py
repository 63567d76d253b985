"""Opens a Zarr, and an NWB file in a Zarr, with whichever Zarr is installed."""

from __future__ import annotations

import uuid
from typing import Any

from .asset import Asset
from .errors import ArchiveDataError, MissingPackage, NotReadable, ZarrReadFailed
from .zarr_files import ZarrFiles


def open_group(asset: Asset) -> Any:
    """Open a Zarr read-only.

    Raises
    ------
    NotReadable
        The asset is no Zarr.
    MissingPackage
        zarr is not installed.
    """
    try:
        import zarr
    except ImportError as error:
        raise MissingPackage("open_zarr: needs zarr; install it") from error
    if not asset.is_zarr:
        raise NotReadable(f"{asset.path}: is one file, not a Zarr; use open_h5")
    try:
        store = _store(asset)
        if _is_old(zarr) and ".zmetadata" in store:
            return zarr.open_consolidated(store, mode="r")
        return zarr.open_group(store, mode="r")
    except ArchiveDataError:
        raise
    except ZarrReadFailed as error:
        raise _cause(error) from error
    except (KeyError, ValueError, FileNotFoundError) as error:
        raise NotReadable(f"{asset.path}: zarr does not open it: {error}") from error


def _store(asset: Asset) -> Any:
    """Return what zarr reads from: Zarr 2 takes a mapping, Zarr 3 a store."""
    import zarr

    if asset.url.startswith("file:"):
        return zarr.storage.DirectoryStore(asset.path) if _is_old(zarr) else asset.path
    files = _files(asset)
    if _is_old(zarr):
        # It asks for many chunks at once, other stores for one after the other.
        return zarr.storage.FSStore("archive-zarr://", fs=files, mode="r")
    from .zarr_together import Together

    return zarr.storage.FsspecStore(Together(files), read_only=True, path="")


def _is_old(zarr: Any) -> bool:
    return str(zarr.__version__).startswith("2")


def _cause(error: ZarrReadFailed) -> BaseException:
    return error.__cause__ or error


def _files(asset: Asset) -> ZarrFiles:
    return ZarrFiles(**_options(asset), skip_instance_cache=True)


def _options(asset: Asset) -> dict[str, Any]:
    # Without a digest nobody can tell whether it is still the same: it has a name of
    # its own each time, so that nothing of before is taken for it.
    digest = asset.digest or uuid.uuid4().hex
    found = {"address": asset.url, "digest": digest, "indexed": bool(asset.digest)}
    return found


def open_nwb_zarr(asset: Asset) -> Any:
    """Open an NWB file that is a Zarr.

    Files of hdmf-zarr before 0.14 keep their references pickled.  To unpickle runs code
    that the file brings along; here they are read as data (`pickled`), and what is more
    than data is refused.

    Raises
    ------
    NotReadable
        hdmf-zarr does not read it, or its references are more than data.
    MissingPackage
        hdmf-zarr is not installed.
    """
    try:
        from hdmf_zarr import NWBZarrIO
    except ImportError as error:
        raise MissingPackage(
            "open_nwb: a Zarr needs hdmf-zarr; install archive-data[nwb]"
        ) from error
    place, options, _held = _place(asset)
    try:
        return NWBZarrIO(place, mode="r", storage_options=options).read()
    except ArchiveDataError:
        raise
    except ZarrReadFailed as error:
        raise _cause(error) from error
    except Exception as error:
        raise NotReadable(
            f"{asset.path}: hdmf-zarr does not read it "
            f"({type(error).__name__}: {error}); the kernel zarr3 reads Zarr 3, "
            "open_zarr opens the arrays"
        ) from error


def _place(asset: Asset) -> tuple[str, dict[str, Any] | None, ZarrFiles | None]:
    """Return where hdmf-zarr finds it, and what to hold until it has.

    hdmf-zarr opens the address three times; as long as the files are held, fsspec gives
    it these each time.  Later only the reader holds them: they go with it.
    """
    if asset.url.startswith("file:"):
        return asset.path, None, None
    import fsspec

    fsspec.register_implementation("archive-zarr", ZarrFiles, clobber=True)
    options = _options(asset)
    files = ZarrFiles(**options)
    files.bring_small()
    return "archive-zarr://", options, files
