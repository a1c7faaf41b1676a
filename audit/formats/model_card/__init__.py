"""`model-card.cdx.json`: the report as a CycloneDX bill of materials with a model card."""
