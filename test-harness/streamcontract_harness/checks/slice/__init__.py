"""The contract's slices: one order per key."""
