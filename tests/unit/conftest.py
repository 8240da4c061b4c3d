"""Unit tests open no socket, and leave nobody else's log looking as theirs did."""

import logging
from collections.abc import Iterator

import pytest
from pytest_socket import disable_socket, enable_socket


@pytest.fixture(autouse=True)
def _no_socket() -> object:
    disable_socket(allow_unix_socket=True)
    yield
    enable_socket()


@pytest.fixture(autouse=True)
def _formatters_stay() -> Iterator[None]:
    """Pytest's own handlers are handlers of the root, and live longer than a test that installs the guard."""
    before = [(handler, handler.formatter) for handler in logging.getLogger().handlers]
    yield
    for handler, formatter in before:
        handler.setFormatter(formatter)
