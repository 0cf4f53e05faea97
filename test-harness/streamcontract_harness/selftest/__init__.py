"""A contract held to itself: right streams made from it, wrong ones made from those, and what a check of them finds."""
