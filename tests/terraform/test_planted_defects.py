"""What notices a broken configuration: each defect of ``defects.toml``, planted alone.

A test that nothing can fail proves nothing.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

DEFECTS = tomllib.loads(Path(__file__).with_name("defects.toml").read_text())


@pytest.mark.parametrize("name", DEFECTS)
def test_terraform_notices(name, copy_tree, tmp_path):
    defect = DEFECTS[name]
    terraform = copy_tree(tmp_path / "terraform")
    file = terraform.tree / defect["file"]
    sound = file.read_text()
    assert defect["old"] in sound, "there is nothing to break"
    file.write_text(sound.replace(defect["old"], defect["new"], 1))

    folder = str(file.parent.relative_to(terraform.tree))
    result = terraform.run(folder, defect["command"])

    assert result.returncode == 1
    assert defect["says"] in " ".join((result.stdout + result.stderr).split())
