"""How mail systems sign and word their delivery reports, in the languages they come in."""

import re

from channels_inbound.email.word_lists import words

DAEMON_LOCALS = frozenset(
    words(
        "mailer-daemon mailer_daemon mailerdaemon mail-daemon maildaemon postmaster post_master post.master mdaemon "
        "mail-delivery-subsystem mailer bounce bounces bounce-notification mailadmin mail-administrator"
    )
)
# Exchange signs with this word and a number that is the same everywhere.
DAEMON_PREFIX = "microsoftexchange"
# Mailboxes that people read and write from too: their word alone is not enough.
HUMAN_TOO = frozenset(words("postmaster post_master post.master mailer bounce bounces mailadmin mail-administrator"))
DAEMON_NAMES = re.compile(
    r"mail(?:er)?[- ]?daemon|mail deliver[ey]?(?:ry)? (?:sub)?system|mail delivery (?:service|agent)|"
    r"internet mail delivery|mail administrator"
    r"|system administrator|postmaster",
    re.IGNORECASE,
)
SUBJECT_SIGNS = re.compile(
    r"undeliver|un ?delivered|non[- ]?deliver|not (?:be )?delivered|(?:mail|delivery|"
    r"message) (?:delivery )?(?:status|fail|failure|failed|error|problem|report|notification|warning|delay)"
    r"|fail(?:ed|ure)[: ]*(?:deliver|notice)|delivery[: ].{0,30}(?:fail|delay)|returned (?:mail|message|"
    r"to sender)|returning (?:mail|message|to sender)"
    r"|mail (?:failed|failure|system error|could not)|could not (?:send|be delivered|deliver)|"
    r"error sending your mail|bounce|message you sent blocked|blocked by"
    r"|warning: could not send|postmaster notify|see transcript|message (?:delayed|rejected|blocked|"
    r"undeliverable)|rejected (?:mail|message|:)|user unknown"
    r"|non remis|échec (?:de )?(?:la )?(?:remise|distribution|livraison)|unzustellbar|nicht zugestellt|"
    r"zustellung.{0,20}fehl|fehlgeschlagen|no se (?:ha )?(?:puede|pudo|podido|entreg)"
    r"|devuelto|no entregad|não (?:foi )?(?:possível|entreg)|devolvid|mancata consegna|non recapit|"
    r"impossibile (?:recapitare|consegnare)|niedostarcz|nie (?:można|udało)"
    r"|недоставлен|не (?:было |може |удалось |вдалося )?(?:достав|відправ|отправ)|повернен|возвращ|"
    r"сообщени[ея] не|onbestelbaar|niet (?:worden )?(?:afgeleverd|bezorgd)"
    r"|kan inte levereras|kunne ikke leveres|ei voitu toimittaa|"
    r"nedoručiteľn|nedoručiteln|nedoručen|nelze doručit|nem kézbesíthető|kézbesít.{0,20}(?:siker|hiba)|"
    r"kézbesíthetetlen|"
    r"teslim edileme|iletilemedi|nelivrabil|nu (?:a |s-a )?(?:putut|poate) fi livrat|kunde inte levereras|"
    r"går inte att leverera|"
    r"kan ikke leveres|kunne ikke leveres|ulevert|toimitus.{0,20}epäonnistu|ei voi toimittaa|niestabest|"
    r"nem kézbesíthető|"
    r"δεν (?:ήταν δυνατή η |είναι δυνατή η )?παρ[άα]δο|non recapitabil|impossibile recapitare|no se puede entregar|"
    r"neisporučiv|isporuka nije uspjela|неуспешна доставка|недоставен|kohaletoimetamat|nepristatyt|nepiegādāt|"
    r"không thể (?:gửi|chuyển)|tidak terkirim|gagal terkirim|배달되지 않|배달할 수 없|전송 실패|반송|未送达|無法傳遞|"
    r"郵件無法|無法投遞|تعذر (?:تسليم|التسليم)|לא ניתן למסור|"
    r"配信不能|配信エラー|配達不能|送信できません|退信|投递失败|无法投递",
    re.IGNORECASE,
)
BODY_SIGNS = re.compile(
    r"(?<![\d.])[45][0-5]\d[ -](?:#?\(?[45]\.\d{1,3}\.\d{1,3}|.{0,60}(?:user|recipient|mailbox|unknown|reject|"
    r"address|relay|denied|quota|spam|domain|unavailable))"
    r"|(?:could|can|can ?not|was|were|has|have)(?: ?n.t| not)?(?: yet)? (?:not )?(?:be |been )?(?:deliver|reach|"
    r"sent to)|did not reach|undeliver|unable to (?:deliver|send|relay)|delivery (?:to|has|of|attempt|failure|"
    r"status|was|error)"
    r"|(?:mail|message|delivery|e-?mail).{0,40}(?:failed|returned|rejected|bounced|refused|undeliver|blocked|"
    r"not sent)|permanent(?:ly)? (?:fatal )?(?:error|fail)|fatal error"
    r"|(?:user|recipient|mailbox|address|host|account|domain)\W{0,3}(?:\w{1,20} ){0,3}(?:unknown|not found|"
    r"unavailable|full|rejected|does ?n.t exist|does not exist|disabled|over quota|not exist|not listed|inactive|"
    r"is invalid)"
    r"|unknown (?:user|recipient|local|address|host|mailbox)|no such (?:user|recipient|address|mailbox|person|"
    r"account)|invalid (?:recipient|address|mailbox|user)|unrouteable|quota exceeded|over quota|"
    r"mailbox (?:is )?full"
    r"|no account (?:by|with) that name|I('m| am) afraid I wasn't able|giv(?:e|ing) up on it|message (?:is|"
    r"was) (?:too large|looping)|too many hops|warning message only|will be retried"
    r"|nicht zugestellt|unzustellbar|n.a pas (?:pu|été)|non remis|no (?:se )?(?:ha )?pud?o|no pudo ser|"
    r"não (?:foi|pôde)|non (?:è stato|può essere)|nie mo(?:że|żna|gła)|не (?:було|было|может|може|удалось|"
    r"вдалося|доставлен|існує|существует)"
    r"|nebylo možné doručit|nepodařilo se doručit|nebolo možné doručiť|nem kézbesíthető|kézbesíteni|teslim edileme|"
    r"iletilemedi|nu a putut fi livrat|kunde inte levereras|kan inte levereras|kunne ikke leveres|kan ikke leveres|"
    r"ei voitu toimittaa|nie (?:została|mogła).{0,20}dostarcz|non (?:è stato|può).{0,20}recapit|impossibile recapitare|"
    r"no se pudo entregar|δεν παραδόθηκε|δεν ήταν δυνατή|не (?:може|беше|бе) достав|배달할 수 없|전달되지|无法送达|"
    r"無法傳遞|退回来|không thể gửi|gagal dikirim"
    r"|niet worden (?:afgeleverd|bezorgd)|配信|配達|送信できません|届け|存在しません|退回|无法",
    re.IGNORECASE,
)
