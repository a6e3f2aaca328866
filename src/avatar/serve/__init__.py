"""Runs a bundle without torch: the predictor and the command line."""

from avatar.serve.predictor import Predictor

__all__ = ["Predictor"]
