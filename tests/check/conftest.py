"""Fixtures of the tests of the rules.

codes    writes values to a file, examines it, returns the codes of what is found
"""

from __future__ import annotations

import pytest

from hub_config.check import examine


@pytest.fixture
def codes(tmp_path, hub):
    def write_and_examine(*texts: str) -> set[str]:
        files = []
        for number, text in enumerate(texts):
            files.append(tmp_path / f"{number}.yaml")
            files[-1].write_text(text)
        return {finding.code for finding in examine(files, hub)}

    return write_and_examine
