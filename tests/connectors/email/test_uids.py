"""Sets of UIDs as ranges behave as sets do."""

import random

import pytest

from connectors.email.uids import Uids


@pytest.mark.parametrize(
    ("ids", "text"), [(set(), ""), ({1}, "1"), ({3, 1, 2}, "1:3"), ({1, 2, 4, 9, 10}, "1:2,4,9:10")]
)
def test_they_are_kept_in_few_words(ids: set[int], text: str) -> None:
    assert str(Uids(ids)) == text
    assert set(Uids.read(text)) == ids


def test_whatever_is_done_to_them_is_as_with_a_set() -> None:
    dice = random.Random(1)
    for _ in range(300):
        ours, theirs = Uids(), set[int]()
        for _ in range(12):
            some = dice.sample(range(1, 40), dice.randrange(12))
            match dice.randrange(3):
                case 0:
                    ours, theirs = ours.plus(some), theirs | set(some)
                case 1:
                    ours, theirs = ours.minus(some), theirs - set(some)
                case 2 if some:
                    ours, theirs = ours.above(some[0] // 4), {each for each in theirs if each > some[0] // 4}
            assert list(ours) == sorted(theirs)
            assert (len(ours), ours.last) == (len(theirs), max(theirs, default=0))
            assert [each for each in range(42) if each in ours] == sorted(theirs)
            assert str(Uids(theirs)) == str(ours) == str(Uids.read(str(ours)))
