"""The editor server: clones and suspicious functions as diagnostics, while people type."""
