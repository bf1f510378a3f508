"""From snapshots to result.json: the one object that every output reads."""
