"""The road to the S3 stand-in: slow, narrow or broken, as asked."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from hub_config.local.standins.network import Network, Options

BODY = bytes(range(256)) * 40
KEYS = ["a-b/x", "a/1.nwb", "a/2+3 4.nwb", "a/ü/µ.nwb", "a0", "z&<%41>.nwb"]
PREFIX = "/services/s3"


def test_latency_and_bandwidth_slow_the_answers(endpoint, http):
    http.put("/_standin/options", json={"latency_ms": 200})
    assert http.head("/open/a0").elapsed.total_seconds() >= 0.2
    http.put("/_standin/options", json={"connection_mb_s": 0.05})
    answer = http.get("/open/a0")
    assert answer.content == BODY
    assert answer.elapsed.total_seconds() >= len(BODY) / 0.05e6


async def test_bandwidth_is_shared_and_connection_speed_is_not():
    async def seconds(options: Options) -> float:
        network, loop = Network(options), asyncio.get_running_loop()
        began = loop.time()
        await asyncio.gather(*(network.pace(10_000, began, 0) for _ in range(5)))
        return loop.time() - began

    assert await seconds(Options(bandwidth_mb_s=0.2)) >= 0.25
    assert 0.05 <= await seconds(Options(connection_mb_s=0.2)) < 0.25


def test_counters_say_what_was_asked_and_start_again(http):
    http.post("/_standin/reset")
    http.get("/open/a0", headers={"Range": "bytes=0-99"})
    http.head("/open/a0")
    http.get("/open/absent")
    http.get("/open?list-type=2")
    stats = http.get("/_standin/stats").json()
    assert stats == {
        "requests": 4,
        "bytes": 100,
        "get": 2,
        "head": 1,
        "list": 1,
        "refused": 1,
        "peak": 1,
    }
    assert http.post("/_standin/reset").json()["requests"] == 0


def test_what_has_arrived_is_counted(http, monkeypatch):
    send = asyncio.BaseEventLoop.sendfile

    async def lingering(*what):
        await send(*what)
        await asyncio.sleep(1)

    monkeypatch.setattr(asyncio.BaseEventLoop, "sendfile", lingering)
    http.post("/_standin/reset")
    with http.stream("GET", "/open/a0") as answer:
        assert next(answer.iter_bytes(len(BODY))) == BODY
        assert http.get("/_standin/stats").json()["bytes"] == len(BODY)


@pytest.mark.parametrize(
    ("kind", "seen"),
    [
        ("slow_down", 503),
        ("expired", 403),
        ("whole", 200),
        ("etag", 412),
        ("reset", httpx.RemoteProtocolError),
        ("cut", httpx.RemoteProtocolError),
        ("stall", httpx.ReadTimeout),
    ],
)
def test_a_fault_strikes_the_asked_request_once(http, kind, seen):
    fault = {"kind": kind, "key": "a0", "skip": 1}
    assert http.post("/_standin/faults", json=fault).status_code == 200
    etag = http.head("/open/a/1.nwb").headers["ETag"]
    etag = http.head("/open/a0").headers["ETag"]
    assert _seen(http, etag) == seen
    assert _seen(http, etag) == 206


def _seen(http, etag):
    headers = {"Range": "bytes=0-4999", "If-Match": etag}
    try:
        answer = http.get("/open/a0", headers=headers, timeout=0.5)
    except httpx.HTTPError as error:
        return type(error)
    assert answer.status_code != 206 or answer.content == BODY[:5000]
    return answer.status_code


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("options", '{"latency_ms": -1}'),
        ("options", '{"latency_ms": "NaN"}'),
        ("options", '{"latency": 1}'),
        ("options", "not json"),
        ("faults", '{"kind": "earthquake"}'),
        ("faults", '{"kind": "cut", "times": 0}'),
    ],
)
def test_wrong_controls_are_named_and_change_nothing(http, path, body):
    method = {"options": "PUT", "faults": "POST"}[path]
    headers = {"Content-Type": "application/json"}
    url = f"/_standin/{path}"
    answer = http.request(method, url, content=body, headers=headers)
    assert answer.status_code == 400
    assert answer.text.count("\n") == 1
    plain = http.request(method, url, content="{}")
    assert plain.status_code == 415
    assert http.get("/open/a0").content == BODY
