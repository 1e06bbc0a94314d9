"""SAM-Med3D: a network that draws the mask of an object in a volume from clicks. Tensors behind a door of arrays."""
