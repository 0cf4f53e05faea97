-- End what is past its deadline, give back what lost its worker: 1 when there may be more.
return tidy() and 1 or 0
