"""Prints the score of each language, with its own locale and with an English one."""

import sys

from tests.unit.language.phrases import LANGUAGES, false_finds, outcomes

is_heldout = "--heldout" in sys.argv
for locale in ("", "en"):
    for language in LANGUAGES:
        judged = list(outcomes(language, is_heldout=is_heldout, locale=locale))
        exact = sum(each.is_exact for each in judged)
        silent = sum(each.is_silently_wrong for each in judged)
        print(f"{language} (locale {locale or language}): {exact} of {len(judged)} exact, {silent} silently wrong")
        for each in judged:
            if not each.is_exact:
                print(f"    {'!' if each.is_silently_wrong else ' '} {each.phrase}: {each.wanted}, read {each.got}")
for language, text, found in false_finds(is_heldout=is_heldout):
    print(f"false find ({language}): {text}: {[each.words for each in found]}")
