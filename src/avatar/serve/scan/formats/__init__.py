"""A report as text for people, programs, code-scanning services and browsers."""

from avatar.serve.scan.formats import html, plain, sarif, table  # noqa: F401 - they register themselves
from avatar.serve.scan.formats.base import FORMATS

__all__ = ["FORMATS"]
