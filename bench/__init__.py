"""Events per second, as ratios within one run: `python -m bench`.

Machines differ and are busy; what is compared here runs in turns, on the same bytes, and the best turn of each counts.
"""
