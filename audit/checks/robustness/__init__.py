"""How answers and heatmaps hold under common corruptions."""
