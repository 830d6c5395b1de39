"""Batches in, record and map parts out."""
