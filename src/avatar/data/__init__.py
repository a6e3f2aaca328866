"""Records of code, readers for every source, tokenizers, leak-free splits and batches."""
