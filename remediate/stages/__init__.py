"""The steps of a repair, each able to go on where it was stopped."""
