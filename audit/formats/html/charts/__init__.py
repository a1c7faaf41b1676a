"""SVG primitives and the charts that several sections share."""
