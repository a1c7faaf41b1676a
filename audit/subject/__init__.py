"""The subject of an audit: model, data and scores, loaded and computed once for all checks."""

from audit.data.protected_attributes import Attribute
from audit.subject.predictions import Classified, Regressed
from audit.subject.subject import Subject

__all__ = ["Attribute", "Classified", "Regressed", "Subject"]
