"""A page of one person's server, open in another's browser, gets nothing from there.

Grace's server is a program of hers. Mei is signed in to the hub, Ada to her own server
too; both follow a link to Grace's page. With JupyterHub's default of one host for all,
each attack succeeds: that is the variant *stock*.
"""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress

import pytest
from playwright.sync_api import Error

from hub_config.local import environments
from tests.faults.stock import stock

from .apart import HOST, apart_hub
from .conftest import open_page, sign_in

pytestmark = pytest.mark.browser
ADA, GRACE, MEI = "gh-1001", "gh-1002", "gh-1004"
# Of the session, by which signing out ends all of it; it signs nobody in.
FOR_ALL = {"jupyterhub-session-id"}

START = """async (name) => {
  const headers = {'X-XSRFToken': jhdata.xsrf_token,
                   'Content-Type': 'application/json'}
  const path = `/hub/api/users/${name}`
  const body = '{"profile": "tiny"}'
  const answer = await fetch(`${path}/server`, {method: 'POST', headers, body})
  if (!answer.ok) throw Error(await answer.text())
}"""
SERVER = """async (name) => {
  const headers = {'X-XSRFToken': jhdata.xsrf_token}
  const about = await fetch(`/hub/api/users/${name}`, {headers})
  return (await about.json()).servers[''] || {}
}"""
# What a page can do about another that it opens: wait for it, and read it.
READ = """async (url) => {
  const other = window.open(url)
  for (let i = 0; i < 100; i++) {
    await new Promise(later => setTimeout(later, 100))
    try {
      const page = other.document
      if (other.location.href !== 'about:blank' && page.readyState === 'complete') {
        other.close()
        return page.documentElement.outerHTML + page.cookie
      }
    } catch (error) { other.close(); return error.name }
  }
}"""
FETCH = """async ([url, options]) => {
  try {
    return await (await fetch(url, {credentials: 'include', ...options})).text()
  } catch (error) { return error.name }
}"""
# As whoever can read the hub's form: the token that it must bring is in there.
FORGE = """async ([url, name]) => {
  const other = window.open(`${url}/hub/spawn`)
  for (let i = 0; i < 100 && !other.jhdata; i++)
    await new Promise(later => setTimeout(later, 100))
  const headers = {'X-XSRFToken': other.jhdata.xsrf_token,
                   'Content-Type': 'application/json'}
  other.close()
  const path = `${url}/hub/api/users/${name}/server`
  await fetch(path, {method: 'POST', body: '{"profile": "tiny"}', headers})
}"""
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
STARTS = [
    ("spawn?profile=tiny", {}),
    ("spawn?_xsrf=", {}),
    ("spawn", {"method": "POST", "body": "profile=tiny", "headers": FORM}),
    (f"api/users/{MEI}/server", {"method": "POST", "body": '{"profile": "tiny"}'}),
]


def signed_in(hub, browser, login):
    """Sign in in a browser of its own; return a page of the hub."""
    page = open_page(browser, hub.url)
    sign_in(page, login)
    page.goto("/hub/home")
    return page


def started(hub, browser, login, name):
    """Sign in and start the person's server; return a page of the hub."""
    page = signed_in(hub, browser, login)
    page.evaluate(START, name)
    deadline = time.monotonic() + 60
    while not page.evaluate(SERVER, name).get("ready"):
        assert time.monotonic() < deadline, f"{login}'s server is not ready"
        page.wait_for_timeout(100)
    return page


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(True, id="subdomains"),
        stock(False, "one host for all servers"),
    ],
)
def hub(request, tmp_path_factory, browser):
    if not os.access(environments.user_python(), os.X_OK):
        pytest.skip("no user environment; `archive-hub local prepare` makes it")
    with apart_hub(tmp_path_factory.mktemp("apart") / "state", request.param) as hub:
        hub.grace = started(hub, browser, "grace", GRACE)
        yield hub


@pytest.fixture
def lured(hub, browser):
    """Return a page of Mei's browser, signed in to the hub, that shows Grace's page."""
    page = signed_in(hub, browser, "mei")
    page.goto(f"{hub.server(GRACE)}pictures")
    assert page.title() == "Nice pictures"
    yield page
    page.context.close()


def test_it_reads_no_page_and_no_cookie_of_the_hub(hub, lured):
    for path in ("home", "token", "spawn"):
        url = f"{hub.url}/hub/{path}"
        assert lured.evaluate(READ, url) == "SecurityError"
        assert lured.evaluate(FETCH, [url, {}]) == "TypeError"
    assert lured.evaluate("document.cookie") == ""
    sent = (hub.state.path / "homes" / GRACE / "cookies.txt").read_text()
    assert {one.split("=")[0] for one in re.split(r"[;\s]+", sent) if one} <= FOR_ALL


def test_it_starts_no_server_for_who_looks_at_it(hub, lured):
    for path, options in STARTS:
        for mode in ("no-cors", "cors"):
            lured.evaluate(FETCH, [f"{hub.url}/hub/{path}", {**options, "mode": mode}])
    lured.evaluate(READ, f"{hub.url}/hub/spawn?profile=tiny")
    with suppress(Error):
        lured.evaluate(FORGE, [hub.url, MEI])
    lured.goto(f"{hub.url}/hub/home")
    assert lured.evaluate(SERVER, MEI) == {}


def test_no_cookie_that_it_sets_signs_anybody_in(hub, lured):
    domain = f"; domain={HOST}" if hub.subdomains else ""
    for cookie in hub.grace.context.cookies():
        for name in {cookie["name"], cookie["name"].removeprefix("__Host-")}:
            tossed = f"{name}={cookie['value']}; path=/; secure{domain}"
            lured.evaluate("cookie => { document.cookie = cookie }", tossed)
    lured.goto(f"{hub.url}/hub/home")
    assert lured.evaluate("jhdata.user") == MEI


@pytest.mark.parametrize("hub", [True], indirect=True)
def test_it_reads_nothing_of_anothers_running_server(hub, browser):
    page = started(hub, browser, "ada", ADA)
    page.goto(f"{hub.server(ADA)}lab", wait_until="commit")
    page.goto(f"{hub.server(ADA)}api/contents")
    assert "directory" in page.content(), "Ada's browser is signed in to her server"
    page.goto(f"{hub.server(GRACE)}pictures")
    for path in ("lab", "api/contents", "api/kernels"):
        url = f"{hub.server(ADA)}{path}"
        assert page.evaluate(READ, url) == "SecurityError"
        assert page.evaluate(FETCH, [url, {}]) == "TypeError"
    page.context.close()
