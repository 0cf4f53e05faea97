"""What the automaton and the monitor are held against: a slow matcher that shares no code with them."""
