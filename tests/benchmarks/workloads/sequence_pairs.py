"""Pairs of a source and a target sequence that are made: additions, dates and commands."""

from datetime import date, timedelta
from itertools import product

import numpy as np

MONTHS = (
    "january february march april may june july august september october november december".split()
)
UNITS = "first second third fourth fifth sixth seventh eighth ninth".split()
TEENS = (
    "tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth "
    "nineteenth"
).split()
DAYS_IN_WORDS = [
    *UNITS,
    *TEENS,
    "twentieth",
    *(f"twenty-{unit}" for unit in UNITS),
    "thirtieth",
    "thirty-first",
]
# Within 100 years, the last two digits of a year determine it.
FIRST_DAY, N_DAYS = date(1950, 1, 1), 36_525
# With slashes the month is first, with points the day is first, as most readers expect.
FORMS = (
    "{month}/{day}/{short_year}",
    "{month:02}/{day:02}/{short_year}",
    "{month}/{day}/{year}",
    "{month:02}/{day:02}/{year}",
    "{day}.{month}.{year}",
    "{day:02}.{month:02}.{year}",
    "{day}.{month}.{short_year}",
    "{day}-{Abbreviation}-{year}",
    "{Abbreviation} {day}, {year}",
    "{Month} {day}, {year}",
    "{day} {Month} {year}",
    "{day} {abbreviation} {short_year}",
    "{ordinal} {abbreviation} {year}",
    "the {ordinal} of {name} {year}",
    "{Month} the {ordinal}, {year}",
    "the {in_words} of {Month} {year}",
    "{name} {in_words}, {year}",
    "{Weekday}, {day} {Abbreviation} {year}",
    "{Weekday}, {Month} {day}, {year}",
    "{year}/{month}/{day}",
)

ACTIONS = {"jump": "I_JUMP", "walk": "I_WALK", "run": "I_RUN", "look": "I_LOOK"}
TURNS = {"left": "I_TURN_LEFT", "right": "I_TURN_RIGHT"}
REPEATS = {"": 1, " twice": 2, " thrice": 3}


def additions(n, seed):
    """Return questions such as "12+345", written from their end, and the sums as texts.

    As in Keras' example, the numbers have one to three digits each, and no two questions are equal
    up to the order of the numbers.
    """
    rng = np.random.default_rng(seed)
    seen = set()
    while len(seen) < n:
        a, b = (int(rng.integers(10 ** rng.integers(1, 4))) for _ in range(2))
        if (b, a) not in seen:
            seen.add((a, b))
    pairs = sorted(seen)
    rng.shuffle(pairs)
    return [f"{a}+{b}"[::-1] for a, b in pairs], [str(a + b) for a, b in pairs]


def dates(n, seed):
    """Return different dates of 1950 to 2049 as people write them, and in the form of ISO 8601."""
    rng = np.random.default_rng(seed)
    made = {}
    while len(made) < n:
        day = FIRST_DAY + timedelta(days=int(rng.integers(N_DAYS)))
        made[in_form(day, FORMS[rng.integers(len(FORMS))])] = day.isoformat()
    return list(made), list(made.values())


def in_form(day, form):
    """Return a date in one of the forms.

    Examples
    --------
    >>> in_form(date(2014, 3, 3), "the {ordinal} of {name} {year}")
    'the 3rd of march 2014'
    >>> in_form(date(1999, 3, 14), "{month:02}/{day:02}/{short_year}")
    '03/14/99'
    >>> in_form(date(2014, 3, 21), "{Weekday}, {in_words} {Abbreviation}")
    'Friday, twenty-first Mar'
    """
    name = MONTHS[day.month - 1]
    ending = {1: "st", 2: "nd", 3: "rd"}.get(day.day % 10 if day.day // 10 != 1 else 0, "th")
    weekdays = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
    return form.format(
        day=day.day,
        month=day.month,
        year=day.year,
        short_year=f"{day.year % 100:02}",
        name=name,
        Month=name.title(),
        abbreviation=name[:3],
        Abbreviation=name[:3].title(),
        ordinal=f"{day.day}{ending}",
        in_words=DAYS_IN_WORDS[day.day - 1],
        Weekday=weekdays[day.weekday()],
    )


def commands():
    """Return all 20,910 commands of SCAN and their actions.

    B. Lake, M. Baroni, "Generalization without systematicity: on the compositional skills of
    sequence-to-sequence recurrent networks", ICML 2018: the grammar of its figure 6 and the
    meanings of its figure 7.

    Returns
    -------
    commands : list of str
    actions : list of list of str

    Examples
    --------
    >>> actions = dict(zip(*commands()))
    >>> len(actions)
    20910
    >>> " ".join(actions["jump opposite left after walk around right"])[:40]
    'I_TURN_RIGHT I_WALK I_TURN_RIGHT I_WALK '
    >>> actions["turn left twice and jump"]
    ['I_TURN_LEFT', 'I_TURN_LEFT', 'I_JUMP']
    """
    phrases = {
        command + words: actions * times
        for (command, actions), (words, times) in product(verbs().items(), REPEATS.items())
    }
    sentences = dict(phrases)
    for (first, one), (second, other) in product(phrases.items(), phrases.items()):
        sentences[f"{first} and {second}"] = one + other
        sentences[f"{first} after {second}"] = other + one
    return list(sentences), list(sentences.values())


def verbs():
    """Return the commands without repeats and conjunctions, and their actions."""
    found = {name: [action] for name, action in ACTIONS.items()}
    for (side, turn), (name, action) in product(
        TURNS.items(), {"turn": [], **{name: [action] for name, action in ACTIONS.items()}}.items()
    ):
        found[f"{name} {side}"] = [turn, *action]
        found[f"{name} opposite {side}"] = [turn, turn, *action]
        found[f"{name} around {side}"] = [turn, *action] * 4
    return found
