"""The stages, and the artifacts that let each be skipped, resumed and shared. Read top to bottom."""
