"""What printing help and deciding must not import."""

FRAMEWORKS = {
    "tensorflow",
    "keras",
    "aif360",
    "shap",
    "cleverhans",
    "pandas",
    "pyarrow",
    "sklearn",
    "mlflow",
    "ray",
    "cryptography",
}
