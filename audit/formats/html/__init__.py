"""The HTML report: views of the `Report` alone, which decide nothing."""
