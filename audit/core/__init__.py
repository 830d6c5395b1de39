"""What every other part may rest on."""
