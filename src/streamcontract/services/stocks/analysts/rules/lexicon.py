"""The tone of a headline, by a word list of our own.

It counts words, no more: irony, comparisons and who a headline is about are beyond it. Each word counts 1, whichever
form of it the list has; a negation one or two words before turns it round ("no growth", "not a record"). The tone is
(good - bad) / (good + bad), from -1 to 1, and 0 where neither is found.
"""

import re

__all__ = ["BAD", "GOOD", "tone"]

_GOOD = """
accelerate accelerates approval approved approves award awarded beat beats best boost boosts breakthrough climb
climbs exceed exceeds expand expands expansion gain gains good great grow growing grows growth high higher improve
improved improves increase increases jump jumps lift lifts optimism outperform outperforms partnership positive
profit profitable profits raise raised raises rallies rally rebound rebounds record recover recovers recovery rise
rises robust soar soars solid strong stronger success successful surge surges surpass surpasses top tops upbeat
upgrade upgraded upgrades win wins
"""
GOOD = frozenset(_GOOD.split())
_BAD = """
accident bad bankruptcy breach concern concerns crash crashes crisis cut cuts decline declines decrease decreases
default delay delayed delays disappoint disappointing disappoints downgrade downgraded downgrades drop drops fail
failed fails fall falling falls fear fears fine fined fraud halt halts hurt hurts investigation lawsuit layoff
layoffs lose loses losing loss losses low lower miss missed misses negative outage plunge plunges poor probe recall
recalls risk risks scandal shortage shrink shrinks sink sinks slash slashes slide slides slow slowdown slows slump
slumps strike struggle struggles sue sued sues tumble tumbles uncertain uncertainty underperform warn warning warns
weak weaker worse worst
"""
BAD = frozenset(_BAD.split())
NEGATIONS = frozenset({"cannot", "hardly", "never", "no", "not", "without"})
_WORD = re.compile(r"[a-z]+(?:['’]t)?")
LONGEST = 500
"""Characters of a headline that are read."""


def tone(headline: str) -> float:
    """From -1, bad, to 1, good."""
    words = _WORD.findall(headline[:LONGEST].lower())
    total, found = 0, 0
    for number, word in enumerate(words):
        sign = (word in GOOD) - (word in BAD)
        if sign:
            found += 1
            total += -sign if any(_negates(before) for before in words[max(0, number - 2) : number]) else sign
    return total / found if found else 0.0


def _negates(word: str) -> bool:
    return word in NEGATIONS or word.endswith(("'t", "’t"))
