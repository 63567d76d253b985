"""A cell's echo does not wait for the network's acknowledgements."""

import statistics
import time

import pytest

GOAL_MS = 10
CELLS = 20
STOCK = (
    "jupyter_server.services.kernels.connection.channels.ZMQChannelsWebsocketConnection"
)
AS_STOCK = ("bin/hub-server", f"--ServerApp.kernel_websocket_connection_class={STOCK}")


def echo_ms(kernel):
    """Return the median of some cells."""
    times_ms = []
    for _ in range(CELLS):
        begin = time.perf_counter()
        kernel.run("pass")
        times_ms.append((time.perf_counter() - begin) * 1e3)
    return statistics.median(times_ms)


@pytest.mark.quiet
def test_a_cell_echoes_within_ten_milliseconds_where_stock_takes_many(start_server):
    """Whatever else runs here only delays: the best of several medians counts.

    The stock connection has Nagle's algorithm and delayed acknowledgements in it: some
    40 ms a cell, whatever the load.
    """
    ours, stock = start_server().kernel(), start_server(program=AS_STOCK).kernel()
    for kernel in (ours, stock):
        kernel.run("pass")
    best_ms, stock_ms = float("inf"), float("inf")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        best_ms = min(best_ms, echo_ms(ours))
        stock_ms = min(stock_ms, echo_ms(stock))
        if best_ms <= GOAL_MS:
            break
    print(f"echo p50 {best_ms:.1f} ms, stock {stock_ms:.1f} ms")
    assert best_ms <= GOAL_MS
    assert stock_ms >= 3 * best_ms
