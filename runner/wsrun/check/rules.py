"""Rules that look at what is received: whether they can ever hold."""

from __future__ import annotations

from wsrun.check.findings import Findings
from wsrun.check.scene import Scene, mapping, sequence


def check_rules(scene: Scene, findings: Findings) -> None:
    """Check what replies must be as a whole."""
    for path, message in scene.all_messages():
        reply = mapping(message.get("reply"))
        count, order = reply.get("count"), sequence(reply.get("in_order"))
        most = count if isinstance(count, int) else None if "until" in reply else 1
        if most is not None and 0 < most < len(order):
            whole = "1 message" if most == 1 else f"{most} messages"
            what = f"a reply of {whole} cannot have {len(order)} in order"
            help_text = "raise count" if "count" in reply else "say with until or count when it is complete"
            findings.add_key((*path, "reply", "in_order"), "never-met", what, help_text)
