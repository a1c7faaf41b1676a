"""The audited model on the audited rows: everything that a check may ask for, computed once."""

from audit.subject.predictions import Classified, Regressed
from audit.subject.subject import Subject, load_subject, load_subjects

__all__ = ["Classified", "Regressed", "Subject", "load_subject", "load_subjects"]
