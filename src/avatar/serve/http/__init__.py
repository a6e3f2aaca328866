"""The HTTP server on loopback, and its demo page."""
