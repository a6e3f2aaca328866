"""The results of a run for its readers: tables, figures, one self-contained page, a model card."""
