"""From a conversation's reply to what a platform is given."""

from apps.chat.saying import content
from apps.language.conversation import Reply


def test_the_entries_of_a_list_stand_below_their_heading() -> None:
    said = content(Reply(text=("You can ask for:", "Finance", "• Invoice report", "• Rent", "General", "• Hello")))
    assert said.text == "You can ask for:\n\nFinance\n• Invoice report\n• Rent\n\nGeneral\n• Hello"
    assert content(Reply()).text == ""
