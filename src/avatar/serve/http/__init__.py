"""The HTTP server on loopback, and its page."""
