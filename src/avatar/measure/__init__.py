"""Measurements of a model on this machine: scores, size, FLOPs, latency, energy, fidelity, baselines."""
