"""Prints the score and what was read otherwise."""

from tests.unit.language.value_phrases import judged

outcomes = list(judged())
print(f"{sum(each.is_right for each in outcomes)} of {len(outcomes)} right")
for each in outcomes:
    if not each.is_right:
        print(f"    {each.language} {each.place}: {each.sentence}: {each.wanted}, read {each.got}")
