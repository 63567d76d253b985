"""What an idle culler is told: the M2 table, scaled to seconds."""

import time

from websocket import create_connection

CAP_S = 0.0012 * 3600  # as `told_server` has it


def kept(server):
    """Return why the server is kept, in words; empty when it is not."""
    return server.notices().get("kept", {}).get("text", "")


def stays_active(server, seconds):
    """Return whether `idle_s` stays small for so long, polled as a culler does."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if server.idle_s() > 1.6:
            return False
        time.sleep(0.2)
    return True


def test_an_idle_server_grows_idle(server, wait_until):
    wait_until(lambda: server.idle_s() > 2, "two idle seconds")
    assert "kept" not in server.notices()


def test_a_silent_cell_counts_as_work_until_the_cap(told_server, wait_until):
    server = told_server
    kernel = server.kernel()
    kernel.run("import time")
    kernel.send("time.sleep(60)")
    kernel.socket.close()
    wait_until(lambda: "1 computing notebook" in kept(server), "the notice")
    assert stays_active(server, CAP_S - 1.5)
    wait_until(lambda: server.idle_s() > 2, "the cap to end it", 20)
    assert "kept" not in server.notices()


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
    assert stays_active(server, 3)
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
    assert stays_active(server, 3)
    kernel.run("client.close()")
    wait_until(lambda: server.idle_s() > 2, "the closed client to count no longer", 30)


def test_a_cap_that_is_no_number_is_named_in_the_log(start_server, wait_until):
    server = start_server(ARCHIVE_HUB_BUSY_CAP_H="soon")
    words = "ARCHIVE_HUB_BUSY_CAP_H: 'soon' is not a positive number"
    wait_until(lambda: words in server.log.read_text(), "the variable's name")
    assert server.process.poll() is None
