"""Who makes an analysis of the data."""
