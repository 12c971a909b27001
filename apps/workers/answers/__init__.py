"""What people ask: how workers stand, what happened to them, why a task does not run. Reads only."""
