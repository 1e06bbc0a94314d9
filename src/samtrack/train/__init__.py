"""Models fitted to movies whose truth is known: simulated ones, or the user's own annotated ones.

The only room that knows two algorithm rooms at once: what is learned are the numbers of `samtrack.link`, and what
they are learned from comes out of `samtrack.simulate`. Files are opened by the stage `samtrack.stages.train_links`.
"""
