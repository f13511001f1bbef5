"""Several trainings on the same pairs, measured on the validation side, and one of them chosen."""
