"""What is due is told on its day and not before; who cannot be asked is no answer."""

from __future__ import annotations

import json
import ssl
import threading
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hub_config import settings
from hub_config.machines import table
from hub_config.operate import due, expiry
from hub_config.operate.due_command import everything

TODAY = date(2026, 11, 24)


@pytest.fixture
def repository(tmp_path):
    """The files that are read, as a test wants them."""
    for name, text in {
        "helm/platform/releases.toml": '[[release]]\nname = "calico"\n',
        "tests/notebooks/not_run.toml": "",
        "terraform/live/production/terraform.tfvars": 'kubernetes_version = "1.33"\n',
        "terraform/live/staging/variables.tf": (
            'variable "kubernetes_version" {\n  type = string\n  default = "1.99"\n}\n'
        ),
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def states(found, word):
    return [(one.state, one.on) for one in found if word in one.what]


def test_on_the_day_of_this_repository_nothing_is_due_that_is_not_known(hub):
    found = due.written(hub, TODAY)
    assert {one.state for one in found} <= {"fine"}
    assert len(found) >= 5


@pytest.mark.parametrize(
    ("word", "fine", "late"),
    [
        ("images 2026.11.0", date(2027, 2, 28), date(2027, 3, 1)),
        ("pins reviewed", date(2027, 2, 21), date(2027, 2, 22)),
        ("Kubernetes 1.35 of production", date(2027, 1, 25), date(2027, 1, 26)),
    ],
)
def test_each_becomes_due_on_its_day(word, fine, late, hub):
    (before,) = states(due.written(hub, fine), word)
    (after,) = states(due.written(hub, late), word)
    assert (before[0], after) == ("fine", ("due", late))


def test_prices_are_old_when_the_cost_report_says_so(hub):
    from hub_config.operate.cost import warnings

    for days, state in ((90, "fine"), (91, "due")):
        today = table().date + timedelta(days=days)
        assert states(due.written(hub, today), "prices")[0][0] == state
        assert any("days old" in one for one in warnings(hub, today)) == (
            state == "due"
        )


def test_a_version_without_a_known_end_is_unknown_and_an_ended_one_due(hub, repository):
    found = due.written(hub, TODAY, repository)
    assert states(found, "1.33 of production") == [("due", date(2026, 5, 30))]
    assert states(found, "1.99 of staging") == [("unknown", None)]


def test_a_notebook_that_is_not_run_is_looked_at_again(hub, repository):
    (repository / "tests/notebooks/not_run.toml").write_text(
        '["04-x"]\nreason = "no such tool"\nexpires = 2026-12-01\n'
    )
    fine = due.written(hub, TODAY, repository)
    late = due.written(hub, date(2026, 12, 1), repository)
    assert states(fine, "04-x") == [("fine", date(2026, 12, 1))]
    assert states(late, "04-x") == [("due", date(2026, 12, 1))]


def test_a_version_without_a_date_is_unknown(hub):
    images = {name: "archive-hub/base:main" for name in hub.images}
    other = hub.model_copy(update={"images": images})
    assert states(due.written(other, TODAY), "images main") == [("unknown", None)]


def test_an_old_backup_and_none_are_due(tmp_path):
    assert due.backups(tmp_path, TODAY, TODAY).state == "fine"
    assert due.backups(tmp_path, TODAY - timedelta(days=2), TODAY).state == "due"
    assert due.backups(tmp_path, None, TODAY).state == "due"


@pytest.fixture
def secure_host(tmp_path, monkeypatch):
    """Serve TLS on the loopback address with a certificate of so many days."""
    servers = []

    def serve(days: int) -> int:
        file = make_certificate(tmp_path, days)
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda request, client_address: None  # type: ignore[method-assign]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        servers.append((server, thread))
        return server.server_port

    yield serve
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


def make_certificate(folder, days):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + timedelta(days=days, hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"certificate-{days}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.mark.parametrize(
    ("days", "state"), [(90, "fine"), (31, "fine"), (29, "due"), (-3, "due")]
)
def test_a_certificate_is_due_a_month_before_it_ends(days, state, secure_host):
    found = expiry.certificate("localhost", datetime.now(UTC).date(), secure_host(days))
    assert found.state == state
    if days < 0:
        assert "certificate has expired" in found.what


def test_a_host_that_does_not_answer_is_unknown(unused_port):
    found = expiry.certificate("127.0.0.1", TODAY, unused_port)
    assert found.state == "unknown"
    assert "could not ask" in found.what


@pytest.fixture
def unused_port():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize(
    ("status", "body", "state"),
    [
        (200, {"username": "x", "status": "APPROVED"}, "fine"),
        (200, {"username": "x", "status": "REJECTED"}, "due"),
        (401, {}, "due"),
        (503, {}, "unknown"),
    ],
)
def test_a_token_is_asked_for(status, body, state, monkeypatch, hub):
    class Archive(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Archive)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("ARCHIVE_TOKEN_DANDI", "abc")
    archive = hub.archives["dandi"].model_copy(
        update={"api_url": f"http://127.0.0.1:{server.server_port}"}
    )
    other = hub.model_copy(update={"archives": {"dandi": archive}})
    try:
        (found,) = expiry.tokens(other, TODAY)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert found.state == state


def test_a_token_that_is_not_here_is_unknown(monkeypatch, hub):
    monkeypatch.delenv("ARCHIVE_TOKEN_DANDI", raising=False)
    (found,) = expiry.tokens(hub, TODAY)
    assert (found.state, "it is not set here" in found.what) == ("unknown", True)


def test_the_command_tells_all_and_its_exit_code_says_whether_anything_is_due(
    archive_hub, tmp_path
):
    done = archive_hub("due", "--offline", "--json", "--backups", str(tmp_path))
    listed = json.loads(done.stdout)
    assert listed[0]["state"] == "due"
    assert "no backup in" in listed[0]["what"]
    assert done.returncode == 1
    found = everything(date(2031, 1, 1), None, offline=True)
    assert {one.state for one in found} == {"due"}
    assert settings.load().environments
