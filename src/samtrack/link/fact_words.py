"""What the facts of links and divisions are, in a few words for people; `features`, `contest`, `division` define them."""

from __future__ import annotations

FACT_WORDS = {
    "distance": "distance from the expected place",
    "surprise": "distance against the scatter of the neighbours",
    "iou": "overlap of the masks (IoU)",
    "overlap": "overlap over the smaller mask",
    "size_gain": "growth",
    "size_loss": "shrinkage",
    "size_oddness": "unusual change of size",
    "intensity_oddness": "unusual change of brightness",
    "texture_oddness": "unusual change of texture",
    "elongation_change": "change of elongation",
    "rank_of_target": "targets that are nearer",
    "rank_of_source": "sources that are nearer",
    "margin_of_target": "nearness against the other targets",
    "margin_of_source": "nearness against the other sources",
    "iou_lead_of_target": "overlap against the other targets",
    "iou_lead_of_source": "overlap against the other sources",
    "border_of_source": "distance of the source to the image border",
    "border_of_target": "distance of the target to the image border",
    "scatter": "how much the neighbours' steps differ",
    "crowding": "room round the source",
    "gap": "frames skipped",
    "evidence": "its own facts together",
    "lead_of_target": "odds against the source's other links",
    "lead_of_source": "odds against the target's other links",
    "division": "part of a likely division",
    "other_division": "target wanted by another division",
    "best_out": "best other link of the source",
    "best_in": "best other link of the target",
    "size_excess": "daughters together larger than the mother",
    "size_deficit": "daughters together smaller than the mother",
    "size_asymmetry": "daughters of unequal size",
    "midpoint": "middle of the daughters away from the mother's place",
    "opposite": "daughters on the same side of the mother's place",
    "reach": "distance between the daughters",
    "farther": "distance of the farther daughter",
    "covered_less": "daughters under the mother's mask",
    "daughters_size": "size of the daughters among all cells",
    "daughters_smaller": "larger daughter against the mother",
    "mother_brightness": "brightness of the mother",
    "daughters_brightness": "brightness of the daughters",
    "brightness_asymmetry": "daughters of unequal brightness",
    "daughters_texture": "texture of the daughters",
    "texture_asymmetry": "daughters of unequal texture",
    "evidence_more": "link to the likelier daughter",
    "evidence_less": "link to the less likely daughter",
    "other_child": "mother's link to a third cell",
    "other_mother_more": "another mother of one daughter",
    "other_mother_less": "another mother of the other daughter",
}
"""Fact → words. A fact without words is told by its name."""


def words_of(fact: str) -> str:
    """A fact in words."""
    return FACT_WORDS.get(fact, fact.replace("_", " "))
