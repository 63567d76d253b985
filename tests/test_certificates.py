"""The certificates are read once, and those who are not among them are refused."""

from __future__ import annotations

import ssl

from hub_config.certificates import trusted


def test_they_are_read_once_and_without_one_nobody_is_trusted():
    context = trusted()
    assert trusted() is context
    assert context.get_ca_certs()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
