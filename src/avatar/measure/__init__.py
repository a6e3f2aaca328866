"""What a model is worth on this machine: scores, size, FLOPs, latency, energy, fidelity, baselines."""
