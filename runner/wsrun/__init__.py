"""wsrun: a declarative scenario runner for WebSocket services."""

__version__ = "0.1.0"
