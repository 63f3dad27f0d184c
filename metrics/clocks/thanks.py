"""Whether a message only says thanks. Conservative: every word must be known, and a question is never thanks.

After solving such a message reopens the ticket but starts no clock: nobody waits for an answer to it.
"""

from __future__ import annotations

import re
import unicodedata

LONGEST = 160  # characters
_WORD = re.compile(r"[^\W\d_]+(?:['’ʼ][^\W\d_]+)*")


def _words(lines: str) -> frozenset[str]:
    return frozenset(lines.split())


# At least one of these ...
_THANKS = _words(
    """
    thanks thank thankyou thx ty cheers
    дякую дякуємо вдячна вдячний вдячні спасибі дяка подяка
    danke dankeschön dank bedanke
    merci remercie remercions
    gracias agradezco agradecido agradecida agradecemos
    dziękuję dziękujemy dzięki dziekuje dzieki dziekujemy
    """
)
# ... and nothing but these beside it, so "thanks, but it still does not work" is a question.
_BESIDE = _words(
    """
    you so much very many a lot for the your help quick fast answer reply response support again all everything ok
    okay great perfect super wonderful awesome good day have nice weekend evening best kind regards greetings bye hi
    hello dear team solved resolved works now it and too also that's thats is was really appreciated appreciate
    вам вас тобі дуже щиро сердечно велике за допомогу швидку відповідь підтримку оперативність все добре супер чудово
    ок гаразд гарного дня вечора вихідних усе працює вирішено і та й всім команді привіт вітаю щиро повагою з гарно
    вже отримала отримав
    vielen dank für ihre deine die eure hilfe schnelle antwort und sehr alles gut super prima perfekt toll schönen tag
    noch abend wochenende ihnen euch dir liebe freundliche grüße grüßen gruß mit mfg hallo jetzt funktioniert
    beaucoup bien pour votre ton aide réponse rapide et très parfait super bonne journée soirée vous à tous cordialement
    bonjour ok mille infiniment je tout est réglé nous le de la
    muchas muchísimas mil por su tu la ayuda respuesta rápida y muy todo perfecto genial saludos buen día hola bien un
    saludo le les de nada está resuelto
    bardzo za pomoc szybką odpowiedź i serdecznie pięknie wszystko super miłego dnia pozdrawiam pozdrawiamy dobrze
    świetnie działa ok państwu wam odpowiedz szybka juz już
    """
)


def only_thanks(text: str, name: str = "") -> bool:
    """Whether these words, without quotations, thank and say nothing else; `name` is what the sender may sign with."""
    plain = unicodedata.normalize("NFC", text).strip().casefold()
    if not plain or len(plain) > LONGEST or "?" in plain or any(mark.isdigit() for mark in plain):
        return False
    signed = set(_WORD.findall(name.casefold()))
    words = [word.replace("’", "'").replace("ʼ", "'") for word in _WORD.findall(plain)]
    thanks = [word for word in words if word in _THANKS]
    return bool(thanks) and all(word in _THANKS or word in _BESIDE or word in signed for word in words)
