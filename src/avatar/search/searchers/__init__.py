"""Every searcher; importing this package registers them."""

from avatar.search.searchers import compressor, exhaustive, nsga2, paper, random

__all__ = ["compressor", "exhaustive", "nsga2", "paper", "random"]
