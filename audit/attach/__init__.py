"""What a run has to show, carried to where models are tracked."""
