"""Avatar: language models of code, distilled to at most 3 MB."""

from importlib.metadata import version

__version__ = version("avatar-code")
