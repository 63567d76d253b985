"""T12: what happens to a person's Dask cluster when gateway and proxy are killed.

A client does not notice the gateway's end.  The proxy's end cuts it off; it comes back
to its results, and to published ones.
"""

from __future__ import annotations

import psutil
import pytest

WORK = """
from dask_gateway import Gateway, GatewayCluster
cluster = GatewayCluster()
client = cluster.get_client()
cluster.scale(1)
client.wait_for_workers(1, timeout=60)
future = client.submit(sum, [40, 2])
client.publish_dataset(kept=client.submit(sum, [40, 3]))
print(future.result(timeout=30), cluster.name)
"""
HELD = "print(future.result(timeout=10))"
# By its name, as from another notebook.
AGAIN = """
again = Gateway().connect({!r})
other = again.get_client()
print(other.submit(sum, [40, 4]).result(timeout=10))
"""
PUBLISHED = "print(client.get_dataset('kept').result(timeout=10))"
# What tells each in its command line.
PARTS = {
    "gateway": {"dask_gateway_server"},
    "proxy": {"-tcp-address"},
    "scheduler": {"dask", "scheduler"},
    "worker": {"dask", "worker"},
}


def part(running, name):
    """Return the one process that is this part of Dask on this hub, or None."""
    ours = psutil.Process(running["pid"]).children(recursive=True)
    found = [one for one in ours if PARTS[name] <= words_of(one)]
    assert len(found) < 2, found
    return found[0] if found else None


def words_of(process):
    try:
        return set(process.cmdline())
    except psutil.NoSuchProcess:
        return set()


@pytest.fixture(scope="module")
def cluster(running, base):
    """Make a cluster that finishes two things, one of them published; give its name."""
    made = base.run(WORK, timeout_s=180)
    assert made.text.split()[-2:-1] == ["42"], made.error
    assert all(part(running, name) for name in PARTS)
    return made.text.split()[-1]


@pytest.fixture(scope="module")
def parts(running, cluster):
    """The scheduler and the worker, as they were before anything was killed."""
    return [part(running, "scheduler"), part(running, "worker")]


@pytest.fixture(scope="module")
def gateway_killed(parts, running, until):
    before = part(running, "gateway")
    before.kill()
    until(lambda: part(running, "gateway") != before, 10, "the gateway to end")


@pytest.fixture(scope="module")
def both_killed(gateway_killed, cluster, base, running, until):
    """Kill the proxy while the gateway is away; wait until both are back."""
    part(running, "proxy").kill()
    code = AGAIN.format(cluster)
    until(lambda: base.run(code).text.strip() == "44", 120, "gateway and proxy")
    until(lambda: base.run(PUBLISHED).text.strip() == "43", 60, "the first client")


@pytest.fixture(scope="module")
def proxy_killed(both_killed, base, running, until):
    """Kill the proxy alone; wait until the same client has a published result."""
    before = part(running, "proxy")
    before.kill()
    until(lambda: part(running, "proxy") not in (None, before), 10, "another proxy")
    until(lambda: base.run(PUBLISHED).text.strip() == "43", 60, "the client")


def test_a_killed_gateway_takes_no_result_from_a_client(gateway_killed, base):
    held = base.run(HELD)
    assert held.text.strip() == "42", held.error


def test_both_killed_lose_no_process_and_no_result(both_killed, parts, base, running):
    assert [part(running, "scheduler"), part(running, "worker")] == parts
    assert part(running, "gateway")
    held = base.run(HELD)
    assert held.text.strip() == "42", held.error
    kept = base.run(PUBLISHED)
    assert kept.text.strip() == "43", kept.error


def test_a_killed_proxy_takes_no_result(proxy_killed, parts, base, running):
    assert [part(running, "scheduler"), part(running, "worker")] == parts
    held = base.run(HELD)
    assert held.text.strip() == "42", held.error


def test_the_gateway_that_came_back_ends_the_cluster(proxy_killed, parts, base):
    whole = [*parts, *(one for each in parts for one in each.children(recursive=True))]
    ended = base.run("again.shutdown(); print(Gateway().list_clusters())")
    assert ended.text.strip() == "[]", ended.error
    _, alive = psutil.wait_procs(whole, timeout=30)
    assert alive == []
