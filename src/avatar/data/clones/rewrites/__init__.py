"""Rewrites of functions that keep the meaning, one family per file. Importing this package registers all."""

from avatar.data.clones.rewrites import assignments, branches, conditions, dead_statements, loops, names, order

__all__ = ["assignments", "branches", "conditions", "dead_statements", "loops", "names", "order"]
