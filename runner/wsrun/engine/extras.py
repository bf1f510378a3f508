"""Replies to what was answered before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsrun.expressions import parse_id
from wsrun.patterns import Frame

if TYPE_CHECKING:
    from wsrun.engine.session import Session


def is_extra(session: Session, frame: Frame) -> bool:
    """Count a frame that answers a request of this client which was answered before."""
    for correlator in session.world.correlators:
        for extract in correlator.extracts:
            key = extract(frame)
            # The id itself says whether this client sent it, so nothing is kept per answered message.
            told = parse_id(key) if isinstance(key, str) else None
            if told is not None and told[0] == session.number and told[2] <= session.ids.made:
                session.count("replies.extra")
                return True
    return False
