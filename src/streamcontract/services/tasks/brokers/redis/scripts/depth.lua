-- How many tasks wait.
return waiting(0) + waiting(1)
