"""The disk with databases, homes and logs fills up, and is emptied again."""

from __future__ import annotations

import pytest

from hub_config.visit.browser import Visitor
from hub_config.visit.server import Server

# What is ill is told within half a minute: nothing may run beside it.
pytestmark = pytest.mark.quiet


def test_a_full_disk_is_told_touches_no_server_and_heals(
    small_disk, fill, ill, tmp_path, root, hub_on, until
):
    small = small_disk(tmp_path / "disk", "320m")
    with (
        hub_on(small, root) as status,
        Visitor(status["url"]) as ada,
        Visitor(status["url"]) as mei,
    ):
        ada.log_in("ada")
        ada.start_server("gh-1001", "tiny")
        server = Server(ada, "gh-1001")
        assert server.get("lab").status_code == 200
        filler = fill(small)
        until(lambda: {"disk", "homes"} <= ill(status["url"]), 30, "the disk to be ill")
        assert "disk is full" in mei.get("/hub/login").text
        assert mei.log_in("mei").status_code == 503, "later, not an error of ours"
        assert server.get("lab").status_code == 200
        assert server.get("api/kernels").status_code in (200, 403)
        filler.unlink()
        until(lambda: not ill(status["url"]), 30, "the disk to be well")
        assert mei.log_in("mei").status_code == 200
        assert mei.name == "gh-1004"
        assert ada.server_of("gh-1001")["ready"]
