"""The audited model on the audited rows: everything that a check may ask for, computed once."""

from audit.data.protected_attributes import Attribute
from audit.subject.predictions import Classified, Regressed
from audit.subject.subject import Subject, load_subject, load_subjects

__all__ = ["Attribute", "Classified", "Regressed", "Subject", "load_subject", "load_subjects"]
