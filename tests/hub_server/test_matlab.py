"""Whether MATLAB can start is said in words, for each way in which it cannot."""

import json
import socket
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from hub_server import matlab

REFUSED = "License checkout failed.\nLicense Manager Error {}\n"


@pytest.fixture
def environ(tmp_path):
    program = tmp_path / "matlab/bin/matlab"
    program.parent.mkdir(parents=True)
    program.touch(mode=0o755)
    return {"HOME": str(tmp_path), "MWI_CUSTOM_MATLAB_ROOT": str(tmp_path / "matlab")}


def folder(environ):
    return matlab.config_folder(environ)


def signed_in(environ, text):
    folder(environ).mkdir(parents=True)
    (folder(environ) / "proxy_app_config.json").write_text(text)


@contextmanager
def proxy(environ, body):
    """Play matlab-proxy: its file, its address, its token."""

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self):
            known = self.headers["mwi-auth-token"] == "secret"
            right = self.path == "/user/gh-1/matlab/default/get_status"
            self.send_response(200 if known and right else 403)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Proxy)
    port = server.server_port
    file = folder(environ) / f"ports/{port}/mwi_server.info"
    file.parent.mkdir(parents=True)
    address = f"http://0.0.0.0:{port}/user/gh-1/matlab/default?mwi-auth-token=secret"
    file.write_text(f"{address}\nMATLAB R2024b\n")
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def status(state="down", error=None):
    return json.dumps({"matlab": {"status": state}, "error": error}).encode()


def refusal(number):
    logs = REFUSED.format(number).splitlines()
    return status(error={"message": "License checkout failed", "logs": logs})


def test_without_matlab_it_says_where_there_is_one(environ):
    told = matlab.find(environ | {"MWI_CUSTOM_MATLAB_ROOT": "/nowhere"})
    assert told.state == "no MATLAB"
    assert "The MATLAB size has it" in told.text


def test_nobody_signed_in_is_asked_to(environ):
    told = matlab.find(environ)
    assert told.state == "no licence"
    assert "sign in with your MathWorks account" in told.text


def test_a_kept_sign_in_is_enough(environ):
    signed_in(environ, '{"licensing": {"type": "mhlm"}}')
    assert matlab.find(environ).state == "ready"


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"licensing": null}', "\0"])
def test_a_broken_sign_in_counts_as_none(environ, text):
    signed_in(environ, text)
    assert matlab.find(environ).state == "no licence"


def test_a_licence_server_that_answers_is_enough_of_a_group(environ):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        named = f"27000@nobody.invalid,{port}@127.0.0.1"
        told = matlab.find(environ | {"MLM_LICENSE_FILE": named})
    assert told.state == "ready"
    assert told.text == f"The licence server {port}@127.0.0.1 answers."


def test_a_licence_server_that_is_away_is_named_with_the_reason(environ):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    for named, reason in (
        (f"{port}@127.0.0.1", f"no licence server at port {port}"),
        ("27000@nobody.invalid", "nobody knows the name nobody.invalid"),
        ("garbage", "garbage does not answer"),
    ):
        told = matlab.find(environ | {"MLM_LICENSE_FILE": named})
        assert told.state == "not reached"
        assert reason in told.text


def test_a_session_left_open_is_told_from_other_refusals(environ):
    with proxy(environ, refusal("-4")):
        told = matlab.find(environ)
    assert (told.state, "left open" in told.text) == ("session open", True)


def test_another_refusal_comes_with_where_to_read_on(environ):
    with proxy(environ, refusal("-114")):
        told = matlab.find(environ)
    assert told.state == "refused"
    assert "https://www.mathworks.com/support/lme/114" in told.text


def test_a_running_matlab_is_said_to_run(environ):
    with proxy(environ, status("up")):
        assert matlab.find(environ).text == "MATLAB is running."


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"<html>", b'{"error": 7}'])
def test_a_proxy_that_answers_nonsense_decides_nothing(environ, body):
    with proxy(environ, body):
        assert matlab.find(environ).state == "no licence"


def test_the_file_of_a_proxy_that_is_gone_decides_nothing(environ):
    with proxy(environ, status("up")):
        pass
    assert matlab.find(environ).state == "no licence"


async def test_lab_shows_it_until_it_is_ready(environ):
    board = matlab.Board(None)
    watch = matlab.MatlabWatch(environ, board)
    await watch.tick()
    (shown,) = await board.all()
    assert (shown["id"], shown["level"]) == ("matlab", "info")
    signed_in(environ, '{"licensing": {"type": "mhlm"}}')
    for _ in range(matlab.WATCH_EVERY_TICKS):
        await watch.tick()
    assert await board.all() == []
