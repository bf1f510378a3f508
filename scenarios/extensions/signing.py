"""What the scenario signed.yaml needs of Python: see docs/extensions.md."""

import asyncio
import hashlib
import hmac
import json
import struct


async def derive_key(client, challenge):
    """Return the variables to write: here one, the key that belongs to a challenge."""
    await asyncio.sleep(0.01)  # as if somebody were asked for it
    return {"key": hashlib.sha256(f"{client.id} {challenge}".encode()).hexdigest()}


def signed_order(client):
    """Return an order as text, with a signature over what it says."""
    order = {"id": client.message_id, "symbol": client.random.choice(["ACME", "EMCA"]), "count": client.seq}
    said = json.dumps(order, sort_keys=True).encode()
    order["signature"] = hmac.new(client.variables["key"].encode(), said, "sha256").hexdigest()
    return order  # what is neither text nor bytes is sent as JSON


def packed_order(client):
    """Return an order as bytes."""
    return struct.pack(">IH", client.seq, client.index)


def office_hours(client):
    """Give the stages of a client, one after the other, with their seconds."""
    yield "active", client.random.uniform(0.5, 1.5)
    while True:
        yield "idle", 0.5
        yield "active", 1.0
        yield "offline", 0.5
