"""The teacher, a large model that labels code: fine-tuned here, or given by its recorded predictions."""
