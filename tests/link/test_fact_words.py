"""Every fact that a model may ask for has words, and no words are left of a fact that is gone."""

from samtrack.link.division import DIVISION_FACTS
from samtrack.link.fact_words import FACT_WORDS, words_of
from samtrack.link.propose import LINK_COLUMNS


def test_all_facts_have_words_of_their_own():
    assert set(FACT_WORDS) == {*LINK_COLUMNS, *DIVISION_FACTS}
    assert len(set(FACT_WORDS.values())) == len(FACT_WORDS)
    assert words_of("size_gain") == "growth"
    assert words_of("some_new_fact") == "some new fact"
