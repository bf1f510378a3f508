"""H12: against a packet capture; the difference is wsrun's published error."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.honesty.rows import Row, at_most, quantile
from tests.honesty.runs import open_model
from tests.witness import Witness
from tests.witness.frames import unmask
from wsrun.compiler import compile_plan
from wsrun.coordinator.run import RunOptions, run
from wsrun.source import parse

ID = re.compile(rb'"id":"([0-9a-z]{20})"')


def check(quick: bool) -> Iterator[Row]:
    """1 000 (quick) or 5 000 messages a second: the time between the two packets of each message."""
    if shutil.which("tcpdump") is None:
        yield Row("H12", "against tcpdump", "tcpdump is not installed", "", None)
        return
    rate, seconds = (1000, 3) if quick else (5000, 10)
    with tempfile.TemporaryDirectory() as folder, Witness() as witness:
        file = Path(folder) / "capture"
        command = [
            "tcpdump",
            "-i",
            "lo",
            "-w",
            str(file),
            "-B",
            "65536",
            "-s",
            "256",
            f"tcp port {witness.port}",
        ]
        capture = subprocess.Popen(command, stderr=subprocess.PIPE)
        assert capture.stderr is not None
        first = capture.stderr.readline()
        if b"listening" not in first and b"tcpdump" not in first:
            yield Row("H12", "against tcpdump", first.decode().strip(), "", None)
            return
        time.sleep(0.5)
        text = f'wsrun: 1\ntarget: {{ url: "{witness.url("/?delay=uniform,0,0.01")}" }}\n'
        plan = compile_plan(
            parse(text + open_model(f"{rate}/s", seconds), "honesty.yaml", environ={}), seed=1
        )
        options = RunOptions(out=Path(folder), command="honesty", workers=1)
        result = run(plan, options, lambda progress: None)
        time.sleep(1.0)
        capture.terminate()
        capture.wait()
        wire = sorted(_latencies(file.read_bytes(), witness.port))
    yield Row(
        "H12",
        "messages in the capture",
        f"{len(wire):,}",
        f"{rate * seconds:,}",
        len(wire) >= 0.99 * rate * seconds,
    )
    service = result["overall"]["service_time"]
    for stat, share, limit in (("p50", 0.5, 0.0003), ("p99", 0.99, 0.002)):
        yield at_most(
            "H12", f"{rate:,}/s: reported less captured, {stat}", service[stat] - quantile(wire, share), limit
        )


def _latencies(data: bytes, port: int) -> Iterator[float]:
    """Yield the seconds between a request's packet and its reply's, matched by the id in both."""
    asked: dict[bytes, float] = {}
    for at, source, payload in _segments(data):
        if source == port:
            for found in ID.findall(payload):
                if found in asked:
                    yield at - asked.pop(found)
        else:
            for text in _texts(payload):
                for found in ID.findall(text):
                    asked[found] = at


def _segments(data: bytes) -> Iterator[tuple[float, int, bytes]]:
    """Yield time, source port and payload of each TCP segment of a capture (pcap, Ethernet, IPv4)."""
    at = 24
    while at + 16 <= len(data):
        seconds, micros, kept, _ = struct.unpack_from("<IIII", data, at)
        packet = data[at + 16 : at + 16 + kept]
        at += 16 + kept
        head = 14 + (packet[14] & 0x0F) * 4
        size = struct.unpack_from(">H", packet, 16)[0] + 14
        offset = head + (packet[head + 12] >> 4) * 4
        yield seconds + micros / 1e6, struct.unpack_from(">H", packet, head)[0], packet[offset:size]


def _texts(payload: bytes) -> Iterator[bytes]:
    """Yield the payloads of the short masked frames in a segment; each starts one here, as they are small."""
    at = 0
    while at + 6 <= len(payload) and payload[at] == 0x81:
        size = payload[at + 1] & 0x7F
        if size >= 126:
            return
        yield unmask(payload[at + 2 : at + 6], payload[at + 6 : at + 6 + size])
        at += 6 + size
