"""Effect of the background on answers over the whole test set."""
