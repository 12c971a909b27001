"""How well sentences are understood: files of sentences with what a person expects, and a template's own examples."""
