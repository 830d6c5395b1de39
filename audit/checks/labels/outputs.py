"""What the model says of every label of every test image, where there may be several."""

from __future__ import annotations

from audit.storage.outputs import Table

# One row an image and label, whether it is there or not.
ANSWERS = Table(
    "labels.parquet", {"name": "text", "label": "whole", "present": "flag", "logit": "real"}
)
