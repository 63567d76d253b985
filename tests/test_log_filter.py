"""A refused request's address is logged without its secrets."""

from __future__ import annotations

import logging

import pytest

from hub_config.log_filter import LOGGERS, hushed, install


@pytest.mark.parametrize(
    ("line", "logged"),
    [
        ("403 GET /hub/api?token=abc (1.2.3.4)", "/hub/api?token=[secret] (1.2.3.4)"),
        ("GET /cb?code=a&state=b (::1): no", "/cb?code=[secret]&state=[secret] (::1)"),
        ("uri='/x?access_token=a%20b'", "uri='/x?access_token=[secret]'"),
        ("GET /x?X-Amz-Signature=00ff&a=1", "X-Amz-Signature=[secret]&a=1"),
        ("GET /hub/spawn?profile=tiny", "GET /hub/spawn?profile=tiny"),
    ],
)
def test_only_the_secrets_of_an_address_are_left_out(line, logged):
    assert logged in hushed(line)


@pytest.mark.parametrize("name", LOGGERS)
def test_tornados_lines_go_through_it(caplog, name):
    install()
    install()
    logger = logging.getLogger(name)
    try:
        assert len(logger.filters) == 1
        with caplog.at_level(logging.WARNING, logger=name):
            logger.warning("%d %s: no", 403, "GET /hub/api?token=abc (1.2.3.4)")
        assert "abc" not in caplog.text
        assert "403 GET /hub/api?token=[secret] (1.2.3.4): no" in caplog.text
    finally:
        logger.filters.clear()
