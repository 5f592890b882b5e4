"""What a complaint lists is whole words, however many there are."""

from __future__ import annotations

from portcheck.config.words import LISTED, nearest

WORDS = [f"word-{number:03}-of-a-length-that-adds-up" for number in range(LISTED + 5)]


def test_all_known_words_are_listed_whole() -> None:
    assert nearest("zzz", WORDS[:LISTED]) == f"; known: {', '.join(WORDS[:LISTED])}"


def test_of_very_many_the_rest_are_counted() -> None:
    assert nearest("zzz", WORDS) == f"; known: {', '.join(WORDS[:LISTED])} and 5 more"
    assert nearest("zzz", ()) == ""
