"""Misspellings of the words that matter: one letter too few, doubled, swapped with the next, or heard as another."""

from collections.abc import Iterator

# What is written for what is heard.
_HEARD = {"а": "о", "о": "а", "е": "и", "и": "е", "я": "е", "в": "ф", "ь": "", "ъ": "", "г": "к", "д": "т", "т": "д"}
_HEARD_ENGLISH = {"a": "e", "e": "a", "u": "e", "o": "u"}
_SHORTEST = 6
# What would come out but is a word of its own.
_WORDS = {"четверка", "четверку", "прель", "сводня", "moths", "frida"}


def misspelt(word: str) -> set[str]:
    """The misspellings of a word; a short one has none, for too many other words are like it."""
    return set() if len(word) < _SHORTEST else set(_wrong(word)) - _WORDS


def _wrong(word: str) -> Iterator[str]:
    for place, letter in enumerate(word):
        before, after = word[:place], word[place + 1 :]
        yield before + after
        yield before + letter * 2 + after
        yield before + after[:1] + letter + after[1:]
        heard = _HEARD.get(letter, _HEARD_ENGLISH.get(letter))
        if heard:
            yield before + heard + after
