"""What a message is about, told by words of six languages. Pure; words are compared without accents and in one case.

Where it is doubtful a person gets the conversation: a word too many here costs an agent a minute, one too few leaves
somebody who is angry or in danger with a machine.
"""

from __future__ import annotations

import re
from enum import StrEnum

from assistant.words import WORDS
from people.finding.text import normalise


class Intent(StrEnum):
    PERSON = "person"
    SERIOUS = "serious"
    NOT_HELPED = "not_helped"
    HELPED = "helped"
    ORDER = "order"
    GREETING = "greeting"


def _pattern(phrases: str) -> re.Pattern[str]:
    """Phrases of whole words, a line each; `*` stands for the rest of a word."""
    clean = [normalise(line.strip()) for line in phrases.strip().splitlines() if line.strip()]
    parts = [re.escape(one).replace(r"\*", r"\w*").replace(r"\ ", r"\s+") for one in clean]
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)")


_PERSON = _pattern("""
    human
    real person
    a person
    live person
    live agent
    an agent
    the agent
    representative
    operator
    speak to someone
    talk to someone
    speak with someone
    talk with someone
    speak to somebody
    talk to somebody
    your manager
    your staff
    людина
    людину
    людиною
    людини
    оператор*
    менеджер*
    консультант*
    живий співрозмовник
    з кимось поговорити
    mensch
    menschen
    mitarbeiter*
    echte person
    jemandem sprechen
    jemanden sprechen
    berater*
    humain*
    une personne
    un conseiller
    une conseillere
    un agent
    parler a quelqu'un
    persona
    una persona
    humano
    humana
    agente
    operador*
    hablar con alguien
    czlowiek*
    konsultant*
    pracownik*
    z kims porozmawiac
    rozmowa z kims
""")
_SERIOUS = _pattern("""
    lawyer*
    attorney*
    court
    sue you
    legal action
    police
    fraud*
    scam*
    stolen
    complain*
    complaint*
    unacceptable
    outrageous
    disgusting
    ridiculous
    furious
    terrible service
    worst
    injur*
    hurt myself
    burned
    burnt
    caught fire
    on fire
    smoke
    explod*
    electric shock
    allerg*
    poison*
    hospital
    dangerous
    gdpr
    delete my data
    chargeback
    адвокат*
    юрист*
    суд
    суду
    позов*
    поліці*
    шахра*
    обман*
    скарг*
    скаржит*
    неприпустимо
    обурен*
    жахлив*
    ганьба
    травм*
    опік*
    загорі*
    пожеж*
    дим
    вибух*
    вдарило струмом
    алергі*
    отрує*
    лікарн*
    небезпечн*
    видаліть мої дані
    anwalt*
    rechtsanwalt*
    gericht
    klage
    verklag*
    polizei
    betrug*
    betrug
    beschwer*
    unverschamt*
    unmoglich*
    frechheit
    wutend
    katastroph*
    verletz*
    verbrannt
    brennt
    rauch
    explodier*
    stromschlag
    allergi*
    vergift*
    krankenhaus
    gefahrlich*
    dsgvo
    avocat*
    tribunal
    justice
    escroquerie
    arnaque*
    plainte
    plaindre
    inacceptable
    scandaleux
    honte
    bless*
    brulure*
    en feu
    fumee
    explos*
    choc electrique
    hopital
    dangereu*
    rgpd
    abogad*
    juzgado
    denuncia*
    demanda judicial
    policia
    estafa*
    fraude
    queja*
    reclamacion*
    inaceptable
    verguenza
    herid*
    quemad*
    quemadura*
    incendi*
    humo
    descarga electrica
    alergi*
    peligros*
    prawnik*
    adwokat*
    sadu
    sadowy
    pozew
    policj*
    oszust*
    oszuka*
    skarg*
    reklamacj*
    niedopuszczaln*
    skandal*
    zran*
    poparz*
    pozar*
    plonie
    dym
    wybuch*
    porazenie
    zatru*
    szpital*
    niebezpieczn*
    rodo
""")
_NOT_HELPED = _pattern("""
    did not help
    didn't help
    does not help
    doesn't help
    not helpful
    no help
    not what i asked
    not my question
    still does not
    still doesn't
    still not
    wrong answer
    не допомогло
    не допомага*
    не те
    не відповідає
    досі не
    hat nicht geholfen
    hilft nicht
    hilft mir nicht
    nicht hilfreich
    immer noch nicht
    n'aide pas
    ne m'aide pas
    pas aide
    toujours pas
    pas utile
    no me ha servido
    no sirve
    no me sirve
    no ayuda
    no me ayuda
    sigue sin
    nie pomoglo
    nie pomaga
    nadal nie
    ciagle nie
""")
_HELPED = _pattern("""
    this helped
    that helped
    it helped
    very helpful
    that answers it
    solved
    thank you
    thanks
    допомогло
    дякую
    дякуємо
    спасибі
    das hat geholfen
    hat geholfen
    danke*
    vielen dank
    m'a aide
    merci
    me ha servido
    gracias
    pomoglo
    dziekuje*
    dzieki
""")
_ORDER = _pattern("""
    my order
    my parcel
    my package
    my delivery
    my shipment
    order status
    track my
    tracking number
    where is it
    моє замовлення
    мого замовлення
    моїм замовленням
    мій заказ
    моя посилка
    мою посилку
    моєї посилки
    статус замовлення
    номер відстеження
    meine bestellung
    meiner bestellung
    mein paket
    meine lieferung
    meine sendung
    bestellstatus
    sendungsnummer
    ma commande
    mon colis
    ma livraison
    numero de suivi
    mi pedido
    mi paquete
    mi envio
    numero de seguimiento
    moje zamowienie
    mojego zamowienia
    moim zamowieniem
    moja paczka
    moja paczke
    mojej paczki
    status zamowienia
    numer przesylki
""")
_NUMBERED = re.compile(
    r"(?<!\w)(?:order|замовлення|bestellung|commande|pedido|zamowieni[ea])\s*(?:#|no\.?|nr\.?|n°|num\w*)?\s*\d{3,}"
)
_GREETING = _pattern("""
    hi
    hello
    hey
    good morning
    good evening
    привіт
    вітаю
    добрий день
    доброго дня
    добрий вечір
    hallo
    guten tag
    guten morgen
    guten abend
    moin
    bonjour
    bonsoir
    salut
    hola
    buenos dias
    buenas tardes
    buenas
    dzien dobry
    czesc
    witam
    dobry wieczor
""")
_BUTTONS = {
    intent: frozenset(normalise(words[name]) for words in WORDS.values())
    for name, intent in (("person", Intent.PERSON), ("helped", Intent.HELPED), ("not_helped", Intent.NOT_HELPED))
}
# A greeting or thanks of more words than these is a question with manners.
_SHORT = 6


def read_intents(text: str) -> frozenset[Intent]:
    """What is meant; nothing where nothing tells. A button's own words mean that button."""
    said = " ".join(normalise(text).split())
    for intent, labels in _BUTTONS.items():
        if said.rstrip(".!") in labels:
            return frozenset({intent})
    found = {intent for intent, pattern in _LONG if pattern.search(said)}
    if Intent.NOT_HELPED not in found and len(said.split()) <= _SHORT and "?" not in said:
        found |= {intent for intent, pattern in _BRIEF if pattern.search(said)}
    return frozenset(found)


_LONG = (
    (Intent.PERSON, _PERSON), (Intent.SERIOUS, _SERIOUS), (Intent.NOT_HELPED, _NOT_HELPED), (Intent.ORDER, _ORDER),
    (Intent.ORDER, _NUMBERED),
)  # fmt: skip
_BRIEF = ((Intent.HELPED, _HELPED), (Intent.GREETING, _GREETING))
