"""English words for reading values: tables only."""

from apps.language.parameters.phrases import Phrases

PHRASES = Phrases(
    without=(
        "do not include",
        "don't include",
        "not including",
        "leave out",
        "leaving out",
        "other than",
        "without",
        "excluding",
        "exclude",
        "except for",
        "except",
        "skip",
        "omit",
        "minus",
        "hide",
        "not",
        "no",
    ),
    including=("including", "include", "includes", "with", "plus", "add", "show", "only", "just"),
    every=("all", "every", "any", "each"),
    joining=("and", "or", "the", "any", "of", "all", "their", "our", "for", "a"),
    is_=("is", "are", "of", "to", "at", "=", ":"),
    no_plural="s",
)
