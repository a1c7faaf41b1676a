"""What changed between two audits, from their reports alone; and whether a change is more than chance."""
