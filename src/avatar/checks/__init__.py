"""Checks before the first second of work, above the configuration's own: names, files, disk space, store, devices.

A check is a function from the whole configuration to its problems (`avatar.config.problems.Check`). It changes nothing
and is quick: modules here never import torch, transformers, sklearn or MLflow just to know a name.
"""
