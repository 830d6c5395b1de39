"""Interventions: changed images of which the model is asked again: removal, swap, shares."""
