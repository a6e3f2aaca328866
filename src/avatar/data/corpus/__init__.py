"""A corpus of functions from pinned releases of packages. The packages are downloaded and read, never executed."""
