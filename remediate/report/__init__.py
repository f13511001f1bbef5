"""A repair's folder → one page that says before and after. Knows no model, runs no statistics."""
