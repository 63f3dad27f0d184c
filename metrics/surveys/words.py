"""What customers read when they are asked, in six languages: not the agents' languages, so not in the catalogues."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from metrics.surveys.scales import question_of
from people.languages import choose_language


class Wording(NamedTuple):
    ask: str
    low: str
    high: str


_ORDER = (
    "subject", "greeting", "intro", "ask_csat", "ask_nps", "ask_ces", "low_csat", "high_csat", "low_nps", "high_nps",
    "low_ces", "high_ces", "click",
    "why_low", "why_middle", "why_high", "slow", "unsolved", "unclear", "unkind", "repeat", "goods",
    "delivery", "quick", "solved", "clear", "kind", "comment", "send", "recorded", "saved", "changeable", "review",
    "review_link", "over", "unknown", "choose", "reopen", "number", "more",
)  # fmt: skip
_SAID: Mapping[str, tuple[str, ...]] = {
    "en": (
        "How was our help?", "Hello,", "we have finished your request #{number}. One question, one click:",
        "How satisfied are you with our help?", "How likely are you to recommend us to a friend?",
        "How easy was it to get your matter settled?", "very dissatisfied", "very satisfied", "not at all likely",
        "extremely likely", "very hard", "very easy", "Click a number. You can change your answer within a day.",
        "What went wrong?",
        "What could have been better?", "What went well?", "It took too long", "My matter is not settled",
        "The answer was unclear", "The tone was unfriendly", "I had to explain it more than once",
        "The product itself", "The delivery", "It was quick", "My matter is settled", "The answer was clear",
        "The tone was friendly", "Anything else you want to tell us?", "Send my answer", "Your answer is recorded.",
        "Thank you! Your answer is saved.", "You can change it here within a day.",
        "Glad to hear it! Would you tell others too?", "Write a review",
        "This answer can no longer be changed. Thank you for it!", "This link does not lead anywhere any more.",
        "Choose a number",
        "If your matter is not settled, simply answer our mail: it comes back to the people who know it.",
        "Answer with a number from {first} to {last}, or here:",
        "Anything else you want to tell us, here:",
    ),
    "uk": (
        "Як вам наша допомога?", "Вітаємо!",
        "Ми завершили роботу над вашим зверненням #{number}. Одне запитання, один клік:",
        "Наскільки ви задоволені нашою допомогою?", "Наскільки ймовірно, що ви порадите нас друзям?",
        "Наскільки легко було розв’язати ваше питання?", "дуже незадоволені", "дуже задоволені", "зовсім не ймовірно",
        "дуже ймовірно", "дуже важко", "дуже легко", "Натисніть на число. Відповідь можна змінити протягом доби.",
        "Що пішло не так?",
        "Що могло бути краще?", "Що сподобалося?", "Це тривало надто довго", "Моє питання не розв’язано",
        "Відповідь була незрозуміла", "Тон був неприязний", "Довелося пояснювати не один раз", "Сам товар", "Доставка",
        "Це було швидко", "Моє питання розв’язано", "Відповідь була зрозуміла", "Тон був приязний",
        "Хочете щось додати?", "Надіслати відповідь", "Вашу відповідь записано.", "Дякуємо! Вашу відповідь збережено.",
        "Її можна змінити тут протягом доби.", "Раді це чути! Розкажете про нас іншим?", "Написати відгук",
        "Цю відповідь уже не можна змінити. Дякуємо за неї!", "Це посилання вже нікуди не веде.", "Виберіть число",
        "Якщо питання не розв’язано, просто дайте відповідь на наш лист: він потрапить до тих, хто знає вашу справу.",
        "Відповідайте числом від {first} до {last} або тут:",
        "Якщо хочете щось додати, це можна зробити тут:",
    ),
    "de": (
        "Wie war unsere Hilfe?", "Guten Tag,", "Ihr Anliegen #{number} ist abgeschlossen. Eine Frage, ein Klick:",
        "Wie zufrieden sind Sie mit unserer Hilfe?", "Wie wahrscheinlich ist es, dass Sie uns weiterempfehlen?",
        "Wie leicht ließ sich Ihr Anliegen klären?", "sehr unzufrieden", "sehr zufrieden", "sehr unwahrscheinlich",
        "sehr wahrscheinlich", "sehr schwer", "sehr leicht",
        "Klicken Sie auf eine Zahl. Sie können die Antwort einen Tag lang ändern.", "Was lief nicht gut?",
        "Was hätte besser sein können?",
        "Was lief gut?", "Es dauerte zu lange", "Mein Anliegen ist nicht geklärt", "Die Antwort war unklar",
        "Der Ton war unfreundlich", "Ich musste es mehrmals erklären", "Das Produkt selbst", "Die Lieferung",
        "Es ging schnell", "Mein Anliegen ist geklärt", "Die Antwort war klar", "Der Ton war freundlich",
        "Möchten Sie uns noch etwas sagen?", "Antwort senden", "Ihre Antwort ist notiert.",
        "Danke! Ihre Antwort ist gespeichert.", "Sie können sie hier einen Tag lang ändern.",
        "Das freut uns! Sagen Sie es auch anderen?", "Bewertung schreiben",
        "Diese Antwort lässt sich nicht mehr ändern. Danke dafür!", "Dieser Link führt nirgends mehr hin.",
        "Wählen Sie eine Zahl",
        "Ist Ihr Anliegen nicht geklärt, antworten Sie einfach auf unsere E-Mail: Sie kommt bei den Richtigen an.",
        "Antworten Sie mit einer Zahl von {first} bis {last} oder hier:",
        "Möchten Sie uns noch etwas sagen, dann hier:",
    ),
    "fr": (
        "Comment était notre aide ?", "Bonjour,", "Votre demande #{number} est close. Une question, un clic :",
        "Êtes-vous satisfait de notre aide ?", "Nous recommanderiez-vous à un proche ?",
        "A-t-il été facile de régler votre demande ?", "pas du tout satisfait", "très satisfait",
        "pas du tout probable", "très probable", "très difficile", "très facile",
        "Cliquez sur un chiffre. Vous pouvez changer votre réponse pendant un jour.", "Qu’est-ce qui n’a pas été ?",
        "Qu’est-ce qui aurait pu être mieux ?",
        "Qu’est-ce qui a été bien ?", "C’était trop long", "Ma demande n’est pas réglée",
        "La réponse n’était pas claire", "Le ton n’était pas aimable", "J’ai dû l’expliquer plusieurs fois",
        "Le produit lui-même", "La livraison", "C’était rapide", "Ma demande est réglée", "La réponse était claire",
        "Le ton était aimable", "Autre chose à nous dire ?", "Envoyer ma réponse", "Votre réponse est notée.",
        "Merci ! Votre réponse est enregistrée.", "Vous pouvez la changer ici pendant un jour.",
        "Nous en sommes ravis ! Le direz-vous aussi à d’autres ?", "Écrire un avis",
        "Cette réponse ne peut plus être changée. Merci !", "Ce lien ne mène plus nulle part.",
        "Choisissez un chiffre",
        "Si votre demande n’est pas réglée, répondez simplement à notre e-mail : il revient à ceux qui la connaissent.",
        "Répondez par un chiffre de {first} à {last}, ou ici :",
        "Autre chose à nous dire ? C’est ici :",
    ),
    "es": (
        "¿Qué tal nuestra ayuda?", "Hola:", "Hemos terminado su consulta #{number}. Una pregunta, un clic:",
        "¿Está satisfecho con nuestra ayuda?", "¿Nos recomendaría a un amigo?", "¿Fue fácil resolver su asunto?",
        "muy insatisfecho", "muy satisfecho", "nada probable", "muy probable", "muy difícil", "muy fácil",
        "Pulse un número. Puede cambiar la respuesta durante un día.", "¿Qué falló?",
        "¿Qué podría haber sido mejor?", "¿Qué salió bien?",
        "Tardó demasiado", "Mi asunto no está resuelto", "La respuesta no fue clara", "El tono no fue amable",
        "Tuve que explicarlo más de una vez", "El producto", "La entrega", "Fue rápido", "Mi asunto está resuelto",
        "La respuesta fue clara", "El tono fue amable", "¿Quiere decirnos algo más?", "Enviar mi respuesta",
        "Su respuesta está anotada.", "¡Gracias! Su respuesta está guardada.", "Puede cambiarla aquí durante un día.",
        "¡Nos alegra! ¿Se lo contaría a otros?", "Escribir una reseña",
        "Esta respuesta ya no se puede cambiar. ¡Gracias!", "Este enlace ya no lleva a ninguna parte.",
        "Elija un número", "Si su asunto no está resuelto, responda a nuestro correo: llega a quienes lo conocen.",
        "Responda con un número del {first} al {last}, o aquí:",
        "Si quiere decirnos algo más, aquí:",
    ),
    "pl": (
        "Jak oceniają Państwo naszą pomoc?", "Dzień dobry,",
        "zakończyliśmy sprawę #{number}. Jedno pytanie, jedno kliknięcie:", "Jak oceniają Państwo naszą pomoc?",
        "Na ile prawdopodobne jest, że polecą nas Państwo znajomym?", "Jak łatwo było załatwić sprawę?", "bardzo źle",
        "bardzo dobrze", "wcale", "bardzo prawdopodobne", "bardzo trudno", "bardzo łatwo",
        "Wystarczy kliknąć liczbę. Odpowiedź można zmienić w ciągu doby.", "Co poszło nie tak?",
        "Co mogło być lepiej?", "Co poszło dobrze?",
        "Trwało to zbyt długo", "Sprawa nie jest załatwiona", "Odpowiedź była niejasna", "Ton był nieuprzejmy",
        "Trzeba było tłumaczyć kilka razy", "Sam produkt", "Dostawa", "Poszło szybko", "Sprawa jest załatwiona",
        "Odpowiedź była jasna", "Ton był uprzejmy", "Czy chcą Państwo coś dodać?", "Wyślij odpowiedź",
        "Odpowiedź zapisana.",
        "Dziękujemy! Odpowiedź zapisana.", "Można ją tu zmienić w ciągu doby.",
        "Miło nam! Czy opowiedzą Państwo o nas innym?",
        "Napisz opinię", "Tej odpowiedzi nie można już zmienić. Dziękujemy!", "Ten link już nigdzie nie prowadzi.",
        "Wybór liczby",
        "Jeśli sprawa nie jest załatwiona, wystarczy odpowiedzieć na naszą wiadomość: trafi do osób, które ją znają.",
        "Wystarczy odpisać liczbą od {first} do {last} albo kliknąć tutaj:",
        "Chcą Państwo coś dodać? Tutaj:",
    ),
}  # fmt: skip
_WORDS: Mapping[str, Mapping[str, str]] = {
    language: dict(zip(_ORDER, said, strict=True)) for language, said in _SAID.items()
}


def wording(kind: str, language: str) -> Wording:
    """The question and what its ends mean."""
    words, question = words_for(language), question_of(kind)
    return Wording(words[f"ask_{question}"], words[f"low_{question}"], words[f"high_{question}"])


def words_for(language: str) -> Mapping[str, str]:
    """The words of a language, English for those we do not speak."""
    return _WORDS[choose_language([language])]
