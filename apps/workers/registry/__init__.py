"""Which workers and clusters there are, what they do and what happened to them."""
