"""Messages through a pipe: the size first, so that one that was cut short can be told.

The pipes are unbuffered: a buffer's lock, held by a thread that waits for the other side,
would keep a program from ending.
"""

from __future__ import annotations

from io import FileIO

_SIZE_BYTES = 8


def send(pipe: FileIO, content: bytes) -> None:
    """Write `content` with its size, 8 bytes little endian, before it.

    Raises
    ------
    OSError
        If the other side is gone.
    """
    for part in (len(content).to_bytes(_SIZE_BYTES, "little"), content):
        rest = memoryview(part)
        while rest:  # one write takes 2 GiB at most, a volume may be larger
            rest = rest[pipe.write(rest) :]


def receive(pipe: FileIO) -> bytearray | None:
    """Read one message; None if the other side left before the whole of it was there."""
    size = _read(pipe, _SIZE_BYTES)
    return None if size is None else _read(pipe, int.from_bytes(size, "little"))


def _read(pipe: FileIO, size: int) -> bytearray | None:
    content = bytearray(size)
    rest = memoryview(content)
    while rest:
        count = pipe.readinto(rest)
        if not count:
            return None
        rest = rest[count:]
    return content
