"""The words that the rules know: data, kept apart from the rules. All in small letters."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _ideas(text: str) -> list[list[str]]:
    return [idea.split() for idea in text.split("/")]


def _pairs(text: str) -> dict[str, str]:
    return {form: base for form, _, base in (pair.partition("/") for pair in text.split())}


STOPWORDS = _words(
    """
    a about according after again ago all also am an and any are as at be because been before being between both but
    by can could did do does doing during each either for from further had has have having he her hers him his how i
    if in into is it its itself just know let many may me might more most much must my no nor not of off on once
    only or other our out over own per please same shall she should since across along beyond near via toward
    towards within without upon amid among so some such tell than that the their them then there these they this
    those through to too under until up us very was we were what what's when where which while who whom whose why
    will with would yes you your give context search result results show explain describe find say says said exactly
    s t re ve d ll
    """
)
"""They carry no meaning of their own."""

IDEAS = _ideas(
    """
    metro metropolitan / rider ridership passenger / electricity power energy /
    phone telephone smartphone mobile / tv television /
    app application / guest client customer / doctor physician / kid child children / store shop / staff personnel /
    harvest crop yield / money fund funding / error fault defect / fix repair / begin onset / film movie picture /
    rent rental tenant lease /
    population people inhabitant resident live lives living lived citizen populous dweller populated home /
    sell sale /
    revenue sale turnover earn earning takings grossed /
    profit earning income /
    employ employee staff worker workforce headcount work job /
    price cost fee charge expensive cheap pay paid worth sell sold value priced /
    high height tall elevation altitude rise rises stand /
    long length stretch span /
    large big size area cover spread /
    deep depth /
    wide width breadth /
    fast speed quick velocity /
    weigh weight heavy mass /
    old age /
    hot warm cold temperature /
    write wrote written author pen penned novelist compose composed composer /
    paint painted painter /
    found founded founder establish established start started create created set launch launched incorporate
      inception begin began begun /
    build built construct construction erect complete completed finish finished /
    open opened opening inaugurate inaugurated /
    invent invented inventor develop developed develope design designed designer architect /
    discover discovered discoverer identify /
    locate located location situate situated headquarter headquarters headquartered base based seat /
    lead leads led leader head heads ceo chief executive president chairman run runs manage manager direct director
      /
    die died death dead /
    bear born birth birthplace birthday /
    own owned owner acquire acquired acquisition buy bought purchase purchased belong /
    win won winner award awarded receive received champion prize /
    make made produce produced producer production manufacture manufactured manufacturer maker output /
    spoke speak spoken language /
    currency money /
    marry married wife husband spouse /
    teach taught teacher professor instructor /
    end ended close closed /
    warranty guarantee guaranteed /
    return refund /
    allow allowed permit permitted /
    contain contains include includes consist comprise ingredient /
    cause caused reason due /
    happen occur occurred place /
    visit visitor visited tourist /
    student pupil enrol enroll enrolment enrollment enrolled /
    car vehicle automobile /
    movie film /
    begin start commence /
    annual yearly /
    big large great /
    nickname nicknamed called known
    """
)
"""Words that mean one thing in questions and answers about figures and facts, idea by idea."""

IRREGULAR = _pairs(
    """
    left/leave went/go gone/go sold/sell built/build wrote/write written/write won/win began/begin begun/begin
    held/hold led/lead made/make took/take taken/take gave/give given/give bought/buy taught/teach caught/catch
    spoke/speak spoken/speak drove/drive driven/drive flew/fly flown/fly sank/sink sang/sing sung/sing ran/run
    met/meet kept/keep lost/lose paid/pay sent/send spent/spend stood/stand told/tell thought/think fought/fight
    brought/bring rose/rise risen/rise fell/fall fallen/fall came/come became/become grew/grow grown/grow knew/know
    known/know drew/draw drawn/draw ate/eat eaten/eat broke/break broken/break chose/choose chosen/choose wore/wear
    worn/wear threw/throw thrown/throw struck/strike shot/shoot slept/sleep stole/steal swam/swim hid/hide
    hidden/hide rode/ride rang/ring felt/feel dealt/deal lent/lend meant/mean sought/seek shrank/shrink
    shrunk/shrink sprang/spring tore/tear said/say fed/feed bred/breed hung/hang laid/lay lain/lie dug/dig
    swore/swear wove/weave woven/weave men/man women/woman children/child feet/foot
    heavier/heavy heaviest/heavy bigger/big biggest/big hotter/hot hottest/hot larger/large largest/large
    wealthier/wealthy busier/busy busiest/busy drier/dry driest/dry wetter/wet wettest/wet wider/wide widest/wide
    """
)
"""Forms that no ending gives away, and what they are forms of."""

ADJECTIVES = _words(
    """
    cheap tall long short old young light fast slow high low large small deep wide warm cold rich strong weak great
    few new quick steep narrow bright dark hard soft
    """
)
"""Compared by -er and -est."""

DAYS_AND_MONTHS = _words(
    """
    january february march april may june july august september october november december monday tuesday wednesday
    thursday friday saturday sunday
    """
)

OPENERS = _words(
    """
    however meanwhile overall currently today recently although despite since until both many most some several
    approximately roughly nearly almost around total chart table figure page section note source summary population
    revenue sales profit income price cost number compare comparing please tell list name calculate compute using
    given one two three four five six seven eight nine ten eleven twelve twenty thirty hundred first second third
    last next company city country museum university later earlier then finally people visitors exports imports year
    years annual quarterly result results fiscal q1 q2 q3 q4 fy sir mr mrs ms dr prof president chief according gdp
    gnp gni cpi ceo cfo cto kpi co2 ev evs roi vat hq faq id eu-wide net gross projections average during following
    based like unlike
    """
)
"""They open a sentence, or stand capitalised in headings, without naming anything."""

SUBJECT_VERBS = _words(
    """
    is was are were be had has have does did grew grow fell fall rose rise sold sell made make earned earn produced
    counted recorded saw sees reached stood stands employs handled exported imported added lost gained remains
    contains covers lies lie spans costs cost charges offers wrote won died lived became began opened started left
    led leads runs ran owns bought built makes takes took gave gives got went came comes uses used holds held hosts
    hosted generated generates consumes consumed spent spends paid pays reported reports posted announced expects
    plans flows measures weighs ranks ranked serves can will may must also then first
    """
)
"""A word that only opens sentences names something when one of these follows."""

PEOPLES = _pairs(
    """
    french/france dutch/netherlands danish/denmark swiss/switzerland welsh/wales spanish/spain british/britain
    greek/greece polish/poland irish/ireland finnish/finland turkish/turkey american/states english/england
    peruvian/peru
    """
)
"""Adjectives of countries that do not begin like the country."""

NOT_UNITS = _words(
    """
    in as at by of on to and or but was were is are had has have for from with than while the a an which that per
    after before since during compared up down according over under it its their this when where who higher lower
    more less increase decrease rise fall decline growth gain drop
    """
)
"""Words after a number that say nothing of what it counts."""

DRESSING = _words(
    """
    share portion proportion fraction part one two three four five
    percentage percent rate absolute relative terms number numbers figure figures value amount total level compared
    comparing compare comparison versus trend trending difference between change changed changes growth grow grew
    grown growing grows increase increased increasing increases decrease decreased decline declined rise rose risen
    rising fall fell fallen drop dropped gain gained lose lost faster slower fastest slowest higher lower larger
    smaller bigger greater fewer biggest largest highest lowest smallest most least period year years time overall
    respectively currently current latest recent now today quickly strongly place city cities town country company
    region much many happen happened go went gone up down kind type term calculate compute shrink shrank expand
    expanded developed development evolve evolved jump jumped climb climbed surge surged improve improved reported
    report information detail answer question document documents passage passages mean significant significantly
    roughly reduce reduced cut strong stronger strongest less see saw seen experience experienced achieve achieved
    show showed shown undergo underwent suffer suffered enjoy enjoyed post posted register registered come came
    approximately exact exactly stand stood reach reached record recorded measured measure last
    """
)
"""They ask for a change or a comparison, or only dress a question: passages are not expected to hold them."""

LIGHT = _words(
    """
    use used uses make made take takes get need needs work works offer offers provide provides support supports
    apply require requires possible available official main first name named many consist become actually belong
    carry carried
    """
)
"""They may well be missing from the sentence that answers."""
