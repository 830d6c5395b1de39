"""Checks that model, images, labels and masks are read as meant, made before anything else."""
