"""What the background does to answers over the whole test set."""
