"""Speech: what a clause is, by which rule, and how it is said as something to do."""
