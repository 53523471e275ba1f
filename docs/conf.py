"""The pages of this folder and the docstrings and signatures of the package → the site, built by `make docs`."""

import sys
from importlib import metadata
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "Showreel"
author = copyright = "The Showreel authors"
version = release = metadata.version("showreel")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "cli_reference",
    "params_reference",
]
exclude_patterns = ["_build"]
nitpicky = True

myst_heading_anchors = 3
highlight_language = "none"
default_role = "code"

autodoc_mock_imports = ["keras", "tensorflow"]
autodoc_typehints = "none"  # docstrings tell types with shapes and ranges
autodoc_member_order = "bysource"
nitpick_ignore_regex = [("py:.*", r"(?!showreel\.).*")]

html_theme = "furo"
html_title = f"Showreel {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False
