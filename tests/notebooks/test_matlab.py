"""The MATLAB tutorial: MATLAB itself is nowhere here, the rest of it is tried.

Its script over MatNWB is read by miss_hit; its plain functions run in Octave, on data
of the samples, and must find what NumPy finds.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hub_config import matlab_notebook
from hub_config.local.environments import user_python

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "notebooks" / "matlab"
START_SCRIPT = ROOT / "images" / "matlab" / "add_toolboxes.m"
HERE = Path(__file__).parent


def miss_hit(tool, place):
    """Return the exit status and the words of one of miss_hit's tools."""
    program = Path(sys.executable).with_name(tool)
    if not program.exists():
        pytest.skip("no miss_hit in the hub's environment")
    done = subprocess.run([program, "--brief", place], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("tool", "place"),
    [("mh_lint", SCRIPTS), ("mh_style", SCRIPTS), ("mh_lint", START_SCRIPT)],
)
def test_the_scripts_are_in_order(tool, place):
    status, said = miss_hit(tool, place)
    assert status == 0, said
    assert " 0 file(s)" not in said


def test_a_script_that_matlab_could_not_read_is_found(tmp_path):
    (tmp_path / "broken.m").write_text("for k = 1:3\n    disp(k;\nend\n")
    status, said = miss_hit("mh_lint", tmp_path)
    assert status == 1
    assert "broken.m:2" in said


def octave(folder, functions):
    """Run the plain functions in Octave, on the fixtures in a folder."""
    program = shutil.which("octave-cli") or shutil.which("octave")
    if program is None:
        pytest.skip("no Octave; Debian's package octave has it")
    line = f"addpath('{functions}'); addpath('{HERE}'); run_functions"
    command = [program, "--no-gui", "--norc", "--quiet", "--eval", line]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def fixtures(what, folder, archive):
    """Make the fixtures, or judge the results, in the user environment."""
    command = [user_python(), HERE / "matlab_fixtures.py", what, folder]
    environment = {**os.environ, **archive.environment}
    return subprocess.run(command, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def session(archive, tmp_path_factory):
    folder = tmp_path_factory.mktemp("matlab")
    made = fixtures("make", folder, archive)
    assert made.returncode == 0, made.stderr
    return folder


@pytest.mark.notebooks
def test_the_functions_find_what_numpy_finds(session, archive):
    run = octave(session, SCRIPTS)
    assert run.returncode == 0, run.stderr
    judged = fixtures("judge", session, archive)
    assert judged.returncode == 0, judged.stderr


@pytest.mark.notebooks
def test_a_function_that_miscounts_is_found(session, archive, tmp_path):
    wrong = tmp_path / "functions"
    shutil.copytree(SCRIPTS, wrong)
    text = (wrong / "psth_counts.m").read_text()
    assert ">= edges" in text
    (wrong / "psth_counts.m").write_text(text.replace(">= edges", "> 0.01 + edges"))
    run = octave(session, wrong)
    assert run.returncode == 0, run.stderr
    judged = fixtures("judge", session, archive)
    assert "AssertionError: ('psth'" in judged.stderr


SCRIPT = """\
%% 04 · A title
% **You will** see.
%
% More.

%% Setup
addpath('matlab');

%% Parameters
unit = 1;

%% 1 Look
% Text with `code`.

x = 1;   % a remark stays
% and so does this

%% Exercise
% ## Exercise
%
% **Next**: 05

%% Check
assert(x == 1);
"""


def test_a_script_becomes_a_notebook():
    cells = json.loads(matlab_notebook.notebook(SCRIPT))["cells"]
    shown = [
        (cell["cell_type"], "".join(cell["source"]), cell["metadata"].get("tags"))
        for cell in cells
    ]
    assert shown == [
        ("markdown", "# 04 · A title\n\n**You will** see.\n\nMore.", None),
        ("code", "addpath('matlab');", None),
        ("code", "unit = 1;", ["parameters"]),
        ("markdown", "## 1 Look\n\nText with `code`.", None),
        ("code", "x = 1;   % a remark stays\n% and so does this", None),
        ("markdown", "## Exercise\n\n**Next**: 05", None),
        ("code", "assert(x == 1);", ["check"]),
    ]


def test_code_before_the_first_section_is_refused():
    with pytest.raises(ValueError, match="begins with 'x = 1;'"):
        matlab_notebook.notebook("x = 1;\n%% 04 · A title\n")
