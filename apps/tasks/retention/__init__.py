"""What goes when its time is over, and what stays of it."""
