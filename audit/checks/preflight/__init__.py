"""Are model, images, labels and masks read as their makers meant? Asked before anything else."""
