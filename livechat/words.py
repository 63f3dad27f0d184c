"""What visitors read, in the six languages of the widget: not the agents' languages, so not in the catalogues."""

from __future__ import annotations

from collections.abc import Iterable

LANGUAGES = ("en", "uk", "de", "fr", "es", "pl")
_ORDER = (
    "title", "open", "close", "greeting", "here", "away", "usually", "away_note", "write", "send", "attach", "name",
    "email", "optional", "start", "save", "sending", "retrying", "failed", "delivered", "seen", "typing", "you",
        "agent",
    "mail", "offline", "too_large", "too_fast", "too_long", "refused", "leaving", "kept", "unread", "log", "bad_email",
    "type_refused", "mail_subject", "mail_intro", "mail_outro", "download",
)  # fmt: skip
_SAID: dict[str, tuple[str, ...]] = {
    "en": (
        "Chat with us", "Open chat", "Close chat", "Hello! How can we help?", "We are here", "Nobody is here right now",
        "Usually answers within {n} min", "Leave your message and your email: we answer by mail.", "Write a message",
        "Send", "Attach a file", "Your name", "Your email", "optional", "Start the chat", "Save", "Sending…",
        "Not sent yet, trying again…", "Could not be sent", "Delivered", "Seen", "{name} is typing…", "You", "Support",
        "This part went on by email", "No connection. Trying again…", "{name} is larger than 10 MB",
        "Too many messages at once. Wait a moment.", "This message is too long",
        "This chat cannot be used on this page.", "Leaving? Give us your email and we answer there.",
        "What you miss here goes to {email}.", "{n} new messages", "Conversation", "This does not look like an email",
        "This kind of file cannot be sent", "Our answer to your chat", "You had left the chat, so here is our answer:",
        "Simply answer this mail: it comes to the same conversation.", "Download {name}",
    ),
    "uk": (
        "Напишіть нам", "Відкрити чат", "Закрити чат", "Вітаємо! Чим можемо допомогти?", "Ми на зв’язку",
        "Зараз нікого немає на зв’язку", "Зазвичай відповідаємо за {n} хв",
        "Залиште повідомлення та свою пошту: ми відповімо листом.", "Напишіть повідомлення", "Надіслати",
        "Додати файл", "Ваше ім’я", "Ваша пошта", "необов’язково", "Почати чат", "Зберегти", "Надсилаємо…",
        "Ще не надіслано, пробуємо знову…", "Не вдалося надіслати", "Доставлено", "Переглянуто", "{name} пише…", "Ви",
        "Підтримка", "Ця частина розмови продовжилася поштою", "Немає з’єднання. Пробуємо знову…",
        "{name} завеликий: понад 10 МБ", "Забагато повідомлень одразу. Зачекайте трохи.", "Повідомлення задовге",
        "Цей чат не працює на цій сторінці.", "Ідете? Залиште пошту, і ми відповімо туди.",
        "Пропущене надійде на {email}.", "Нових повідомлень: {n}", "Розмова", "Це не схоже на адресу пошти",
        "Такий файл не можна надіслати", "Наша відповідь на ваш чат", "Ви вийшли з чату, тому ось наша відповідь:",
        "Просто дайте відповідь на цей лист: вона потрапить у ту саму розмову.", "Завантажити {name}",
    ),
    "de": (
        "Schreiben Sie uns", "Chat öffnen", "Chat schließen", "Hallo! Wie können wir helfen?", "Wir sind da",
        "Gerade ist niemand da", "Antwortet meist innerhalb von {n} Min.",
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
    ),
    "fr": (
        "Écrivez-nous", "Ouvrir le chat", "Fermer le chat", "Bonjour ! Comment pouvons-nous vous aider ?",
        "Nous sommes là", "Personne n’est disponible pour le moment", "Répond en général en {n} min",
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
    ),
    "es": (
        "Escríbanos", "Abrir el chat", "Cerrar el chat", "¡Hola! ¿En qué podemos ayudarle?", "Estamos aquí",
        "Ahora mismo no hay nadie", "Suele responder en {n} min",
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
    ),
    "pl": (
        "Napisz do nas", "Otwórz czat", "Zamknij czat", "Dzień dobry! Jak możemy pomóc?", "Jesteśmy tutaj",
        "Teraz nikogo nie ma", "Zwykle odpowiadamy w ciągu {n} min",
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
    ),
}  # fmt: skip
WORDS: dict[str, dict[str, str]] = {language: dict(zip(_ORDER, said, strict=True)) for language, said in _SAID.items()}
MAIL_WORDS = frozenset({"mail_subject", "mail_intro", "mail_outro"})


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
