"""Opportunity: how well backgrounds alone tell the label, by something that is not the model."""
