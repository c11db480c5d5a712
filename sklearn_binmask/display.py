"""Pictures: the path, the gates, the stability of a selection, the training."""

from ._display import MaskDisplay, PathDisplay, StabilityDisplay, TrainingDisplay

__all__ = ["MaskDisplay", "PathDisplay", "StabilityDisplay", "TrainingDisplay"]
