"""Keeps NWB Widgets alive: its last release, of 2023, in the environment of today.

Run it with the environment's own Python after the lock is installed, in the image and
on one machine alike.  Running it again changes nothing.  A place that is not found ends
it with an error, so a new release of NWB Widgets, or of what it needs, is not patched
blindly.
"""

import importlib.util
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

RELEASE = "0.11.3"


class PatchError(Exception):
    """NWB Widgets is not what these patches were made for."""


@dataclass(frozen=True)
class Patch:
    """One place in one file.

    Parameters
    ----------
    file
        Path inside the package.
    old, new
        The text, which occurs once, and what takes its place.
    why
        What fails without it.
    """

    file: str
    old: str
    new: str
    why: str


NO_EXTENSION = (
    "from ndx_icephys_meta.icephys import SweepSequences\n",
    "from pynwb.icephys import SequentialRecordingsTable as SweepSequences\n",
    "ndx-icephys-meta became part of NWB 2.4, and its own import fails with hdmf 6",
)
PATCHES = (
    Patch("icephys.py", *NO_EXTENSION),
    Patch("view.py", *NO_EXTENSION),
    Patch(
        "controllers/group_and_sort_controllers.py",
        "dt_desc_map[dynamic_table.neurodata_type]",
        'dt_desc_map.get(dynamic_table.neurodata_type, "traces")',
        "NWB 2.11 has a type of its own for the electrodes' table",
    ),
    Patch(
        "ecephys.py",
        'not hasattr(electrodes_table, "x")',
        'getattr(electrodes_table, "x", None) is None',
        "that type has the attribute also where the file has no positions",
    ),
    Patch(
        "ecephys.py",
        "np.hstack(np.arange(count).tolist() for count in counts)",
        "np.hstack([np.arange(count).tolist() for count in counts])",
        "NumPy 2 refuses a generator",
    ),
    Patch(
        "misc.py",
        "(show_session_raster, units=self.units, progress_bar=self.progress_bar)",
        "(show_session_raster, units=self.units)",
        "its bar is gone when Lab draws it, and an error stands above the raster",
    ),
    Patch(
        "timeseries.py",
        'color_wheel = plt.rcParams["axes.prop_cycle"].by_key()["color"]',
        "from matplotlib.colors import to_hex\n\n"
        'color_wheel = [to_hex(c) for c in plt.rcParams["axes.prop_cycle"].by_key()'
        '["color"]]',
        "Matplotlib 3.11 names its colours in a way that Plotly does not know",
    ),
    Patch(
        "behavior.py",
        '            "over time": SingleTracePlotlyWidget,\n'
        '            "trial aligned": trial_align_spatial_series,\n',
        '            "over time": SingleTracePlotlyWidget,\n'
        '            "trial aligned": route_trialized_time_series,\n',
        "a position along a track has one dimension, and its trials could not be seen",
    ),
    Patch(
        "behavior.py",
        "    AlignMultiTraceTimeSeriesByTrialsVariable,\n",
        "    AlignMultiTraceTimeSeriesByTrialsVariable,\n"
        "    route_trialized_time_series,\n",
        "as above",
    ),
    Patch(
        "timeseries.py",
        "dimension_options = list(range(data_shape[1]))",
        "dimension_options = list(range((*data_shape, 1)[1]))",
        "nor those of any other series of one dimension",
    ),
)


def apply(package: Path, patches: tuple[Patch, ...] = PATCHES) -> list[str]:
    """Patch an installed NWB Widgets.

    Parameters
    ----------
    package
        Its folder.
    patches
        What to change.

    Returns
    -------
    list of str
        Files changed; none when all was done before.

    Raises
    ------
    PatchError
        A place is not found, or found more than once; nothing is written then.
    """
    files = {patch.file: (package / patch.file).read_text() for patch in patches}
    changed = dict(files)
    for patch in patches:
        changed[patch.file] = _patched(changed[patch.file], patch)
    written = [name for name, text in changed.items() if text != files[name]]
    for name in written:
        _replace(package / name, changed[name])
    return written


def _patched(text: str, patch: Patch) -> str:
    if patch.new in text:
        return text
    count = text.count(patch.old)
    if count != 1:
        raise PatchError(
            f"nwbwidgets/{patch.file}: {patch.old.strip()!r} occurs {count} times, not "
            f"once; the patch is for {RELEASE} ({patch.why})"
        )
    return text.replace(patch.old, patch.new)


def _replace(path: Path, text: str) -> None:
    # A new file: the old one may be a hard link into the installer's cache.
    handle, temporary = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w") as file:
        file.write(text)
    os.chmod(temporary, path.stat().st_mode)
    os.replace(temporary, path)


def main() -> None:
    """Patch the NWB Widgets of the environment that runs this."""
    found = importlib.util.find_spec("nwbwidgets")
    if found is None or found.origin is None:
        sys.exit("nwbwidgets: not installed in this environment")
    try:
        written = apply(Path(found.origin).parent)
    except (PatchError, OSError) as error:
        sys.exit(str(error))
    done = "patched " + ", ".join(written) if written else "was patched before"
    sys.stdout.write(f"nwbwidgets: {done}\n")


if __name__ == "__main__":
    main()
