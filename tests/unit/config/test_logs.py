"""What goes to standard error, in which form."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from harvester.config import logs


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def test_a_library_speaks_in_our_form(capsys: pytest.CaptureFixture[str]) -> None:
    """One JSON object per line; a warning's exception is one line of it, an error's is the whole story."""
    logs.configure("json", "info")
    library = logging.getLogger("some.library")
    library.warning("the floor of %s", "the pool", exc_info=ConnectionResetError("gone"))
    library.error("the task", exc_info=ConnectionResetError("gone"))

    warning, error = (json.loads(line) for line in capsys.readouterr().err.splitlines())

    assert warning["event"] == "the floor of the pool"
    assert (warning["level"], warning["logger"]) == ("warning", "some.library")
    assert warning["error"] == "ConnectionResetError: gone"
    assert "exception" not in warning
    assert error["level"] == "error"
    assert error["exception"] == "ConnectionResetError: gone"


def test_what_libraries_whisper_is_not_heard(capsys: pytest.CaptureFixture[str]) -> None:
    """Even where our own debug messages are wanted."""
    logs.configure("console", "debug")

    logging.getLogger("some.library").info("token abc")
    structlog.get_logger().debug("ours")

    said = capsys.readouterr().err
    assert "ours" in said
    assert "token" not in said
