"""How `make docs` turns this folder into a site."""

import os
import re
import sys
from pathlib import Path

# Before numpy is imported: the examples are small, and small products are slower on
# several threads.
for _variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "_sphinx"))

from pages import write_pages  # noqa: E402
from sphinx.addnodes import pending_xref  # noqa: E402

from sklearn_binmask import __version__  # noqa: E402

write_pages(HERE)

project = "sklearn-binmask"
author = "sklearn-binmask developers"
copyright = f"2026, {author}, BSD-3-Clause"
version = release = __version__

extensions = [
    "sphinx.ext.autodoc",
    "numpydoc",
    "myst_parser",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = [
    "_build",
    "_sphinx",
    "examples",
    "generated/*.md",
    "generated/backreferences",
]
# Shell commands and output stand in indented blocks: no colours for what is no Python.
highlight_language = "none"
default_role = "code"

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3

autodoc_typehints = "none"  # the docstrings say more
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"plot_",
    "ignore_pattern": r"german_credit|pictures",
    "within_subsection_order": "order.TeachingOrder",
    "subsection_order": [
        "examples/selection",
        "examples/networks",
        "examples/deployment",
    ],
    "abort_on_example_error": True,
    "backreferences_dir": "generated/backreferences",
    "doc_module": ("sklearn_binmask",),
    "reference_url": {"sklearn_binmask": None},
    "download_all_examples": False,
    "reset_modules": ("matplotlib",),
    "remove_config_comments": True,
    "show_memory": False,
    "show_signature": False,
    "write_computation_times": False,
}

html_theme = "pydata_sphinx_theme"
html_title = f"sklearn-binmask {version}"
html_static_path = ["_sphinx/static"]
html_css_files = ["site.css"]
html_logo = html_favicon = "_sphinx/static/logo.svg"
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "logo": {"text": "sklearn-binmask"},
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_sidebars = {"index": [], "start": []}


def keep_underscores(app, what, name, obj, options, lines):
    """Keep ``shape (n_features_in_,)`` from being read as a link to a target."""
    for i, line in enumerate(lines):
        if "of shape (" in line:
            lines[i] = re.sub(r"(\w+)_(?=[,)])", r"\1\\_", line)


def unlink_folders(app, doctree):
    """Leave only the words of a link to a folder, which has no page here."""
    home = (HERE / app.env.docname).parent
    for node in list(doctree.findall(pending_xref)):
        if node["reftype"] == "myst" and (home / node["reftarget"]).is_dir():
            node.replace_self(node.children)


def setup(app):
    """Mend docstrings before numpydoc reads them, and pages after they are read."""
    app.connect("autodoc-process-docstring", keep_underscores, priority=400)
    app.connect("doctree-read", unlink_folders)
