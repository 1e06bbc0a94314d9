"""SAM 2 and its kin: one engine over the networks of ``transformers``, batched over cells, in windows of shared features."""
