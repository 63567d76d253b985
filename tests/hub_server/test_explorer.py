"""The Archive Explorer looks into any file, and says in words what it cannot show."""

import json
import re
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import psutil
import pytest

AWKWARD = """
import h5py, numpy as np
with h5py.File("awkward.h5", "w") as file:
    ramp = file.create_dataset("series/data", data=np.arange(100_000, dtype="i2"))
    ramp.attrs.update(conversion=2.0, unit="volts")
    begin = file.create_dataset("series/starting_time", data=10.0)
    begin.attrs["rate"] = 1000.0
    spike = np.zeros(90_000); spike[44_444] = 7
    file["spike"] = spike
    file["gap"] = [1.0, np.nan, 3.0]
    file["nothing known"] = np.full(5, np.nan)
    file["empty"] = np.zeros((0, 4))
    file["null"] = h5py.Empty("f8")
    file["text"] = "a word"
    file["texts"] = ["<script>alert(1)</script>", "b"]
    file["table"] = np.array([(1, 2.5)], dtype=[("id", "i4"), ("x", "f8")])
    file["wide"] = np.tile(np.arange(30), (50, 1))
    file["volume"] = np.zeros((3, 8, 8, 4))
    file["movie"] = np.zeros((5, 8, 9), "u1")
    file["colour"] = np.zeros((8, 8, 3), "u1")
    file["broken"] = h5py.SoftLink("/nowhere")
    file["huge"] = h5py.SoftLink("/pieces")
    file.create_dataset("pieces", (2**14, 2**14), "f8", chunks=(2**13, 2**13))
    file.attrs["to"] = file["series"].ref
    file.attrs["<b>"] = "<script>alert(2)</script>"
    for number in range(150):
        file[f"many/{number:03d}"] = number
open("words.h5", "w").write("no HDF5")
"""


@pytest.fixture(scope="module")
def explorer(server):
    """Return a function that gets a page about the awkward file."""
    server.kernel().run(AWKWARD)
    file = str(server.home / "awkward.h5")

    def get(at="/", **query):
        asked = {"asset": file, "at": at, **query}
        return server.http.get("/explorer/asset", params=asked)

    return get


def test_lab_offers_it_and_only_its_owner_gets_in(server):
    told = server.http.get("/server-proxy/servers-info").json()["server_processes"]
    ours = next(one for one in told if one["name"] == "explorer")
    assert ours["launcher_entry"]["title"] == "Archive Explorer"
    assert "<svg" in server.http.get("/server-proxy/icon/explorer").text
    assert httpx.get(f"{server.url}/explorer/").status_code in {302, 403}
    assert "Browse the archive" in server.http.get("/explorer/").text


def test_a_window_of_a_series_is_in_seconds_and_in_its_unit(explorer):
    page = explorer("/series/data", **{"from": "12", "length": "0.5"}).text
    assert "12 to 12.5 s: rows 2000 to 2499 of 100,000" in page
    assert "4000 to 4998 volts" in page
    assert "Earlier" in page
    later = re.search(r'href="([^"]*)">Later', page)[1].replace("&amp;", "&")
    assert "from=12.5" in later


def test_a_single_spike_among_many_values_is_drawn(explorer):
    page = explorer("/spike", length="90000").text
    heights = {float(y) for y in re.findall(r"[\d.]+,([\d.]+)", page)}
    assert {2.0, 238.0} <= heights
    assert page.count(",238.0") < 1500, "more points than the drawing is wide"


SHOWN = {
    "/gap": ("1 to 3", 2),
    "/nothing known": ("no number", 0),
    "/empty": ("0 x 4, float64", 0),
    "/null": ("empty", 0),
    "/text": ("<li>a word</li>", 0),
    "/texts": ("&lt;script&gt;alert(1)", 0),
    "/table": ("table of id, x", 0),
    "/wide": ("columns 0 to 5 of 30", 6),
    "/volume": ("Image 0 of 3", 0),
    "/movie": ("Image 0 of 5", 0),
    "/colour": ("data:image/png;base64,", 0),
    "/": ("→ /series", 0),
    "/many": ("50 more are not shown", 0),
    "/many/149": ("149/", 0),
    "/huge": ("read in pieces of 1,024 MiB", 0),
}


@pytest.mark.parametrize("at", SHOWN)
def test_whatever_is_in_a_file_is_shown_or_told(explorer, at):
    words, lines = SHOWN[at]
    answer = explorer(at)
    assert answer.status_code == 200, answer.text
    assert words.replace("149/", ">149<") in answer.text
    assert answer.text.count("<polyline") == lines


def test_nothing_of_a_file_becomes_a_part_of_the_page(explorer):
    for answer in (explorer("/texts"), explorer("/")):
        assert "<script" not in answer.text
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.fixture
def archive():
    """An archive that has one embargoed dandiset and no other."""

    class Archive(BaseHTTPRequestHandler):
        def do_GET(self):
            here = f"http://{self.headers['Host']}/api"
            found = "server-info" in self.path
            self.send_response(200 if found else 403 if "000002" in self.path else 404)
            self.end_headers()
            self.wfile.write(json.dumps({"services": {"api": {"url": here}}}).encode())

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Archive) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        Archive.url = f"http://127.0.0.1:{server.server_port}"
        Archive.stop = staticmethod(lambda: (server.shutdown(), server.server_close()))
        yield Archive
        server.shutdown()


REFUSED = {
    ("", ""): (422, "No asset is named"),
    ("000001", "x.nwb"): (404, "the archive has nothing here"),
    ("000002", "x.nwb"): (403, "embargoed or private"),
    ("DANDI:1", ""): (400, "is no dandiset"),
    ("gone.nwb", ""): (400, "there is no such file"),
    ("words.h5", ""): (422, "HDF5"),
}


def test_no_and_could_not_ask_are_two_sentences(start_server, archive):
    server = start_server(DANDI_INSTANCE=archive.url)
    (server.home / "words.h5").write_text("no HDF5 at all")
    for (asset, path), (status, words) in REFUSED.items():
        asked = {"asset": asset, "path": path}
        answer = server.http.get("/explorer/asset", params=asked)
        assert (answer.status_code, words in answer.text) == (status, True), answer.text
        assert "Traceback" not in answer.text
    archive.stop()
    answer = server.http.get("/explorer/dandisets")
    assert (answer.status_code, "could not be asked" in answer.text) == (503, True)


WRONG = [
    {"at": "/nowhere"},
    {"at": "/broken"},
    {"at": "/spike", "from": "soon"},
    {"at": "/spike", "from": "nan"},
    {"at": "/spike", "length": "-1"},
    {"at": "/spike", "column": "1e99"},
    {"at": "/spike/below"},
    {"at": "/spike", "from": "9e14"},
    {"at": "../../etc/passwd"},
]


@pytest.mark.parametrize("asked", WRONG, ids=str)
def test_a_wrong_address_is_no_failure_of_the_app(explorer, asked):
    answer = explorer(**asked)
    assert answer.status_code in {200, 404, 422}, answer.text
    assert "<h1>" in answer.text


def below(server, words):
    """Return the processes of the server whose command has `words`."""
    found = []
    for process in psutil.Process(server.process.pid).children(recursive=True):
        if words in " ".join(process.cmdline()):
            found.append(process)
    return found


def test_it_comes_back_when_it_was_killed_and_listens_on_no_port(
    server, explorer, wait_until
):
    explorer()
    (app,) = below(server, "archive_explorer.app")
    assert [c for c in app.net_connections("inet") if c.status == "LISTEN"] == []
    app.kill()
    wait_until(lambda: not app.is_running(), "the end of the app")
    assert explorer("/text").status_code == 200


def test_it_ends_when_nobody_asks_and_is_there_again_when_somebody_does(
    base_env, tmp_path, wait_until
):
    place = str(tmp_path / "socket")
    line = [base_env / "bin/python", "-m", "archive_explorer", place, "1"]
    with psutil.Popen(line, cwd=tmp_path) as watcher:
        try:
            wait_until((tmp_path / "socket").exists, "the socket")
            way = httpx.HTTPTransport(uds=place)
            with closing(httpx.Client(transport=way, base_url="http://x")) as client:
                assert client.get("/", timeout=60).is_success
                wait_until(lambda: not watcher.children(), "the app to end", 30)
                assert client.get("/", timeout=60).is_success
        finally:
            watcher.terminate()


def test_it_ends_with_its_server(start_server, wait_until):
    server = start_server()
    assert server.http.get("/explorer/").is_success
    ours = below(server, "archive_explorer")
    assert len(ours) == 2
    server.stop()
    wait_until(lambda: not any(one.is_running() for one in ours), "their end")
