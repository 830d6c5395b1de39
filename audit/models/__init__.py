"""Backbones, training, and any Keras model as features, head and logits."""
