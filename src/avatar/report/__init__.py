"""What a run found, for people: tables, figures, one self-contained page, a model card."""
