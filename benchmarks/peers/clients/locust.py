"""Locust with websocket-client: a user class of our own, as its users write it."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.peers.clients.peer import FOLDER, TOO_MANY, Job, Peer, padding

SCRIPT = """
import json, ssl, time
import websocket
from locust import User, task

JOB = json.load(open("job.json"))


class Talker(User):
    def on_start(self):
        self.ws = websocket.create_connection(JOB["url"], sslopt={"cert_reqs": ssl.CERT_NONE})
        self.number = 0

    @task
    def round_trip(self):
        fire = self.environment.events.request.fire
        began = time.perf_counter()
        if JOB["is_push"]:
            said = self.ws.recv()
            wrong = None if json.loads(said)["type"] == "push" else ValueError("not a push")
        else:
            self.number += 1
            message_id = f"{id(self)}-{self.number:05d}"
            self.ws.send(json.dumps({"type": "ping", "id": message_id, "text": JOB["text"]}))
            said = self.ws.recv()
            wrong = None if json.loads(said)["id"] == message_id else ValueError("not its reply")
        took = (time.perf_counter() - began) * 1000
        fire(request_type="WS", name="ping", response_time=took, response_length=len(said), exception=wrong)
"""


def program(name: str = "locust") -> Path:
    """Where a command of its environment lies, once it is installed."""
    return Path(FOLDER, "locust", "bin", name)


def version() -> str | None:
    """Read it in the metadata of its environment."""
    found = sorted(Path(FOLDER, "locust").glob("lib/python*/site-packages/*.dist-info")) if FOLDER else []
    return read_version([path.name for path in found])


def read_version(folders: list[str]) -> str | None:
    """Return both versions out of the names of packages' folders; None unless both are there."""
    versions = dict(name.removesuffix(".dist-info").split("-", 1) for name in folders)
    if not {"locust", "websocket_client"} <= versions.keys():
        return None
    return f"{versions['locust']}, websocket-client {versions['websocket_client']}"


def command(job: Job) -> list[str]:
    """All users come at once."""
    row = job.row
    what = {"url": job.url, "is_push": row.is_push, "text": padding(row.size, "0" * 20)}
    job.written("job.json", json.dumps(what))
    words = [str(program()), "-f", job.written("locustfile.py", SCRIPT), "--headless", "--only-summary"]
    return [*words, "-u", str(row.connections), "-r", str(row.connections), "--host", "http://127.0.0.1"]


PEER = Peer(
    name="Locust",
    does="It has no WebSocket: a user class with websocket-client on gevent. JSON made and parsed, the id"
    " compared, a request event fired with the latency. websocket-client checks UTF-8 in Python.",
    version=version,
    command=command,
    skips={"roundtrip-10000": "not tried at this number", "pushes-dense": TOO_MANY},
)
