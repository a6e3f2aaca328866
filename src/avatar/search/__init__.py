"""Search for the best trade-offs (the Pareto front) of accuracy, size, latency and FLOPs."""
