"""What visitors read, in the six languages of the widget: not the agents' languages, so not in the catalogues."""

from __future__ import annotations

from collections.abc import Iterable

LANGUAGES = ("en", "uk", "de", "fr", "es", "pl")
_ORDER = (
    "title", "open", "close", "greeting", "here", "away", "usually", "away_note", "write", "send", "attach", "name",
    "email", "optional", "start", "save", "sending", "retrying", "failed", "delivered", "seen", "typing", "you",
        "agent",
    "mail", "offline", "too_large", "too_fast", "too_long", "refused", "leaving", "kept", "unread", "log", "bad_email",
    "type_refused", "mail_subject", "mail_intro", "mail_outro", "download", "back", "yours", "hello", "online", "opens",
    "place", "joined", "over", "again", "rate", "scores", "comment", "rated", "end", "transcript", "transcript_sent",
    "nothing_to_send", "more", "sound", "watched", "dismiss", "transcript_subject", "transcript_intro",
    "order", "about_order", "order_states",
)  # fmt: skip
_SAID: dict[str, tuple[str, ...]] = {
    "en": (
        "Chat with us", "Open chat", "Close chat", "Hello! How can we help?", "We are here", "Nobody is here right now",
        "An answer takes about {n} min", "Leave your message and your email: we answer by mail.", "Write a message",
        "Send", "Attach a file", "Your name", "Your email", "optional", "Start the chat", "Save", "Sending…",
        "Not sent yet, trying again…", "Could not be sent", "Delivered", "Seen", "{name} is typing…", "You", "Support",
        "This part went on by email", "No connection. Trying again…", "{name} is larger than 10 MB",
        "Too many messages at once. Wait a moment.", "This message is too long",
        "This chat cannot be used on this page.", "Leaving? Give us your email and we answer there.",
        "What you miss here goes to {email}.", "{n} new messages", "Conversation", "This does not look like an email",
        "This kind of file cannot be sent", "Our answer to your chat", "You had left the chat, so here is our answer:",
        "Simply answer this mail: it comes to the same conversation.", "Download {name}",
        "Back", "Your conversation", "Hi {name}, how can we help?", "Here now: {names}", "We are back {when}",
        "You are number {n} in the queue", "{name} joined", "The chat has ended", "Write again whenever you like.",
        "How was it?", "Very bad|Bad|So-so|Good|Very good", "Tell us more", "Thank you for telling us!",
        "End the chat", "Send me this conversation by email", "It is on its way to {email}.",
        "There is nothing to send yet, or it was sent already.", "More", "Sound",
        "We see what you write before you send it.", "Dismiss", "Our conversation",
        "Here is our conversation, as you asked:",
        "Order {number}", "Ask about this order",
        "Waiting for payment|Paid|Shipped|Completed|Cancelled|Refunded|Payment failed",
    ),
    "uk": (
        "Напишіть нам", "Відкрити чат", "Закрити чат", "Вітаємо! Чим можемо допомогти?", "Ми на зв’язку",
        "Зараз нікого немає на зв’язку", "Відповідь приблизно за {n} хв",
        "Залиште повідомлення та свою пошту: ми відповімо листом.", "Напишіть повідомлення", "Надіслати",
        "Додати файл", "Ваше ім’я", "Ваша пошта", "необов’язково", "Почати чат", "Зберегти", "Надсилаємо…",
        "Ще не надіслано, пробуємо знову…", "Не вдалося надіслати", "Доставлено", "Переглянуто", "{name} пише…", "Ви",
        "Підтримка", "Ця частина розмови продовжилася поштою", "Немає з’єднання. Пробуємо знову…",
        "{name} завеликий: понад 10 МБ", "Забагато повідомлень одразу. Зачекайте трохи.", "Повідомлення задовге",
        "Цей чат не працює на цій сторінці.", "Ідете? Залиште пошту, і ми відповімо туди.",
        "Пропущене надійде на {email}.", "Нових повідомлень: {n}", "Розмова", "Це не схоже на адресу пошти",
        "Такий файл не можна надіслати", "Наша відповідь на ваш чат", "Ви вийшли з чату, тому ось наша відповідь:",
        "Просто дайте відповідь на цей лист: вона потрапить у ту саму розмову.", "Завантажити {name}",
        "Назад", "Ваша розмова", "{name}, вітаємо! Чим можемо допомогти?", "Зараз тут: {names}", "Будемо {when}",
        "Ви {n}-й у черзі", "До розмови долучається {name}", "Чат завершено", "Пишіть знову, коли забажаєте.",
        "Як вам наша допомога?", "Дуже погано|Погано|Так собі|Добре|Чудово", "Розкажіть докладніше",
        "Дякуємо за відгук!", "Завершити чат", "Надіслати мені цю розмову", "Надсилаємо на {email}.",
        "Ще нема що надсилати, або вже надіслано.", "Ще", "Звук", "Ми бачимо, що ви пишете, ще до надсилання.",
        "Прибрати", "Наша розмова", "Ось наша розмова, як ви просили:",
        "Замовлення {number}", "Спитати про це замовлення",
        "Очікує оплати|Оплачено|Відправлено|Виконано|Скасовано|Кошти повернено|Оплата не пройшла",
    ),
    "de": (
        "Schreiben Sie uns", "Chat öffnen", "Chat schließen", "Hallo! Wie können wir helfen?", "Wir sind da",
        "Gerade ist niemand da", "Antwort in etwa {n} Min.",
        "Hinterlassen Sie Nachricht und E-Mail-Adresse: Wir antworten per E-Mail.", "Nachricht schreiben", "Senden",
        "Datei anhängen", "Ihr Name", "Ihre E-Mail-Adresse", "freiwillig", "Chat beginnen", "Speichern",
        "Wird gesendet…",
        "Noch nicht gesendet, neuer Versuch…", "Konnte nicht gesendet werden", "Zugestellt", "Gesehen",
        "{name} schreibt…", "Sie", "Support", "Dieser Teil ging per E-Mail weiter",
        "Keine Verbindung. Neuer Versuch…", "{name} ist größer als 10 MB",
        "Zu viele Nachrichten auf einmal. Bitte kurz warten.", "Diese Nachricht ist zu lang",
        "Dieser Chat ist auf dieser Seite nicht verfügbar.",
        "Sie gehen? Mit Ihrer E-Mail-Adresse antworten wir dorthin.", "Was Sie hier verpassen, geht an {email}.",
        "{n} neue Nachrichten", "Unterhaltung", "Das sieht nicht nach einer E-Mail-Adresse aus",
        "Diese Art Datei kann nicht gesendet werden", "Unsere Antwort auf Ihren Chat",
        "Sie hatten den Chat verlassen, daher hier unsere Antwort:",
        "Antworten Sie einfach auf diese E-Mail: Sie kommt in dieselbe Unterhaltung.", "{name} herunterladen",
        "Zurück", "Ihre Unterhaltung", "Hallo {name}, wie können wir helfen?", "Gerade da: {names}",
        "Wir sind {when} wieder da", "Sie sind Nummer {n} in der Warteschlange", "{name} ist jetzt dabei",
        "Der Chat ist beendet", "Schreiben Sie jederzeit wieder.", "Wie war es?",
        "Sehr schlecht|Schlecht|Geht so|Gut|Sehr gut", "Erzählen Sie uns mehr", "Danke für Ihre Rückmeldung!",
        "Chat beenden", "Diese Unterhaltung per E-Mail senden", "Unterwegs an {email}.",
        "Es gibt noch nichts zu senden, oder es wurde schon gesendet.", "Mehr", "Ton",
        "Wir sehen, was Sie schreiben, bevor Sie es senden.", "Ausblenden", "Unsere Unterhaltung",
        "Hier ist unsere Unterhaltung, wie gewünscht:",
        "Bestellung {number}", "Zu dieser Bestellung fragen",
        "Zahlung ausstehend|Bezahlt|Versandt|Abgeschlossen|Storniert|Erstattet|Zahlung fehlgeschlagen",
    ),
    "fr": (
        "Écrivez-nous", "Ouvrir le chat", "Fermer le chat", "Bonjour ! Comment pouvons-nous vous aider ?",
        "Nous sommes là", "Personne n’est disponible pour le moment", "Réponse en {n} min environ",
        "Laissez votre message et votre adresse e-mail : nous répondrons par e-mail.", "Écrire un message", "Envoyer",
        "Joindre un fichier", "Votre nom", "Votre adresse e-mail", "facultatif", "Démarrer le chat", "Enregistrer",
        "Envoi…", "Pas encore envoyé, nouvel essai…", "Envoi impossible", "Remis", "Vu", "{name} écrit…", "Vous",
        "Support", "Cette partie a continué par e-mail", "Pas de connexion. Nouvel essai…",
        "{name} dépasse 10 Mo", "Trop de messages à la fois. Attendez un instant.", "Ce message est trop long",
        "Ce chat n’est pas disponible sur cette page.", "Vous partez ? Laissez votre e-mail, nous y répondrons.",
        "Ce que vous manquez ici part à {email}.", "{n} nouveaux messages", "Conversation",
        "Cela ne ressemble pas à une adresse e-mail", "Ce type de fichier ne peut pas être envoyé",
        "Notre réponse à votre chat", "Vous aviez quitté le chat, voici donc notre réponse :",
        "Répondez simplement à cet e-mail : il rejoint la même conversation.", "Télécharger {name}",
        "Retour", "Votre conversation", "Bonjour {name}, comment pouvons-nous vous aider ?", "Présents : {names}",
        "De retour {when}", "Vous êtes numéro {n} dans la file", "{name} a rejoint la conversation",
        "Le chat est terminé", "Écrivez-nous quand vous voulez.", "Comment était-ce ?",
        "Très mal|Mal|Moyen|Bien|Très bien", "Dites-nous-en plus", "Merci de votre retour !", "Terminer le chat",
        "M’envoyer cette conversation par e-mail", "Elle part à {email}.",
        "Il n’y a encore rien à envoyer, ou c’est déjà fait.", "Plus", "Son",
        "Nous voyons ce que vous écrivez avant l’envoi.", "Masquer", "Notre conversation",
        "Voici notre conversation, comme demandé :",
        "Commande {number}", "Poser une question sur cette commande",
        "En attente de paiement|Payée|Expédiée|Terminée|Annulée|Remboursée|Paiement refusé",
    ),
    "es": (
        "Escríbanos", "Abrir el chat", "Cerrar el chat", "¡Hola! ¿En qué podemos ayudarle?", "Estamos aquí",
        "Ahora mismo no hay nadie", "Respuesta en unos {n} min",
        "Deje su mensaje y su correo: responderemos por correo.", "Escriba un mensaje", "Enviar", "Adjuntar un archivo",
        "Su nombre", "Su correo electrónico", "opcional", "Empezar el chat", "Guardar", "Enviando…",
        "Aún sin enviar, reintentando…", "No se pudo enviar", "Entregado", "Visto", "{name} está escribiendo…", "Usted",
        "Soporte", "Esta parte continuó por correo", "Sin conexión. Reintentando…", "{name} supera los 10 MB",
        "Demasiados mensajes a la vez. Espere un momento.", "Este mensaje es demasiado largo",
        "Este chat no está disponible en esta página.", "¿Se va? Deje su correo y le respondemos allí.",
        "Lo que se pierda aquí llegará a {email}.", "{n} mensajes nuevos", "Conversación",
        "Esto no parece un correo electrónico", "Este tipo de archivo no se puede enviar",
        "Nuestra respuesta a su chat",
        "Había salido del chat, así que aquí tiene nuestra respuesta:",
        "Responda a este correo: llegará a la misma conversación.", "Descargar {name}",
        "Atrás", "Su conversación", "Hola, {name}. ¿En qué podemos ayudarle?", "Ahora están: {names}",
        "Volvemos {when}", "Es el número {n} en la cola", "{name} se ha unido", "El chat ha terminado",
        "Escriba de nuevo cuando quiera.", "¿Qué tal fue?", "Muy mal|Mal|Regular|Bien|Muy bien", "Cuéntenos más",
        "¡Gracias por decírnoslo!", "Terminar el chat", "Enviarme esta conversación por correo",
        "Va de camino a {email}.", "Aún no hay nada que enviar, o ya se envió.", "Más", "Sonido",
        "Vemos lo que escribe antes de que lo envíe.", "Ocultar", "Nuestra conversación",
        "Aquí está nuestra conversación, como pidió:",
        "Pedido {number}", "Preguntar por este pedido",
        "Pendiente de pago|Pagado|Enviado|Completado|Cancelado|Reembolsado|Pago fallido",
    ),
    "pl": (
        "Napisz do nas", "Otwórz czat", "Zamknij czat", "Dzień dobry! Jak możemy pomóc?", "Jesteśmy tutaj",
        "Teraz nikogo nie ma", "Odpowiedź za około {n} min",
        "Zostaw wiadomość i adres e-mail: odpowiemy e-mailem.", "Napisz wiadomość", "Wyślij", "Dołącz plik",
        "Twoje imię", "Twój e-mail", "opcjonalnie", "Rozpocznij czat", "Zapisz", "Wysyłanie…",
        "Jeszcze nie wysłano, próbujemy ponownie…", "Nie udało się wysłać", "Dostarczono", "Wyświetlono",
        "{name} pisze…", "Ty", "Wsparcie", "Ta część rozmowy przeniosła się do e-maila",
        "Brak połączenia. Próbujemy ponownie…", "{name} przekracza 10 MB",
        "Zbyt wiele wiadomości naraz. Poczekaj chwilę.",
        "Ta wiadomość jest za długa", "Ten czat nie działa na tej stronie.",
        "Wychodzisz? Zostaw e-mail, a tam odpowiemy.", "To, co cię tu ominie, wyślemy na {email}.",
        "Nowe wiadomości: {n}", "Rozmowa", "To nie wygląda na adres e-mail", "Tego rodzaju pliku nie można wysłać",
        "Nasza odpowiedź na twój czat", "Czat został zamknięty, więc oto nasza odpowiedź:",
        "Po prostu odpowiedz na tę wiadomość: trafi do tej samej rozmowy.", "Pobierz {name}",
        "Wstecz", "Twoja rozmowa", "Dzień dobry, {name}! Jak możemy pomóc?", "Teraz są: {names}", "Wracamy {when}",
        "Twoje miejsce w kolejce: {n}", "{name} dołącza do rozmowy", "Czat zakończony", "Napisz znowu, kiedy chcesz.",
        "Jak było?", "Bardzo źle|Źle|Tak sobie|Dobrze|Bardzo dobrze", "Opowiedz nam więcej", "Dziękujemy za opinię!",
        "Zakończ czat", "Wyślij mi tę rozmowę e-mailem", "Wysyłamy na {email}.",
        "Nie ma jeszcze czego wysłać albo już wysłano.", "Więcej", "Dźwięk", "Widzimy, co piszesz, zanim to wyślesz.",
        "Ukryj", "Nasza rozmowa", "Oto nasza rozmowa, zgodnie z prośbą:",
        "Zamówienie {number}", "Zapytaj o to zamówienie",
        "Czeka na płatność|Opłacone|Wysłane|Zrealizowane|Anulowane|Zwrócono pieniądze|Płatność nieudana",
    ),
}  # fmt: skip
WORDS: dict[str, dict[str, str]] = {language: dict(zip(_ORDER, said, strict=True)) for language, said in _SAID.items()}
MAIL_WORDS = frozenset({"mail_subject", "mail_intro", "mail_outro", "transcript_subject", "transcript_intro"})


def words_for(language: str) -> dict[str, str]:
    """The words of a language, English for those we do not speak."""
    return WORDS[choose_language([language])]


def choose_language(wanted: Iterable[str]) -> str:
    """The first of these languages ("de-AT", "uk") the widget speaks."""
    for said in wanted:
        short = said.strip().lower().split("-")[0].split("_")[0]
        if short in WORDS:
            return short
    return "en"


def direction(language: str) -> str:
    """Which way a language is written, as HTML says it."""
    return "rtl" if language in ("ar", "fa", "he", "ur") else "ltr"
