"""Messages between this process and its server: a JSON header and bytes, each with its length."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Mapping
from typing import Any

_LENGTHS = struct.Struct(">QQ")


def send(control: socket.socket, header: Mapping[str, Any], body: bytes = b"") -> None:
    """Send one message; raise OSError if the other end is gone or does not read in time."""
    said = json.dumps(header).encode()
    control.sendall(_LENGTHS.pack(len(said), len(body)) + said)
    control.sendall(body)


def receive(control: socket.socket) -> tuple[dict[str, Any], bytes]:
    """Return header and body of the next message.

    Raises
    ------
    EOFError
        If the other end is gone.
    TimeoutError
        If it says nothing within the socket's timeout.
    """
    head, size = _LENGTHS.unpack(_exactly(control, _LENGTHS.size))
    header: dict[str, Any] = json.loads(_exactly(control, head))
    return header, bytes(_exactly(control, size))


def _exactly(control: socket.socket, size: int) -> bytearray:
    whole = bytearray(size)
    rest = memoryview(whole)
    while rest:
        count = control.recv_into(rest)
        if not count:
            raise EOFError("the other end is gone")
        rest = rest[count:]
    return whole
