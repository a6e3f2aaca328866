"""What every package uses: errors, a registry, digests, seeds, logging, files."""
