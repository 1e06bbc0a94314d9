"""Failures of reading become one error that names the file and what to do."""

import errno
from pathlib import Path

import pytest

from samtrack.errors import DataError, SettingsError
from samtrack.io.damage import reading

FILE = Path("data/t003.tif")


def said(error: BaseException, what: str = "") -> str:
    with pytest.raises(DataError) as caught, reading(FILE, what):
        raise error
    assert caught.value.__cause__ is error
    return str(caught.value)


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.EACCES, "You may not read it"),
        (errno.ENOENT, "It does not exist"),
        (errno.EIO, "The disk or the network failed"),
        (errno.EMFILE, r"raise the limit (ulimit -n)"),
        (errno.EBADF, "It is damaged, or the disk failed"),
    ],
)
def test_errors_of_the_system_say_what_to_do(number, remedy):
    message = said(OSError(number, "the reason"))
    assert message.startswith("data/t003.tif: cannot be read (the reason). ")
    assert remedy in message


@pytest.mark.parametrize(
    "error", [ValueError("bad strip"), KeyError(273), ZeroDivisionError("by zero"), MemoryError("3 TiB")]
)
def test_errors_of_decoders_are_told_with_their_kind(error):
    message = said(error, "plane 7")
    assert f"data/t003.tif: cannot be read, plane 7 ({type(error).__name__}: " in message
    assert "copy or export it again" in message


def test_long_messages_are_cut():
    assert len(said(ValueError("x" * 5000))) < 600


def test_deliberate_errors_and_interrupts_pass_unchanged():
    for error in (DataError("mine"), SettingsError("mine"), KeyboardInterrupt()):
        with pytest.raises(type(error)) as caught, reading(FILE):
            raise error
        assert caught.value is error
