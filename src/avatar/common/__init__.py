"""What every package needs: errors, a registry, hashing, seeding, logging, files."""
