"""Functions of a scenario's author."""


def body(client):
    """Make a body."""
    return "made"


class Steps:
    """Steps."""

    @staticmethod
    def do(client, n=0, list=()):  # noqa: A002
        """Do nothing."""
