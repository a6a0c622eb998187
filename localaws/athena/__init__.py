"""Athena: queries over tables of Glue's catalog, run on an embedded DuckDB."""
