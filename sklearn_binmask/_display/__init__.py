"""Pictures of fitted estimators: plain data in, matplotlib axes out.

Each class keeps what it draws as numpy arrays and draws it in `plot`; `style` holds
what they share: colours, names of columns, and the way to matplotlib, which is imported
when something is drawn and never before.
"""

from .mask import MaskDisplay
from .path import PathDisplay
from .stability import StabilityDisplay
from .training import TrainingDisplay

__all__ = ["MaskDisplay", "PathDisplay", "StabilityDisplay", "TrainingDisplay"]
