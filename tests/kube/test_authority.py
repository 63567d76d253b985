"""The cluster's own authority is taken as other clients take it; nobody else's is."""

from __future__ import annotations

import ssl

import pytest

from hub_config import authority


@pytest.fixture
def strict(monkeypatch, tmp_path):
    """Python as of 3.13, and a pod's certificate file."""
    original = ssl.create_default_context

    def of_python_3_13(*words, **named):
        context = original(*words, **(named | {"cafile": None}))
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        return context

    monkeypatch.setattr(authority, "_strict", of_python_3_13)
    monkeypatch.setattr(ssl, "create_default_context", of_python_3_13)
    authority.accept()


def is_strict(context):
    return bool(context.verify_flags & ssl.VERIFY_X509_STRICT)


def test_only_the_clusters_own_authority_is_checked_as_before(strict):
    assert not is_strict(ssl.create_default_context(cafile=authority.IN_POD))
    assert is_strict(ssl.create_default_context())
    assert is_strict(ssl.create_default_context(cafile="/etc/ssl/certs/other.pem"))


def test_certificates_and_names_are_verified_all_the_same(strict):
    context = ssl.create_default_context(cafile=authority.IN_POD)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


@pytest.mark.parametrize("image", ["hub", "gateway"])
def test_the_images_accept_it_when_python_starts(root, image):
    recipe = (root / f"images/{image}/Dockerfile").read_text()
    assert "import hub_config.authority; hub_config.authority.accept()" in recipe
    assert "hub_config.authority" in (root / f"images/{image}/verify").read_text()
