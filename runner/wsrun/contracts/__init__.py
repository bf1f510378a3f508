"""Contracts: what the messages of a service must be like, as its own documents say it.

A JSON Schema is one message; an AsyncAPI document has those that its service sends. Documents are read and
checked before the run; workers compile their schemas once.
"""

from wsrun.contracts.mistakes import Mistake
from wsrun.contracts.reading import contract_names, message_names, messages_of, planned, target_paths
from wsrun.contracts.schemas import mistakes, targets_of

__all__ = [
    "Mistake",
    "contract_names",
    "message_names",
    "messages_of",
    "mistakes",
    "planned",
    "target_paths",
    "targets_of",
]
