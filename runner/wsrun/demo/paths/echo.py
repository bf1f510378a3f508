"""``/echo``: every message comes back as it is. The busiest path, so its frames take the shortest way."""

from __future__ import annotations

from picows import WSFrame, WSTransport

from wsrun.demo.connection import BINARY, CONTINUATION, TEXT, Connection


class Echo(Connection):
    """Sends each data frame back, fragments as fragments."""

    __slots__ = ()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Send a data frame back; what was sent is counted in ``sync_counts``, for it equals what came."""
        kind = frame.msg_type
        if kind is TEXT or kind is BINARY or kind is CONTINUATION:
            if self.over:
                return
            payload = frame.get_payload_as_bytes()
            transport.send(kind, payload, frame.fin)
            self.messages_received += frame.fin
            self.bytes_received += len(payload)
        else:
            self.handle_rare(transport, frame)

    def sync_counts(self) -> None:
        """Make the sent counters equal to the received ones."""
        self.messages_sent = self.messages_received
        self.bytes_sent = self.bytes_received
