"""What translations rest on: terms, memory, what has to survive, and what is wrong with one."""
