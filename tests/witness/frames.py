"""The WebSocket wire as the witness reads and writes it, from RFC 6455 §5 alone: no library, nothing shared.

It knows what its one peer sends: whole messages, masked, in one frame each; pings and closes.
"""

from __future__ import annotations

import base64
import hashlib

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA


def accept_value(key: bytes) -> bytes:
    """Return ``Sec-WebSocket-Accept`` for a ``Sec-WebSocket-Key`` (RFC 6455 §4.2.2)."""
    return base64.b64encode(hashlib.sha1(key.strip() + GUID).digest())


def upgrade(request: bytes) -> tuple[str, bytes]:
    """Return the path of an upgrade request, and the answer that accepts it."""
    first, *lines = request.split(b"\r\n")
    pairs = (line.partition(b":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    answer = (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept_value(headers[b"sec-websocket-key"]) + b"\r\n\r\n"
    )
    return first.split(b" ")[1].decode(), answer


def frame(opcode: int, payload: bytes) -> bytes:
    """Return one final, unmasked frame."""
    size = len(payload)
    if size < 126:
        return bytes((0x80 | opcode, size)) + payload
    if size < 1 << 16:
        return bytes((0x80 | opcode, 126)) + size.to_bytes(2, "big") + payload
    return bytes((0x80 | opcode, 127)) + size.to_bytes(8, "big") + payload


def frames_in(data: bytearray) -> list[tuple[int, bytes]]:
    """Take the complete masked frames off the front of ``data``: pairs of opcode and payload."""
    found, at, size = [], 0, len(data)
    while size - at >= 6:
        length, body = data[at + 1] & 0x7F, at + 2
        if length == 126:
            length, body = int.from_bytes(data[body : body + 2], "big"), body + 2
        elif length == 127:
            length, body = int.from_bytes(data[body : body + 8], "big"), body + 8
        end = body + 4 + length
        if end > size:
            break
        mask = bytes(data[body : body + 4])
        found.append((data[at] & 0x0F, unmask(mask, bytes(data[body + 4 : end]))))
        at = end
    del data[:at]
    return found


def unmask(mask: bytes, payload: bytes) -> bytes:
    """Return the payload as it was before masking (RFC 6455 §5.3)."""
    size = len(payload)
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big")
