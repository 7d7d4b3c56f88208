"""bwc-audit: checks every incident against body-worn camera footage, and says what it could not see."""

from importlib.metadata import version

__version__ = version("bwc-audit")
