"""Output formats of a report: for terminals, programs, code-scanning services and browsers."""

from avatar.serve.scan.formats import html, json_format, sarif, table  # noqa: F401 - importing registers them
from avatar.serve.scan.formats.base import FORMATS

__all__ = ["FORMATS"]
