"""Networks, and nothing about cells: tensors behind a door of arrays. No file is opened here."""
