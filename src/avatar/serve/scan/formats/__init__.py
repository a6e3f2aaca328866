"""A report as text for people, programs, code-scanning services and browsers."""

from avatar.serve.scan.formats import html, json_format, sarif, table  # noqa: F401 - they register
from avatar.serve.scan.formats.base import FORMATS

__all__ = ["FORMATS"]
