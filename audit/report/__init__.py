"""From records and maps to pages; imports no TensorFlow."""
