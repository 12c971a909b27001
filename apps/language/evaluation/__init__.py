"""How well sentences are understood: files of sentences with what a person expects, and a template's own examples."""

from apps.language.evaluation.examples import Understood, of_template

__all__ = ["Understood", "of_template"]
