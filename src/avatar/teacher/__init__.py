"""The large model that labels code: fine-tuned here, or known by its recorded predictions."""
