"""Standard streams that can be used, wherever the command was started."""

import errno
import os
import sys
from io import TextIOWrapper

CANNOT_WRITE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG})
_STANDARD = (0, 1, 2)


def make_usable() -> None:
    """None of them is closed, and each takes every character.

    A closed one would become the next socket, and what is printed would go there. What goes into a file or a pipe is
    UTF-8 whatever the locale says; on a terminal that cannot show a character a question mark stands for it.
    """
    for number in _STANDARD:
        try:
            os.fstat(number)
        except OSError:
            os.dup2(os.open(os.devnull, os.O_RDWR), number)
    sys.stdout = _open(sys.stdout, 1)
    sys.stderr = _open(sys.stderr, 2)


def give_up_output() -> None:
    """What is still to be written goes nowhere; without this Python complains of it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _open(stream: object, number: int) -> TextIOWrapper:
    if not isinstance(stream, TextIOWrapper):
        return open(number, "w", encoding="utf-8", errors="replace", closefd=False)
    encoding = stream.encoding if stream.isatty() else "utf-8"
    stream.reconfigure(encoding=encoding, errors="replace")
    return stream
