"""Near-duplicates, outliers and images of poor quality."""
