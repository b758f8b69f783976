"""A student's code in a process of its own: limits, isolation, the record of its calls."""
