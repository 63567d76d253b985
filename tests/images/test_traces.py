"""The look for traces of the builder sees each kind of them."""

import pytest

from .traces import certificates, traces

MINE = "-----BEGIN CERTIFICATE-----\nTUlORQ==\n-----END CERTIFICATE-----\n"
BEGIN, END = (f"-----{word} PRIVATE KEY-----" for word in ("BEGIN", "END"))
KEY = "\n".join([BEGIN, "A" * 64, END])


def image(tmp_path):
    for folder in ("etc", "root", "home/jovyan", "run/secrets", "opt/base/lib"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "etc/resolv.conf").touch()
    (tmp_path / "root/.bashrc").write_text("# Debian's")
    (tmp_path / "etc/os-release").write_text("NAME=Debian")
    return tmp_path


def look(root):
    return traces(root, "workshop", certificates(MINE))


def test_an_image_without_any_passes(tmp_path):
    assert look(image(tmp_path)) == []


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("etc/resolv.conf", "nameserver 192.0.2.1", "nameserver"),
        ("etc/hostname", "workshop", "workshop"),
        ("etc/mailname", "workshop", "names workshop"),
        ("etc/ssl/certs/all.crt", MINE, "a certificate of the machine"),
        ("etc/pip.conf", "[global]", "secrets"),
        ("home/jovyan/.netrc", "machine x", "secrets"),
        ("root/notes.txt", "x", "notes.txt"),
        ("root/.cache/uv/CACHEDIR.TAG", "x", "CACHEDIR"),
        ("run/secrets/ca.pem", "x", "ca.pem"),
        ("opt/base/lib/test.key", KEY, "a private key"),
        ("usr/bin/sudo", "", "rights"),
        ("var/lib/apt/lists/index", "x", "index"),
    ],
)
def test_each_kind_is_seen(tmp_path, name, text, told):
    file = image(tmp_path) / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    assert any(told in one for one in look(tmp_path))
