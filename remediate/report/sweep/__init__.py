"""sweep.json → one page that compares a sweep's trainings. Knows no model, chooses nothing."""
