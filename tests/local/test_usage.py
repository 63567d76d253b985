"""A running hub counts what people use, and shows each their own."""

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from hub_config import usage

MONTH = datetime.now(UTC).strftime("%Y-%m")


@pytest.fixture
def used(running, archive_hub):
    """Return the operator's rows of this month, by hub user."""

    def rows():
        return {row["user"]: row for row in told(running, archive_hub)["rows"]}

    return rows


def hours_of(running, name, profile):
    """Ask the records as the command does, without starting it each time."""
    kept = usage.opened(str(Path(running["state"]) / "people.sqlite"))
    used = kept.used(number=int(name.removeprefix("gh-")))
    return sum(one.hours for one in used if one.profile == profile)


def told(running, archive_hub):
    done = archive_hub("usage", "--json", "--state", running["state"])
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def stop_after():
    """Return a function that has a person's server stopped, however the test ends."""
    started = []
    yield lambda *who: started.append(who)
    for visitor, name in started:
        visitor.delete(
            f"/hub/api/users/{name}/server", headers={"X-XSRFToken": visitor.xsrf}
        )


def test_a_server_is_counted_and_its_owner_alone_sees_it(
    person, running, used, stop_after, until
):
    visitor = person("grace")
    name = visitor.get("/hub/api/user").json()["name"]
    start = visitor.post(
        f"/hub/api/users/{name}/server",
        json={"profile": "tiny"},
        headers={"X-XSRFToken": visitor.xsrf},
    )
    stop_after(visitor, name)
    assert start.status_code in (201, 202), start.text

    def page():
        return visitor.get("/hub/usage").text

    until(lambda: hours_of(running, name, "tiny") > 0.005, 120, "the server to count")
    assert used()[name]["hours"] > 0
    assert "Tiny" in page()
    assert MONTH in page()
    assert "USD" not in page(), "a machine of one's own has no price"
    assert "Home: 50 GiB" in page()
    until(lambda: "GiB of it (measured at" in page(), 120, "the home to be measured")
    other = person("mei")
    nothing = "gh-1004" not in used()
    assert ("Nothing yet" in other.get("/hub/usage").text) == nothing


def test_the_operator_sees_what_a_home_held_when_its_server_stopped(
    start, running, archive_hub, until
):
    server = start("grace", "tiny")
    rows = [(int(server.name[3:]), MONTH, what, 60, 0) for what in ("gone", "other")]
    with closing(sqlite3.connect(Path(running["state"]) / "people.sqlite")) as db:
        db.execute("DELETE FROM home_sizes")
        db.executemany("INSERT OR REPLACE INTO used VALUES (?, ?, ?, ?, ?)", rows)
        db.commit()

    def home():
        return told(running, archive_hub)["homes"][server.name]

    assert home() is None
    assert told(running, archive_hub)["total"]["homes_not_measured"] > 0
    said = archive_hub("usage", "--state", running["state"]).stdout
    assert "not measured" in said
    assert "at least" in said
    server.run("import os; open('large', 'wb').write(os.urandom(30 * 2**20))")
    server.stop()
    until(lambda: home() is not None, 60, "the home to be measured")
    assert home() > 30 * 2**20
    assert told(running, archive_hub)["total"]["home_bytes"] >= home()
    said = archive_hub("usage", "--state", running["state"]).stdout
    lines = [line for line in said.splitlines() if server.name in line]
    assert [f"{home() / 2**30:.2f}" in line for line in lines][:2] == [True, False]


MAKE = """
from dask_gateway import GatewayCluster
cluster = GatewayCluster()
cluster.scale(1)
cluster.get_client().wait_for_workers(1, timeout=60)
"""


def test_workers_are_counted_beside_the_server(base, running, archive_hub, until):
    assert base.run(MAKE, timeout_s=120).error == ""

    def counted():
        return hours_of(running, base.name, usage.DASK) > 0.005

    until(counted, 120, "the gateway to tell of workers")
    assert "Dask workers" in base.visitor.get("/hub/usage").text
    base.run("cluster.shutdown()")
    hours = {
        row["profile"]: row["hours"]
        for row in told(running, archive_hub)["rows"]
        if row["user"] == base.name
    }
    assert hours["Dask workers"] > 0


def test_a_start_above_the_days_core_hours_is_refused_and_the_page_says_so(
    person, running, stop_after
):
    visitor = person("mei")
    name = visitor.name
    start = dict(json={"profile": "tiny"}, headers={"X-XSRFToken": visitor.xsrf})
    set_today(running, name, datetime.now(UTC).strftime("%Y-%m-%d"), 1200.4)
    answer = visitor.post(f"/hub/api/users/{name}/server", **start)
    stop_after(visitor, name)
    assert answer.status_code == 403, answer.text
    assert "had 1,200 core hours today" in answer.json()["message"]
    assert "limit is 1,200 a day" in answer.json()["message"]
    assert "of 1,200 today" in visitor.get("/hub/usage").text
    set_today(running, name, "2000-01-01", 1200.4)
    answer = visitor.post(f"/hub/api/users/{name}/server", **start)
    assert answer.status_code in (201, 202), answer.text


def test_no_cluster_starts_above_the_days_core_hours(start, running, until):
    # Nobody else makes clusters as this person: the gateway hears of it in its time.
    server = start("Tomas-N", "tiny")
    set_today(running, server.name, datetime.now(UTC).strftime("%Y-%m-%d"), 1200.4)
    submit = (
        "from dask_gateway import Gateway; g = Gateway(); g.stop_cluster(g.submit())"
    )
    until(
        lambda: "starts after midnight (UTC)" in server.run(submit).error,
        60,
        "the gateway to refuse a cluster",
    )
    set_today(running, server.name, "2000-01-01", 1200.4)


def set_today(running, name, day, core_hours):
    file = Path(running["state"]) / "people.sqlite"
    with closing(sqlite3.connect(file, timeout=10)) as db:
        db.execute(
            "INSERT OR REPLACE INTO today VALUES (?, ?, ?)",
            (int(name.removeprefix("gh-")), day, core_hours * 3600),
        )
        db.commit()


def test_nobody_reads_it_without_signing_in(running):
    answer = httpx.get(f"{running['url']}/hub/usage")
    assert answer.status_code == 302
    assert "/hub/login" in answer.headers["location"]


@pytest.mark.parametrize("month", ["2026-13", "11-2026", "", "now", "2026-11-24"])
def test_a_wrong_month_is_one_sentence(running, archive_hub, month):
    done = archive_hub("usage", "--month", month or " ", "--state", running["state"])
    assert done.returncode == 1
    assert "is no month; write it as 2026-11" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_table_for_people_names_logins(running, archive_hub, person, used):
    person("ada")
    with closing(sqlite3.connect(Path(running["state"]) / "people.sqlite")) as db:
        db.execute(
            "INSERT OR REPLACE INTO used VALUES (1001, ?, 'gone', 5400, 0)", [MONTH]
        )
        db.commit()
    done = archive_hub("usage", "--state", running["state"])
    assert done.returncode == 0
    assert used()["gh-1001"]["hours"] > 0
    # The canary, if it was here, is nobody's login.
    people = [row for row in used().values() if row["login"]]
    assert people
    for row in people:
        assert f"{row['user']} ({row['login']})" in done.stdout
    assert "1.50" in done.stdout
