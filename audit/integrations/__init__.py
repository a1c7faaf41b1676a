"""Audits from within other programs: pytest, MLflow and Keras. Each module is loaded by the program that it serves."""
