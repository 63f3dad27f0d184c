"""The words mail programs put around what they quote, by language. Data only; `reply_lines.py` reads with it.

Languages: en uk ru de fr es pl it pt nl sv da no fi, and what is common of cs sk hu ro tr el bg hr zh ja ko.
"""

import re

from channels_inbound.email.word_lists import phrases, words

# Verbs that end (or, in German and Scandinavian word order, split) "On <date> <somebody> wrote:".
VERBS = re.compile(
    r"(?<!\w)(?:wrote|writes|schrieb|schreibt|geschrieben|a [ée]crit|[ée]crivait|escribi[óo]|escreveu|ha scritto|"
    r"scrive|scritto"
    r"|schreef|geschreven|het volgende geschreven|skrev|skreiv|kirjoitti|napisa[łl](?:a|\(a\)|/a)?|pisze|"
    r"napsal(?:a|\(a\))?|napísal(?:a|\(a\))?"
    r"|пише(?:т|те)?|писал(?:а|\(а\))?|написал(?:а|\(а\)|и)?|писав|писала|написав|написала|написа"
    r"|[íi]rta|a scris|yazd[ıi]|έγραψε|je napisa[ol](?:/la|/a)?|je napisal|написао|rašė|rakstīja|kirjutas"
    r"|写道|寫道|のメール|さんは(?:書|か)きました|님이 작성)(?!\w)",
    re.IGNORECASE,
)
START_WORDS = frozenset(
    words(
        "on am le el em il op den dnia w во в у på in a à den dne dňa dana dana. at från fra från: la lu ma me je ve "
        "sa do pe ti ke to su "
        "ons tor fre lör sön mån tis tir man lor mon tue wed thu fri sat sun monday tuesday wednesday thursday "
        "friday saturday sunday "
        "lun mar mer jeu ven sam dim lundi mardi mercredi jeudi vendredi samedi dimanche mié jue vie sáb dom seg ter "
        "qua qui sex gio "
        "mo di mi do fr so montag dienstag mittwoch donnerstag freitag samstag sonntag pon wt śr czw pt sob niedz "
        "пн вт ср чт пт сб нд вс понедельник вторник среда четверг пятница суббота воскресенье понеділок вівторок "
        "середа четвер п'ятниця субота неділя "
        "jan feb mar apr may jun jul aug sep oct nov dec ma di wo vr za zo ----"
    )
)
LABELS: dict[str, str] = {}
for kind, names in {
    "from": (
        "from|von|de|da|van|från|fra|od|от|от кого|від|від кого|mittente|lähettäjä|kimden|feladó|de la|από|发件人|"
        "寄件者|寄件人|差出人|보낸 사람|message du|expéditeur|remitente|remetente|absender|nadawca|afzender|avsändare|"
        "отправитель|відправник"
    ),
    "date": (
        "sent|date|datum|gesendet|envoyé|envoyé le|inviato|data|verzonden|skickat|skickad|sendt|dato|wysłano|"
        "wysłane|data wysłania|отправлено|отправлен|дата|надіслано|enviado|enviado el|fecha|enviada em|enviada|"
        "enviado em|lähetetty|päiväys|päivämäärä|odesláno|odoslané|küldve|elküldve|trimis|gönderildi|tarih|发送时间|"
        "发件时间|日期|送信日時|日付|보낸 날짜|sent on|date d'envoi|дата отправки|sendetidspunkt|sent at"
    ),
    "to": (
        "to|an|à|a|para|till|til|do|кому|aan|vastaanottaja|komu|pro|címzett|către|kime|προς|收件人|收件者|宛先|"
        "받는 사람|"
        "destinataire|destinatario|destinatário|empfänger|adresat|ontvanger|получатель|одержувач|отримувач"
    ),
    "subject": (
        "subject|betreff|objet|oggetto|asunto|assunto|ämne|emne|temat|тема|onderwerp|aihe|předmět|predmet|tárgy|"
        "subiect|konu|θέμα|主题|主旨|件名|제목|sujet"
    ),
    "cc": (
        "cc|bcc|kopie|kopie an|copie à|copie|копия|копія|dw|kopia|kopi|kopio|cópia|copia|抄送|副本|к копии|"
        "importance|priority|attachments|anlagen|pièces jointes|вложения|вкладення|reply-to|reply to|antwort an|"
        "répondre à|organization|відповісти|ответить"
    ),
}.items():
    LABELS.update(dict.fromkeys(phrases(names), kind))
LABEL_LINE = re.compile(r"[*_]{0,2}([^\W\d_][^:：*\n]{0,24}?)[ \t\xa0]{0,4}[*_]{0,2}[:：]")

ORIGINAL = frozenset(
    phrases(
        "original message|original email|original appointment|original-nachricht|originalnachricht|"
        "ursprüngliche nachricht|originalnachricht|weitere nachricht"
        "|message d'origine|message original|message d’origine|message initial|mensaje original|"
        "mensaje reenviado original|mensagem original|messaggio originale"
        "|oorspronkelijk bericht|oorspronkelijke bericht|ursprungligt meddelande|originalmeddelande|"
        "oprindelig besked|oprindelig meddelelse|original besked"
        "|opprinnelig melding|alkuperäinen viesti|wiadomość oryginalna|oryginalna wiadomość|pierwotna wiadomość|"
        "исходное сообщение|оригинальное сообщение|исходное письмо"
        "|оригінальне повідомлення|початкове повідомлення|вихідне повідомлення|оригінальний лист|původní zpráva|"
        "pôvodná správa|eredeti üzenet|mesaj original|orijinal mesaj"
        "|αρχικό μήνυμα|原始邮件|邮件原件|原始郵件|元のメッセージ|original message follows|"
        "reply message|"
        "ответ на письмо"
    )
)
FORWARDED = frozenset(
    phrases(
        "forwarded message|forwarded by|begin forwarded message|forwarded email|weitergeleitete nachricht|"
        "anfang der weitergeleiteten nachricht|weitergeleitete email"
        "|message transféré|début du message transféré|début du message réexpédié|message réexpédié|"
        "mensaje reenviado|inicio del mensaje reenviado|mensagem encaminhada"
        "|início da mensagem encaminhada|mensagem reencaminhada|messaggio inoltrato|inizio messaggio inoltrato|"
        "inizio del messaggio inoltrato|doorgestuurd bericht|begin doorgestuurd bericht"
        "|vidarebefordrat meddelande|vidarebefordrat brev|börjande av vidarebefordrat meddelande|videresendt besked|"
        "start på videresendt besked|videresendt melding|videresendt meddelelse|välitetty viesti"
        "|edelleenlähetetty viesti|wiadomość przekazana|przekazana wiadomość|początek przekazywanej wiadomości|"
        "treść przekazanej wiadomości|пересылаемое сообщение|переадресованное сообщение"
        "|пересланное сообщение|начало переадресованного сообщения|начало пересылаемого сообщения|"
        "перенаправлене повідомлення|переслане повідомлення|переадресоване повідомлення"
        "|початок переадресованого повідомлення|початок листа, що пересилається|пересланий лист|přeposlaná zpráva|"
        "továbbított üzenet|転送されたメッセージ|转发的邮件|转发邮件"
    )
)
REPLY_ABOVE = re.compile(
    r"(?:reply|type your (?:reply|answer|response)|respond|write your (?:reply|answer)).{0,30}above (?:this|"
    r"the) line|above this line.{0,20}reply"
    r"|выше этой (?:линии|строки|черты)|вище (?:цієї|ц[іи]єї) (?:лінії|риски|межі)|"
    r"antwort.{0,30}über dieser (?:zeile|linie)|au-dessus de cette ligne|encima de esta l[íi]nea"
    r"|acima desta linha|sopra (?:a )?questa (?:riga|linea)|powyżej tej linii|boven deze (?:regel|lijn)|"
    r"ovanför denna (?:rad|linje)",
    re.IGNORECASE,
)
FORWARD_SUBJECT = re.compile(
    r"\s{0,3}(?:\[[^\]]{0,40}\]\s{0,3})?(?:fwd?|wg|tr|rv|enc|vb|doorst|pd|vl|vs|пересл|переслано|пер|转发|"
    r"转)\s{0,2}[:：]",
    re.IGNORECASE,
)

# A footer is the whole line and names a device, a program or a brand: "Sent from my desk, it is easier" is a sentence.
_THING = r"[^\s,;!?][^,;!?\n]{0,45}?"
DEVICE_FOOTER = re.compile(
    r"\W{0,3}(?:"
    rf"sent (?:from|via|with|using|by) (?!(?:my|the|our|a) (?:desk|office|home|account|address|company|"
    rf"team)\b)(?:my |a |the )?{_THING}"
    rf"|sent on the (?:go|run|move).{{0,30}}|sent (?:securely )?(?:from|with) proton ?mail.{{0,40}}|"
    rf"get outlook for .{{2,20}}|download outlook for .{{2,20}}|get bluemail for .{{2,20}}"
    rf"|enviado (?:desde|do|de|a partir do|con|com|via|pelo) {_THING}|obtener outlook para .{{2,20}}|"
    rf"obter (?:o )?outlook para .{{2,20}}"
    rf"|envoy[ée] (?:depuis|de|à partir d[e'’]|avec|via|par) ?{_THING}|(?:obtenir|"
    rf"télécharge[rz]) outlook pour .{{2,20}}"
    rf"|(?:von|vom) (?:meinem|meiner|unterwegs|mobil|iphone|ipad|samsung|android).{{0,45}}|gesendet (?:von|mit|"
    rf"über|via|aus) {_THING}|diese nachricht wurde von meinem {_THING} gesendet|(?:outlook|"
    rf"bluemail) für .{{2,20}} (?:herunterladen|beziehen)"
    rf"|inviato (?:da|dal|dall[ao'’]|con|tramite) ?{_THING}|scarica outlook per .{{2,20}}|"
    rf"ottieni outlook per .{{2,20}}"
    rf"|wys[łl]an[eyo] (?:z|ze|za pomocą|przez) {_THING}|pobierz (?:aplikację )?outlook.{{0,25}}"
    rf"|(?:verstuurd|verzonden) (?:vanaf|via|met|vanuit|van) {_THING}|outlook voor .{{2,20}} downloaden|"
    rf"download outlook voor .{{2,20}}"
    rf"|skickat (?:från|med|via) {_THING}|sendt (?:fra|med|via) {_THING}|hämta outlook för .{{2,20}}|"
    rf"hent outlook (?:til|for) .{{2,20}}|lähetetty {_THING}|hanki outlook.{{0,25}}"
    rf"|отправлено (?:с|со|из|через|от) {_THING}|послано (?:с|из) {_THING}|надіслано (?:з|із|зі|через|"
    rf"від) {_THING}|відправлено (?:з|із|зі|через) {_THING}|скачать outlook для .{{2,20}}|"
    rf"завантажити outlook для .{{2,20}}"
    rf"|odesláno (?:z|ze) {_THING}|odoslané (?:z|zo) {_THING}|trimis (?:de pe|din) {_THING}|elküldve .{{2,40}}|"
    rf"iphone[’']?umdan gönderildi|(?:my )?(?:iphone|ipad)(?:から送信|에서 보냄)|"
    rf"발신 ?iphone|发自我的.{{1,30}}|發自我的.{{1,30}}|"
    rf"从我的.{{1,30}}发送"
    r")[.!]?\s{0,3}(?:<[^<>]{1,300}>|\(https?://[^()]{1,300}\)|\[https?://[^\[\]]{1,300}\])?\s{0,3}[.!]?",
    re.IGNORECASE,
)
CLOSINGS = frozenset(
    phrases(
        "regards|best regards|kind regards|warm regards|warmest regards|with regards|with kind regards|"
        "with best regards|many regards|best|best wishes|all the best|sincerely|sincerely yours|yours sincerely|"
        "yours faithfully|respectfully|cordially|cheers|thanks and regards|thanks & regards|br|kr|rgds"
        "|mit freundlichen grüßen|mit freundlichen grüssen|mit freundlichem gruß|freundliche grüße|viele grüße|"
        "beste grüße|liebe grüße|herzliche grüße|schöne grüße|mfg|lg|gruß|hochachtungsvoll"
        "|cordialement|bien cordialement|très cordialement|bien à vous|salutations|meilleures salutations|"
        "sincères salutations|amicalement"
        "|saludos|un saludo|saludos cordiales|cordialmente|un cordial saludo|atentamente|atte|abrazos|atenciosamente|"
        "cumprimentos|com os melhores cumprimentos|melhores cumprimentos|abraços|att"
        "|cordiali saluti|distinti saluti|saluti|un saluto|un cordiale saluto|pozdrawiam|z poważaniem|pozdrowienia|"
        "serdecznie pozdrawiam|z wyrazami szacunku"
        "|met vriendelijke groet|met vriendelijke groeten|vriendelijke groet|groeten|mvg|groetjes|hartelijke groet|"
        "med vänliga hälsningar|med vänlig hälsning|vänliga hälsningar|hälsningar|mvh|med venlig hilsen|"
        "venlig hilsen|hilsen|vennlig hilsen|med vennlig hilsen|bedste hilsner"
        "|ystävällisin terveisin|terveisin|parhain terveisin"
        "|з повагою|з найкращими побажаннями|щиро ваш|щиро ваша|з вдячністю|с уважением|с наилучшими пожеланиями|"
        "искренне ваш|всего доброго|всего хорошего|гарного дня|хорошего дня"
    )
)
LIST_FOOTER = re.compile(
    r"mailing list|unsubscribe|mailman|listinfo|groups\.google|https?://\S{3}|disclaimer|confidential|відписат|"
    r"отписат|abmelden|désabonner|virus-free|avast|avg\.com",
    re.IGNORECASE,
)
