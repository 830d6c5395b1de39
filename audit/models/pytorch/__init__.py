"""PyTorch models: exported programs, and functions that make modules; torch is imported here."""
