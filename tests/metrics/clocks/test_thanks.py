"""Which words are nothing but thanks, and which are not."""

from __future__ import annotations

import pytest

from metrics.clocks.thanks import only_thanks

THANKS = [
    "Thanks!", "Thank you so much for your quick help", "thx", "Many thanks, everything works now", "Дякую!",
    "Щиро дякую за швидку відповідь", "Спасибі, все працює", "Vielen Dank für Ihre schnelle Hilfe!",
    "Danke, alles gut", "Merci beaucoup pour votre aide", "Muchas gracias por su ayuda", "Dziękuję bardzo",
    "Dzięki za pomoc", "Super, danke!", "Thanks 🙏", "THANK YOU", "Thank you.\n\nZoe Bauer",
]  # fmt: skip
MORE = [
    "", "ok", "Great", "Thanks, but it still does not work", "Thanks, when will it arrive?", "Дякую, але посилка не прийшла",
    "Danke, aber es funktioniert nicht", "Merci, mais ça ne marche pas", "Gracias, pero no funciona",
    "Dziękuję, ale nie działa", "Thanks. Order 1042 is missing", "No thanks", "Thanks for nothing",
    "Thank you, please cancel the order", "Дякую, скасуйте замовлення", "Thanks " * 40, "Vielen", "not thanks",
]  # fmt: skip


@pytest.mark.parametrize("text", THANKS)
def test_only_thanks(text: str) -> None:
    assert only_thanks(text, "Zoe Bauer")


@pytest.mark.parametrize("text", MORE)
def test_something_else_too(text: str) -> None:
    assert not only_thanks(text, "Zoe Bauer")


def test_a_strangers_name_is_a_word_like_others() -> None:
    assert not only_thanks("Thank you. Zoe Bauer")
