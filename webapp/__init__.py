"""An Lộ's web application; it is assembled in ``webapp.app``, and nothing is imported here."""
