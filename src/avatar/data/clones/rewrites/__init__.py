"""Meaning-preserving rewrites of functions, one family a file; importing the package files them all."""

from avatar.data.clones.rewrites import assignments, branches, conditions, dead_statements, loops, names, order

__all__ = ["assignments", "branches", "conditions", "dead_statements", "loops", "names", "order"]
