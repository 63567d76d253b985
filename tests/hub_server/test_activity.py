"""What an idle culler is told: the M2 table, scaled to seconds."""

import json
import os
import pty
import signal
import time

import pytest
from hub_server.activity import has_job
from websocket import create_connection

from tests.hub_server.conftest import until

CAP_S = 0.002 * 3600  # as `told_server` has it


def kept(server):
    """Return why the server is kept, in words; empty when it is not."""
    return server.notices().get("kept", {}).get("text", "")


def counted(server, seconds):
    """Return what tells whether activity was seen so long after now.

    The server's own times are compared, so a slow machine does not matter.
    """
    until_s = time.time() + seconds
    return lambda: server.last_activity_s() > until_s


def test_an_idle_server_grows_idle(server, wait_until):
    wait_until(lambda: server.idle_s() > 2, "two idle seconds")
    assert "kept" not in server.notices()


def ready_cell(server, code):
    """Return what runs a cell that does not end, and then closes the browser."""
    kernel = server.kernel()
    kernel.run("import time")

    def go():
        kernel.send(code)
        kernel.socket.close()
        return lambda: server.http.delete(f"/api/kernels/{kernel.id}")

    return go


def run_cell(server, code):
    """Run a cell that does not end, as in a browser that is closed meanwhile."""
    return ready_cell(server, code)()


def ready_job(server, line):
    """Return what runs a line in a terminal, and then closes the browser."""
    name = server.http.post("/api/terminals").json()["name"]
    url = server.url.replace("http", "ws", 1)

    def go():
        socket = create_connection(
            f"{url}/terminals/websocket/{name}",
            header={"Authorization": server.http.headers["Authorization"]},
        )
        socket.send(json.dumps(["stdin", f"{line}\r"]))
        socket.close()
        return lambda: server.http.delete(f"/api/terminals/{name}")

    return go


def run_job(server, line):
    """Run a line in a terminal, as in a browser that is closed meanwhile."""
    return ready_job(server, line)()


SILENT, PRINTING = "time.sleep(600)", "while True: print(1); time.sleep(0.3)"
# What runs, and whether the cap ends it.
M2 = {
    "1 computing notebook": [(run_cell, SILENT, True), (run_cell, PRINTING, False)],
    "1 terminal job": [
        (run_job, "sleep 600", True),
        (run_job, "while true; do echo x; sleep 0.3; done", True),
    ],
}
WORK = [(words, *row) for words, rows in M2.items() for row in rows]


@pytest.mark.parametrize(("words", "run", "what", "is_capped"), WORK)
def test_work_counts_until_the_cap_and_what_a_cell_prints_beyond(
    told_server, wait_until, words, run, what, is_capped
):
    end = run(told_server, what)
    try:
        wait_until(lambda: words in kept(told_server), "the notice")
        seen_s = told_server.last_activity_s()
        if is_capped:
            # A look may fall between two programs of a job, or be late.
            wait_until(
                lambda: told_server.idle_s() > 2 and not kept(told_server),
                "the cap to end it",
                60,
            )
            assert 2 < told_server.last_activity_s() - seen_s < CAP_S + 2
        else:
            wait_until(counted(told_server, CAP_S + 2), "the work to count on", 60)
    finally:
        end()


def test_a_loop_of_short_programs_is_a_job(monkeypatch):
    # As on a busy machine, where each has ended before it is looked at.
    monkeypatch.setattr("psutil.Process.children", lambda self: [])
    pid, terminal = pty.fork()
    if not pid:
        os.execvpe("bash", ["bash", "--norc", "-i"], {**os.environ, "PS1": "# "})
    try:
        until(lambda: os.read(terminal, 100).endswith(b"# "), "the prompt")
        assert not has_job(pid, terminal), "a bare shell"
        os.write(terminal, b"while :; do sleep 0.2; done\n")
        until(lambda: has_job(pid, terminal), "the loop")
        looks = [time.sleep(0.05) or has_job(pid, terminal) for _ in range(40)]
        assert sum(looks) > 20
    finally:
        os.kill(pid, signal.SIGKILL)
        os.close(terminal)
        os.waitpid(pid, 0)


def test_a_page_that_is_open_keeps_a_silent_cell_beyond_the_cap(
    told_server, wait_until
):
    end = run_cell(told_server, SILENT)
    counts_on = counted(told_server, CAP_S + 2)

    def asked():
        told_server.http.get("/api/kernels")  # as Lab does
        return counts_on()

    try:
        wait_until(asked, "the page to count", 60)
    finally:
        end()


def test_a_silent_terminal_job_counts_and_a_bare_shell_does_not(server, wait_until):
    name = server.http.post("/api/terminals").json()["name"]
    wait_until(lambda: server.idle_s() > 2, "an idle shell to grow idle", 30)
    url = server.url.replace("http", "ws", 1)
    socket = create_connection(
        f"{url}/terminals/websocket/{name}",
        header={"Authorization": "token a-token"},
    )
    socket.send('["stdin", "sleep 61\\r"]')
    wait_until(lambda: "Running: 1 terminal job." in kept(server), "the notice")
    socket.close()
    wait_until(counted(server, 3), "the job to count", 30)
    server.http.delete(f"/api/terminals/{name}")


def test_a_connected_dask_client_counts_until_it_closes(server, wait_until):
    kernel = server.kernel()
    kernel.run(
        "from distributed import Client\n"
        "client = Client(processes=False, n_workers=1, dashboard_address=None)"
    )
    wait_until(
        lambda: "Running: 1 connected Dask client." in kept(server), "the notice"
    )
    wait_until(counted(server, 3), "the client to count", 30)
    kernel.run("client.close()")
    wait_until(lambda: server.idle_s() > 2, "the closed client to count no longer", 30)


def test_a_cap_that_is_no_number_is_named_in_the_log(start_server, wait_until):
    server = start_server(ARCHIVE_HUB_BUSY_CAP_H="soon")
    words = "ARCHIVE_HUB_BUSY_CAP_H: 'soon' is not a positive number"
    wait_until(lambda: words in server.log.read_text(), "the variable's name")
    assert server.process.poll() is None
