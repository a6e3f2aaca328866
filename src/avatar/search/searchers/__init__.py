"""Every searcher; importing this package registers them."""

from avatar.search.searchers import baselines, exhaustive, nsga2

__all__ = ["baselines", "exhaustive", "nsga2"]
