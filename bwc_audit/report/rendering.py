"""Contexts to HTML: one template for each class, everything escaped, no request to anywhere.

The content security policy of a page allows its own style sheet (by hash) and embedded images; scripts never.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import fields
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bwc_audit.domain.runs import Run
from bwc_audit.report.comparison_page import ComparisonPage
from bwc_audit.report.contexts import IncidentPage, IndexPage, PageFrame
from bwc_audit.report.funnel import FunnelPicture
from bwc_audit.report.picture import Picture
from bwc_audit.report.strips import Strip

#: Which template renders which class.
TEMPLATES: dict[type, str] = {
    IndexPage: "index.html.j2",
    IncidentPage: "incident.html.j2",
    ComparisonPage: "comparison.html.j2",
    Picture: "timeline.svg.j2",
    Strip: "strip.svg.j2",
    FunnelPicture: "funnel.svg.j2",
}


@cache
def environment() -> Environment:
    """The templates of this package; an unknown name in one of them is an error."""
    return Environment(
        loader=PackageLoader("bwc_audit.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render(context: IndexPage | IncidentPage | ComparisonPage | Picture | Strip | FunnelPicture) -> Markup:
    """The page or picture of ``context``."""
    template = environment().get_template(TEMPLATES[type(context)])
    return Markup(template.render({field.name: getattr(context, field.name) for field in fields(context)}))  # noqa: S704


def page_frame(title: str, run: Run) -> PageFrame:
    """Title, style and footer of a page of this run."""
    version = f"bwc-audit {run.software_version}".strip()
    return frame(title, f"Run {run.run_id} · {version} · inspector {run.inspector_version or 'not named'}")


def frame(title: str, footer: str) -> PageFrame:
    """Title, style and footer of any page."""
    css = _style_sheet()
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    return PageFrame(
        title=title,
        css=css,
        csp=f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'",
        footer=footer,
    )


@cache
def picture_style() -> Markup:
    """The style sheet of a picture that stands alone: that of the report, with its colours for light, dark and paper."""
    return Markup((files("bwc_audit.report") / "templates" / "funnel.css").read_text("utf-8"))  # noqa: S704


@cache
def _style_sheet() -> Markup:
    sheet = (files("bwc_audit.report") / "templates" / "report.css").read_text("utf-8")
    return Markup(sheet) + picture_style()  # noqa: S704
