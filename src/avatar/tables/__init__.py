"""Reads tables of the user: rows of jsonl, csv and parquet files, with checked fields. It needs no torch."""
