"""What the commands `ask`, `submit` and `tasks` share: who acts, what was understood, live progress, what is told."""
