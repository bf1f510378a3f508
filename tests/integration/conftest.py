"""What tests over TLS share."""

from authority import authority, tls_server

__all__ = ("authority", "tls_server")
