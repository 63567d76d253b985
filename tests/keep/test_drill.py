"""The drill: a hub works, is backed up, is lost, and comes back with all its people."""

from __future__ import annotations

import os
import shutil
import time
from hashlib import sha256
from pathlib import Path

import pytest

from hub_config.local import environments
from tests.conftest import Visitor
from tests.local.conftest import started

WORK = """
from pathlib import Path
Path("results.bin").write_bytes(bytes(range(256)) * 4096)
print(Path("results.bin").resolve())
"""
CHECK = """
from hashlib import sha256
from pathlib import Path
print(sha256(Path("results.bin").read_bytes()).hexdigest())
"""


@pytest.fixture
def visitor():
    made = []

    def go(url: str) -> Visitor:
        made.append(Visitor(url))
        return made[-1]

    yield go
    for one in made:
        one.close()


# Two starts of the hub and two of a server.
@pytest.mark.timeout(900)
def test_a_lost_hub_comes_back_with_homes_sign_ins_and_tokens(
    tmp_path, root, hub_on, archive_hub, visitor
):
    if not os.access(environments.user_python(), os.X_OK):
        pytest.skip("no user environment; `archive-hub local prepare` makes it")
    state, backups = tmp_path / "state", tmp_path / "backups"
    with hub_on(state, root) as status:
        ada = visitor(status["url"])
        ada.log_in("ada")
        server = started(ada, "tiny")
        assert server.run(WORK).status == "ok"
        made = ada.post(
            "/hub/api/users/gh-1001/tokens", headers={"X-XSRFToken": ada.xsrf}
        )
        token = {"Authorization": f"token {made.json()['token']}"}
        # The hub and ada's server run on.
        done = archive_hub("backup", str(backups), "--state", str(state))
        assert done.returncode == 0, done.stderr
        refused = archive_hub("restore", str(backups), "--state", str(state))
        assert "a hub already runs on it" in refused.stderr
    shutil.rmtree(state)
    began = time.monotonic()
    done = archive_hub("restore", str(backups), "--state", str(state))
    assert done.returncode == 0, done.stderr
    print(f"restore_s = {round(time.monotonic() - began, 1)}")
    expected = sha256(bytes(range(256)) * 4096).hexdigest()
    results = next((state / "homes/gh-1001").glob("**/results.bin"))
    assert sha256(results.read_bytes()).hexdigest() == expected
    with hub_on(state, root) as status:
        print(f"up_again_s = {round(time.monotonic() - began, 1)}")
        back = visitor(status["url"])
        back.cookies = ada.cookies
        page = back.get("/hub/home")
        assert page.url.path == "/hub/home"
        assert "ada" in page.text
        who = visitor(status["url"]).get("/hub/api/user", headers=token)
        assert who.json()["name"] == "gh-1001"
        again = started(back, "tiny")
        assert again.run(CHECK).text.strip() == expected
        again.stop()
    assert Path(state / "secrets.json").stat().st_mode & 0o777 == 0o600
