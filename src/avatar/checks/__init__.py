"""Checks that run before any work, beside those of `avatar.config`: names, files, disk space, store, devices.

A check is a function from the whole configuration to its problems (`avatar.config.problems.Check`). It changes nothing
and is fast: modules here do not import torch, transformers, sklearn or MLflow to know a name.
"""
