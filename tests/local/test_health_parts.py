"""A running hub tells of each of its parts, and of none that it has not."""

import httpx


def test_every_part_of_one_machine_is_well_and_told(running):
    answer = httpx.get(f"{running['url']}/hub/health/parts")
    signs = answer.json()
    assert signs.keys() == {
        *("archive-dandi", "clock", "database", "disk", "gateway", "github"),
        *("homes", "proxy", "token-dandi"),
    }
    assert (answer.status_code, {sign["ok"] for sign in signs.values()}) == (
        200,
        {True},
    )
