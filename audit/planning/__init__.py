"""``audit plan``: what a run would ask, take and be able to show, before anything is loaded."""
