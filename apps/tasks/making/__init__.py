"""How a task comes to be: submitted, merged, answered from a result, run again, forked."""
