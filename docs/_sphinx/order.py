"""The order of the examples within a section of the gallery."""

ORDER = (
    "plot_pipeline",
    "plot_grid_search",
    "plot_interaction",
    "plot_pixels",
    "plot_mixed_table",
    "plot_groups",
    "plot_patients",
    "plot_stability",
    "plot_filters",
    "plot_sparse_network",
    "plot_regularization",
    "plot_dask",
    "plot_onnx",
)


class TeachingOrder:
    """Sort key: what is needed first comes first, what is not named comes last."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, filename):
        """Return the place of a file, as a string that sorts."""
        name = filename.removesuffix(".py")
        place = ORDER.index(name) if name in ORDER else len(ORDER)
        return f"{place:03d} {name}"
