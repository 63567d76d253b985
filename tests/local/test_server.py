"""From the start page to a running cell, within the profile's limits."""

from __future__ import annotations

import json

import psutil


def test_a_person_starts_a_server_and_runs_a_cell(start):
    server = start("ada", "tiny")
    output = server.run("print(6 * 7)")
    assert (output.text.strip(), output.status) == ("42", "ok")


def test_a_server_knows_its_limits_and_no_secret(start):
    server = start("grace", "tiny")
    environment = json.loads(
        server.run("import json, os; print(json.dumps(dict(os.environ)))").text
    )
    assert environment["MEM_LIMIT"] == str(2 * 2**30)
    assert environment["ARCHIVE_HUB_PROFILE"] == "Tiny"
    assert environment["DANDI_INSTANCE"].endswith("/services/archive")
    text = json.dumps(environment)
    for secret in ("gho_", "CONFIGPROXY_AUTH_TOKEN", "CRYPT_KEY", "ARCHIVE_TOKEN"):
        assert secret not in text


def test_a_kernel_that_takes_too_much_memory_ends_and_the_server_stays(start):
    server = start("mei", "tiny")
    before = server.run("import os; print(os.getpid())").text.strip()
    server.visitor.timeout = 60
    code = "import numpy; a = numpy.ones(3 * 2**30 // 8)"
    output = None
    try:
        output = server.run(code, timeout_s=20)
    except BaseException:
        assert server.get("api").status_code == 200
    if output is not None:
        assert output.error.startswith(("MemoryError", "numpy"))
    assert server.get("api").status_code == 200
    assert before


def test_stopping_ends_every_process_of_the_server(start, until):
    server = start("ada", "tiny")
    pid = int(server.run("import os; print(os.getpid())").text)
    server.stop()
    until(lambda: not psutil.pid_exists(pid), 5, "the kernel to end")
