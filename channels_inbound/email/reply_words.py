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
    r"|писали|писалы|yazm[ıi]ş(?:tır)?|skrifaði|menulis|đã viết|va escriure|escribiu|כתב(?:ה|/ה)?|كتب)(?!\w)"
    r"|写道|寫道|のメール(?=[:：]|$)|(?:書|か)きました|작성(?=[:：]|$)|เขียนว่า|ने लिखा|sent the following",
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
        "gönderen|odosielateľ|pošiljatelj|saatja|nuo|no|dari|từ|من|מאת|отправител|sender|avsender|sendandi|frá|"
        "from|von|de|da|van|från|fra|od|от|от кого|від|від кого|mittente|lähettäjä|kimden|feladó|de la|από|发件人|"
        "寄件者|寄件人|差出人|보낸 사람|message du|expéditeur|remitente|remetente|absender|nadawca|afzender|avsändare|"
        "отправитель|відправник"
    ),
    "date": (
        "poslano|изпратено|saadetud|išsiųsta|nosūtīts|εστάλη|ημερομηνία|dikirim|tanggal|đã gửi|ngày|تم الإرسال|"
        "التاريخ|נשלח|תאריך|enviados|enviat|skickat|dátum|kuupäev|sendt den|gesendet am|wysłany|"
        "sent|date|datum|gesendet|envoyé|envoyé le|inviato|data|verzonden|skickat|skickad|sendt|dato|wysłano|"
        "wysłane|data wysłania|отправлено|отправлен|дата|надіслано|enviado|enviado el|fecha|enviada em|enviada|"
        "enviado em|lähetetty|päiväys|päivämäärä|odesláno|odoslané|küldve|elküldve|trimis|gönderildi|tarih|发送时间|"
        "发件时间|日期|送信日時|日付|보낸 날짜|sent on|date d'envoi|дата отправки|sendetidspunkt|sent at"
    ),
    "to": (
        "za|prima|до|adressaat|kam|kepada|đến|tới|إلى|אל|komu:|bis|"
        "to|an|à|a|para|till|til|do|кому|aan|vastaanottaja|komu|pro|címzett|către|kime|προς|收件人|收件者|宛先|"
        "받는 사람|"
        "destinataire|destinatario|destinatário|empfänger|adresat|ontvanger|получатель|одержувач|отримувач"
    ),
    "subject": (
        "ogg|относно|teema|tēma|tema|subjek|perihal|chủ đề|tiêu đề|الموضوع|נושא|naslov|zadeva|assumpte|efni|"
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

# "----- Original Message -----" and its kin: between dashes, a noun for a message and a word that says which one.
MESSAGE_NOUN = re.compile(
    r"message|e-?mail|\bmail\b|nachricht|mensaje|correo|mensagem|messaggio|bericht|meddelande|meddelelse|besked|"
    r"melding|viesti|brev\b|appointment|wiadomo[sś][cć]|zpr[aá]va|spr[aá]va|[uü]zenet|lev[eé]l|mesaj|ileti|"
    r"сообщени|письм|повідомленн|\bлист[аі]?\b|съобщени|порук|poruk|sporočil|kiri\b|laišk|vēstul|μήνυμα|"
    r"邮件|郵件|メッセージ|メール|메시지|메일|tin nhắn|pesan|رسالة|הודעה",
    re.IGNORECASE,
)
ORIGINAL_WORD = re.compile(
    r"origin|ursprung|ursprüng|oorspronk|opprinn|oprind|alkuper|orygin|pierwot|p[uů]vodn|p[oô]vodn|eredet|orijinal|"
    r"исходн|оригинал|оригінал|початков|вихідн|первонач|оригинальн|izvor|algne|pradin|sākotnēj|αρχικ|原始|原件|元の|원본|"
    r"gốc|asli|الأصلية|מקורית|^(?:antwort|reply|answer|weitere|vorherige|previous|initial|ответ на)\b|\binitial$",
    re.IGNORECASE,
)
FORWARD_WORD = re.compile(
    r"forward|weitergeleit|transf[eé]r|r[eé]exp[eé]di|reenviad|encaminhad|inoltra|doorgestuur|vidarebefordr|"
    r"videresend|välitet|edelleenlähet|przekaz|přeposlan|preposlan|továbbít|yönlendir|iletilen|redirec[tț]ion|"
    r"пересыла|пересла|пересила|переадрес|перенаправ|препрат|proslije|posredovan|προωθ|转发|轉寄|転送|전달",
    re.IGNORECASE,
)
# Webmail that says whom it quotes without saying when.
QUOTING = re.compile(
    r"(?:zitat von|quoting|citando(?: a)?|citation de|cit[aá]t(?: od)?|cytowanie|cytat od|quota(?:ndo)?(?: da)?|"
    r"citerar|citat fra|mensaje citado por|lainaus|цитирование|цитую|цитата|quoted from)\s",
    re.IGNORECASE,
)
ABOVE_WORDS = words(
    "##- above oberhalb über au-dessus encima acima sopra powyżej boven ovanför over yläpuolel вище выше над nad"
)
# What helpdesks put on top of their mails so that the answer can be told from it.
REPLY_ABOVE = re.compile(
    r"(?:repl|respon|answer|write|antwort|répon|respuest|respond|escrib|rispo|scriv|odpow|odpis|antwoord|reageer|svar|"
    r"skriv|vastau|відпов|ответ|напиш|odpov|válasz|yanıt).{0,60}"
    r"(?:above|oberhalb|über|au-dessus|encima|acima|sopra|powyżej|boven|ovanför|over|yläpuolel|вище|выше|над|nad)"
    r".{0,20}(?:this|dieser|cette|esta|questa|tej|deze|denna|denne|tämän|цієї|цього|ц[іи]м|этой|tímto|touto)\W{0,3}"
    r".{0,12}(?:line|zeile|linie|ligne|l[íi]nea|linha|riga|linii|linij|regel|lijn|rad|linje|rivi|лінії|риск|рядк|межі|"
    r"линии|строки|черты|řádk|čár)"
    # The fence that many of them draw, whatever language stands in it.
    r"|^\W{0,4}##- .{3,140} -##"
    r"|above this line.{0,20}reply|(?:выше|вище) (?:этой|цієї|ц[іи]єї) (?:линии|строки|черты|лінії|риски|межі)",
    re.IGNORECASE,
)
FORWARD_SUBJECT = re.compile(
    r"\s{0,3}(?:\[[^\]]{0,40}\]\s{0,3})?(?:fwd?|wg|tr|rv|enc|vb|doorst|pd|vl|vs|пересл|переслано|пер|转发|"
    r"转)\s{0,2}[:：]",
    re.IGNORECASE,
)

# Any language: a line that begins or ends with "sent" and names what it was sent with.
DEVICE_NAMES = words(
    "iphone ipad ipod android galaxy samsung huawei honor xiaomi redmi pixel oneplus oppo nokia motorola blackberry "
    "windows outlook yahoo gmail smartphone handy мобильн мобільн смартфон телефон mobil mobile tablet"
)
SENT_FIRST = re.compile(
    r"\W{0,3}(?:(?:gesendet|envoy[ée]|enviad[oa]|enviat|inviat[oa]|wys[łl]an[eyo]|verzonden|verstuurd|skicka(?:t|des|d)|"
    r"sendt|odesl[aá]n[oa]|odoslan[éeo]|poslan[oa]|trimis|küldve|отправлен[оа]|послано|надіслан[оа]|відправлен[оа]|"
    r"изпратено|пратено|στάλθηκε|εστάλη|dikirim|saadetud|išsiųsta|nosūtīts)"
    r" (?:von|vom|mit|aus|über|via|de|du|des|depuis|à|desde|do|da|dal|dalla|con|com|pelo|per|z|ze|za|zo|vanaf|met|"
    r"vanuit|från|fra|med|с|со|из|через|от|з|із|зі|від|од|από|dari|no|iš|az|s|sa|pe|din) "
    r"|sent (?:from|via|with) (?:my|the|a) |lähetetty |đã gửi từ |được gửi từ |"
    r"发自|發自|ส่งจาก|נשלח (?:מ|באמצעות)|تم الإرسال من|أُرسلت من)",
    re.IGNORECASE,
)
SENT_LAST = re.compile(
    r"\W{0,3}(?:von mein|vom |met |vanaf |von unterwegs|"
    r"(?:[^\s]{2,20} )?[^\s]{3,20}[’']?(?:dan|den|umdan|ımdan|imdan) |"
    r"[^\s]{2,20}(?:から|에서)|나의 |내 |从我的|我的).{0,40}"
    r"(?:gesendet|verzonden|verstuurd|gönderildi|gönderilmiştir|送信(?:しました)?|보냄|전송|发送|傳送)[.!。]?",
    re.IGNORECASE,
)
GET_THE_APP = re.compile(
    r"\W{0,3}(?:get|download|obten(?:ez|er|ha|ga)|obter|holen sie sich|laden sie|scarica|ottieni|pobierz|hämta|hent|"
    r"hanki|stáhn(?:ěte|out)|скачать|завантажити|отримати|получить|descargar|télécharge[rz]) (?:[^\s]{1,12} ){0,2}"
    r"(?:outlook|bluemail|yahoo mail|spark|mymail|aqua ?mail) (?:app |mobile )?"
    r"(?:for|für|pour|per|para|dla|för|til|till|voor|для|pro|na) "
    r"(?:systemu |системи )?[^\s.?!]{2,15}(?: [^\s.?!]{1,8})?"
    r"\s{0,3}(?:<[^<>]{1,300}>|\(https?://[^()]{1,300}\))?",
    re.IGNORECASE,
)
EXCUSED = re.compile(
    r"[,.;:!–—-]{0,3}\s{0,3}(?:so |and )?(?:please|pls|sorry|excuse|apolog|forgive|pardon|bitte|entschuld|désolé|"
    r"merci d|disculp|perdon|scus|przepraszam|вибач|перепрош|извин|прошу).{0,70}$",
    re.IGNORECASE,
)
# Paragraphs that lawyers put under every mail.
SECRECY = words(
    "confidential vertraulich confidentiel confidencial riservat poufn vertrouwelijk konfidenti fortrolig důvěrn "
    "конфіденц конфиденц privileged disclaimer"
)
ADDRESSED = re.compile(
    r"intended|recipient|addressee|empfänger|bestimmt|destinataire|destinatari|adresat|geadresseerde|mottagare|modtager|"
    r"адресат|одержувач|отримувач|получател|if you (?:have )?received",
    re.IGNORECASE,
)
SCANNERS = words("avast avg norton eset kaspersky mcafee bitdefender")
VIRUS_FOOTER = re.compile(
    r"(?:virus[- ]?free|virenfrei|sans virus|libre de virus|без вірусів|без вирусов|"
    r"scanned by|checked by|geprüft (?:von|mit))"
    r".{0,40}(?:avast|avg|norton|eset|kaspersky|mcafee|bitdefender)|avast\.com/sig-email|avg\.com/email",
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
