"""What people and machines read of a run. Each reporter takes the report as it is, and knows nothing of the others."""
