"""The gateway adds up what people's workers ran, and the hub hears it once."""

from __future__ import annotations

import asyncio
import logging
from types import SimpleNamespace

import aiohttp
import httpx
import pytest
from aiohttp import web
from prometheus_client import REGISTRY

from hub_config.backend import PerPerson
from hub_config.local.serving import serving
from hub_config.settings import GIB
from hub_config.usage import DASK, opened
from hub_config.worked import Worked
from hub_config.worked_page import WorkedHandler

from .test_usage import Clock


def cluster(name, user, cores=2, memory=4 * GIB):
    config = SimpleNamespace(worker_cores=cores, worker_memory=memory)
    return SimpleNamespace(name=name, username=user, config=config)


ONE, TWO = cluster("one", "gh-1"), cluster("two", "gh-1")
OTHER = cluster("other", "gh-2", cores=1)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def worked(clock):
    return Worked(clock)


def seconds(worked, *running):
    told = worked.told(running)["worked"]
    return {(one["user"], one["cores"]): one["seconds"] for one in told}


def test_workers_are_counted_from_report_to_report(worked, clock):
    for workers in (2, 2, 5, 0, 0):
        worked.note(ONE, workers)
        worked.note(OTHER, 1)
        clock.now_s += 15
    # Two for 30 s, five for 15 s; what runs since the last report is not known yet.
    assert seconds(worked, ONE, OTHER) == {("gh-1", 2): 135, ("gh-2", 1): 60}


def test_a_silence_counts_a_minute_at_most(worked, clock):
    worked.note(ONE, 3)
    clock.now_s += 3600
    worked.note(ONE, 3)
    assert seconds(worked, ONE) == {("gh-1", 2): 180}


def test_what_is_told_twice_is_the_same_sum(worked, clock):
    worked.note(ONE, 1)
    clock.now_s += 10
    worked.note(ONE, 1)
    first, again = worked.told([ONE, TWO, OTHER]), worked.told([ONE, TWO, OTHER])
    assert first == again
    assert first["clusters"] == {"gh-1": 2, "gh-2": 1}
    assert (first["workers"], worked.told([])["workers"]) == (1, 0)


class Quiet:
    """A backend that does nothing."""

    async def list_clusters(self, username=None, statuses=None):
        return [ONE, TWO]

    log = logging.getLogger("test")


class Telling(PerPerson, Quiet):
    """As the gateway runs it."""


async def test_it_tells_with_the_gateways_own_token():
    heard = []

    async def hear(request):
        heard.append((request.headers["Authorization"], await request.json()))
        if len(heard) == 1:
            return web.Response(status=503)
        return web.json_response({"spent": ["gh-2"]})

    app = web.Application()
    app.router.add_post("/hub/api/clusters", hear)
    async with serving(app) as url, aiohttp.ClientSession() as session:
        backend = Telling()
        backend.session = session
        api_url = f"{url}/hub/api"
        hub = SimpleNamespace(jupyterhub_api_url=api_url, jupyterhub_api_token="t")
        with pytest.raises(aiohttp.ClientResponseError, match="503"):
            await backend.tell(hub)
        await backend.tell(hub)
    assert backend._spent == {"gh-2"}
    assert [token for token, _ in heard] == ["token t", "token t"]
    assert heard[0][1]["clusters"] == {"gh-1": 2}


async def test_a_hub_that_does_not_answer_refuses_nobody(monkeypatch):
    monkeypatch.setattr("hub_config.backend.TELL_EVERY_S", 0.01)
    backend = Telling()
    backend._spent = frozenset({"gh-2"})
    async with aiohttp.ClientSession() as session:
        backend.session = session
        nowhere = "http://127.0.0.1:9"
        hub = SimpleNamespace(jupyterhub_api_url=nowhere, jupyterhub_api_token="t")
        telling = asyncio.ensure_future(backend._tell_forever(hub))
        async with asyncio.timeout(20):
            while backend._spent:
                await asyncio.sleep(0.01)
        telling.cancel()


@pytest.fixture
def page(hub):
    def note(told):
        keeper = SimpleNamespace(hub=hub, ledger_path="")
        handler = SimpleNamespace(authenticator=keeper)
        WorkedHandler._note(handler, told)

    return note


def people(count):
    return REGISTRY.get_sample_value(
        "archive_hub_people_with_clusters", {"clusters": str(count)}
    )


def test_people_are_counted_by_how_many_clusters_they_have(page, worked):
    page(worked.told([ONE, TWO, OTHER]))
    assert (people(1), people(2), people(3)) == (1, 1, 0)
    page(worked.told([OTHER]))
    assert (people(1), people(2), people(3)) == (1, 0, 0)
    page(worked.told([]))
    assert (people(1), people(2)) == (0, 0)


def test_what_the_gateway_tells_is_in_the_persons_usage(page, worked, clock):
    number = 77
    name = f"gh-{number}"
    worked.note(cluster("a", name), 4)
    clock.now_s += 45
    worked.note(cluster("a", name), 4)
    told = worked.told([cluster("a", name)])
    for _ in range(2):
        page(told)
    [used] = opened("").used(number=number)
    assert (used.profile, used.hours) == (DASK, pytest.approx(180 / 3600))
    assert used.usd_micro > 0


@pytest.mark.parametrize("word", [[], "a", {}, {"clusters": 3}, {"clusters": {}}])
def test_what_is_no_word_is_refused(page, word):
    with pytest.raises((TypeError, KeyError, AttributeError)):
        page(word)


def test_nobody_but_the_gateway_gives_its_word(running, person):
    visitor = person("ada")
    headers = {"X-XSRFToken": visitor.xsrf}
    address = "/hub/api/clusters"
    assert httpx.post(f"{running['url']}{address}", json={}).status_code == 403
    answer = visitor.post(address, json={}, headers=headers)
    assert answer.status_code == 403
    assert "only the gateway" in answer.text
