"""Turn a SetResult into tables, figures and pages; nothing here computes an angle."""
