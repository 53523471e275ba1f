from showreel.block import SPLITS, Block, Split  # temporary, removed when the readers import showreel.block

__all__ = ["SPLITS", "Block", "Split"]
