"""Values for a template's parameters, read from a sentence by the JSON Schema."""

from apps.language.parameters.reading import Values, looks_forward, read

__all__ = ["Values", "looks_forward", "read"]
