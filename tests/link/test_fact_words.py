"""Every fact that a model may ask for has words, and no words are left of a fact that is gone."""

from samtrack.link.fact_words import FACT_WORDS, words_of
from samtrack.link.facts import FACTS


def test_all_facts_have_words_of_their_own():
    assert set(FACT_WORDS) == {fact for facts in FACTS.values() for fact in facts}
    assert len(set(FACT_WORDS.values())) == len(FACT_WORDS)
    assert words_of("size_gain") == "growth"
    assert words_of("some_new_fact") == "some new fact"
