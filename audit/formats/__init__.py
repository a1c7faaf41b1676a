"""Report formats: functions from a `Report` to the text of a file; `registry` lists them."""
