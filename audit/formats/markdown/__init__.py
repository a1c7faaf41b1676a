"""`summary.md`: the report as GitHub's Markdown, for step summaries and comments on pull requests."""
