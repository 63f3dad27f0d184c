"""What customers read of the bot, in the six languages they are spoken to in: not the agents' languages, so not in the
catalogues. The three buttons fit into what messengers allow (20 characters)."""

from __future__ import annotations

from people.languages import choose_language

_ORDER = (
    "name", "helped", "not_helped", "person", "found", "more", "not_ours", "order", "tracking",
    "ask", "here", "away", "opens", "glad", "order_states",
)  # fmt: skip
_SAID: dict[str, tuple[str, ...]] = {
    "en": (
        "Helper", "This helped", "It did not help", "Talk to a person", "This may answer it: {title}", "See also:",
        "This text is in another language.", "Your order {number} of {date}: {state}.",
        "Tracking number: {tracking}", "Hello! What would you like to know? One sentence is enough.",
        "I am passing this on to a person, who will answer you here.",
        "I am passing this on to a person. Nobody is here right now; they will answer as soon as they are back.",
        "I am passing this on to a person. Nobody is here right now; we are back {when}.",
        "Glad it helped! Simply write again if anything is open.",
        "waiting for payment|paid|shipped|completed|cancelled|refunded|payment failed",
    ),
    "uk": (
        "Помічник", "Це допомогло", "Не допомогло", "Покличте людину", "Можливо, відповідь тут: {title}",
        "Дивіться також:", "Цей текст іншою мовою.", "Ваше замовлення {number} від {date}: {state}.",
 "Номер відстеження: {tracking}",
        "Вітаю! Що ви хотіли б дізнатися? Досить одного речення.",
        "Передаю розмову людині, вона відповість вам тут.",
        "Передаю розмову людині. Зараз нікого немає на зв’язку; вам дадуть відповідь, щойно повернуться.",
        "Передаю розмову людині. Зараз нікого немає на зв’язку; будемо {when}.",
        "Радий, що це допомогло! Якщо щось лишилося незрозумілим, просто напишіть знову.",
        "очікує оплати|оплачено|відправлено|виконано|скасовано|кошти повернено|оплата не пройшла",
    ),
    "de": (
        "Helfer", "Das hat geholfen", "Hat nicht geholfen", "Mit Mensch sprechen", "Das könnte helfen: {title}",
        "Siehe auch:", "Dieser Text ist in einer anderen Sprache.", "Ihre Bestellung {number} vom {date}: {state}.",
 "Sendungsnummer: {tracking}",
        "Hallo! Was möchten Sie wissen? Ein Satz genügt.",
        "Ich gebe das an einen Menschen weiter, der Ihnen hier antwortet.",
        "Ich gebe das an einen Menschen weiter. Gerade ist niemand da; Sie erhalten Antwort, sobald jemand da ist.",
        "Ich gebe das an einen Menschen weiter. Gerade ist niemand da; wir sind {when} wieder da.",
        "Schön, dass es geholfen hat! Schreiben Sie einfach wieder, wenn etwas offen ist.",
        "Zahlung ausstehend|bezahlt|versandt|abgeschlossen|storniert|erstattet|Zahlung fehlgeschlagen",
    ),
    "fr": (
        "Assistant", "Cela m’a aidé", "Cela n’aide pas", "Parler à quelqu’un", "Ceci peut répondre : {title}",
        "Voir aussi :", "Ce texte est dans une autre langue.", "Votre commande {number} du {date} : {state}.",
 "Numéro de suivi : {tracking}",
        "Bonjour ! Que souhaitez-vous savoir ? Une phrase suffit.",
        "Je transmets à une personne, qui vous répondra ici.",
        "Je transmets à une personne. Personne n’est disponible pour le moment ; on vous répondra dès son retour.",
        "Je transmets à une personne. Personne n’est disponible pour le moment ; nous serons de retour {when}.",
        "Ravi d’avoir pu aider ! Écrivez-nous à nouveau si besoin.",
        "en attente de paiement|payée|expédiée|terminée|annulée|remboursée|paiement refusé",
    ),
    "es": (
        "Ayudante", "Me ha servido", "No me ha servido", "Hablar con alguien", "Esto puede responderlo: {title}",
        "Vea también:", "Este texto está en otro idioma.", "Su pedido {number} del {date}: {state}.",
 "Número de seguimiento: {tracking}",
        "¡Hola! ¿Qué desea saber? Basta una frase.",
        "Se lo paso a una persona, que le responderá aquí.",
        "Se lo paso a una persona. Ahora mismo no hay nadie; le responderán en cuanto vuelvan.",
        "Se lo paso a una persona. Ahora mismo no hay nadie; volvemos {when}.",
        "¡Me alegro de que haya servido! Escriba de nuevo si queda algo pendiente.",
        "pendiente de pago|pagado|enviado|completado|cancelado|reembolsado|pago fallido",
    ),
    "pl": (
        "Pomocnik", "To pomogło", "To nie pomogło", "Wezwij konsultanta", "To może pomóc: {title}", "Zobacz też:",
        "Ten tekst jest w innym języku.", "Zamówienie {number} z dnia {date}: {state}.",
        "Numer przesyłki: {tracking}", "Dzień dobry! O co chodzi? Wystarczy jedno zdanie.",
        "Przekazuję rozmowę konsultantowi, który odpowie tutaj.",
        "Przekazuję rozmowę konsultantowi. Teraz nikogo nie ma; odpowiedź nadejdzie, gdy tylko ktoś wróci.",
        "Przekazuję rozmowę konsultantowi. Teraz nikogo nie ma; wracamy {when}.",
        "Cieszę się, że to pomogło! W razie pytań prosimy napisać ponownie.",
        "czeka na płatność|opłacone|wysłane|zrealizowane|anulowane|zwrócono pieniądze|płatność nieudana",
    ),
}  # fmt: skip
WORDS: dict[str, dict[str, str]] = {language: dict(zip(_ORDER, said, strict=True)) for language, said in _SAID.items()}
STATES = ("pending", "paid", "shipped", "completed", "cancelled", "refunded", "failed")


def words_for(language: str) -> dict[str, str]:
    """The words of a language, English for those we do not speak."""
    return WORDS[choose_language([language])]


def buttons(language: str) -> list[str]:
    """What stands below an answer, to be pressed."""
    words = words_for(language)
    return [words["helped"], words["not_helped"], words["person"]]
