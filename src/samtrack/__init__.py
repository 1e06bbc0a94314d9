"""samtrack: cell tracking in 2D+t and 3D+t microscopy, as a batch pipeline."""

__version__ = "0.1.0"
