"""Finding the architectures whose trade-off of accuracy, size, latency and FLOPs nothing else beats."""
